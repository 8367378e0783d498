"""PyTorch's Adam and AdamW, clipped and scheduled as Hugging Face's Trainer does it."""

import re

import torch
import transformers

from common import generator, normal, np, number, tensor, write

cases = []
SHAPES = {"encoder/0/query/kernel": (2, 3), "encoder/0/query/bias": (3,),
          "encoder/1/layer_norm/gamma": (3,), "classifier/kernel": (3, 2)}
random = generator("pytorch optimizers")
INITIAL = {path: normal(random, shape) for path, shape in SHAPES.items()}
# Some steps have gradients that clipping changes, some that it does not.
SIZES = [1, 0.05, 3, 0.5, 0.01, 10, 1, 0.2, 1, 2]
GRADIENTS = [{path: np.round(size * normal(random, shape), 4) for path, shape in SHAPES.items()}
             for size in SIZES]


def multiplier(path, multipliers):
    matches = [prefix for prefix in multipliers if path.startswith(prefix + "/")]
    return multipliers[max(matches, key=len)] if matches else 1.0


def case(name, optimizer, config, exclude=None, multipliers=None, max_grad_norm=None,
         schedule=None, accumulation=1):
    """`schedule`: warm-up and training steps of the linear schedule; updates are counted."""
    parameters = {path: torch.nn.Parameter(torch.tensor(v)) for path, v in INITIAL.items()}
    groups = []
    for path, parameter in parameters.items():
        group = {"params": [parameter]}
        if exclude and re.search(exclude, path):
            group["weight_decay"] = 0.0
        if multipliers:
            group["lr"] = config["lr"] * multiplier(path, multipliers)
        groups.append(group)
    function = getattr(torch.optim, optimizer)(groups, **config)
    scheduler = schedule and transformers.get_linear_schedule_with_warmup(function, *schedule)
    steps = []
    for index, gradients in enumerate(GRADIENTS):
        rate = scheduler.get_last_lr()[0] if scheduler else config["lr"]
        for path, gradient in gradients.items():
            share = torch.tensor(gradient) / accumulation
            kept = parameters[path].grad
            parameters[path].grad = share if kept is None else kept + share
        if (index + 1) % accumulation == 0:
            if max_grad_norm:
                torch.nn.utils.clip_grad_norm_(parameters.values(), max_grad_norm)
            function.step()
            if scheduler:
                scheduler.step()
            function.zero_grad()
        state = [function.state.get(p, {}).get(key, torch.zeros_like(p))
                 for p in parameters.values() for key in ("exp_avg", "exp_avg_sq")]
        steps.append({
            "learning_rate": number(np.float64(rate)),
            "parameters": [tensor(p.detach().numpy()) for p in parameters.values()],
            "slots": [tensor(s.numpy()) for s in state]})
    shown = dict(config, multipliers=multipliers, max_grad_norm=max_grad_norm,
                 accumulation=accumulation)
    if schedule:
        shown["schedule"] = dict(num_warmup_steps=schedule[0], num_training_steps=schedule[1])
    cases.append({
        "name": f"{optimizer}/{name}",
        "optimizer": optimizer,
        "config": {key: value for key, value in shown.items() if value is not None},
        "excluded_names": [exclude] if exclude else None,
        "variables": [{"name": path, "tensor": tensor(value)} for path, value in INITIAL.items()],
        "gradients": [[tensor(g) for g in step.values()] for step in GRADIENTS],
        "slot_names": [f"{path}/{key}" for path in SHAPES for key in ("exp_avg", "exp_avg_sq")],
        "steps": steps,
    })


case("fast", "Adam", dict(lr=0.1))
case("large epsilon", "Adam", dict(lr=0.1, eps=0.1))
case("default", "AdamW", dict(lr=1e-3))
case("weight_decay, large epsilon", "AdamW", dict(lr=0.1, weight_decay=0.3, eps=0.1))
case("bias and layer_norm excluded", "AdamW", dict(lr=0.1, weight_decay=0.5),
     exclude="bias|layer_norm")
case("clipped", "AdamW", dict(lr=0.1, weight_decay=0.01), max_grad_norm=1.0)
case("linear schedule, clipped", "AdamW", dict(lr=0.1, weight_decay=0.01),
     exclude="bias|layer_norm", max_grad_norm=1.0, schedule=(3, 10))
case("rates by layer", "AdamW", dict(lr=0.1, weight_decay=0.5),
     multipliers={"encoder": 0.25, "encoder/1": 0.5})
case("accumulation, linear schedule", "AdamW", dict(lr=0.1, weight_decay=0.01),
     max_grad_norm=1.0, schedule=(1, 5), accumulation=2)
write("pytorch_optimizers", cases, torch=torch.__version__,
      transformers=transformers.__version__)
