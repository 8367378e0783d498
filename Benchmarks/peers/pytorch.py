"""PyTorch, eager (no variant) or through torch.compile (variant `compiled`).

In bfloat16, training is autocast; inference converts the weights, or is autocast with the variant
`autocast`.
"""

import contextlib
import itertools
import os

import harness


def setup(options):
    is_bfloat16 = options.dtype == "bfloat16"
    is_autocast = is_bfloat16 and (options.mode == "train" or options.variant == "autocast")
    if options.variant == "autocast" and (options.mode == "train" or not is_bfloat16):
        raise harness.Unsupported("autocast is a choice in bfloat16 inference only")
    # In a folder of its own, so that what another run compiled does not shorten this one's time.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(
        options.data, f"inductor-{options.mode}-{options.dtype}")
    import torch
    from torch.nn import functional as F

    from models import MODELS, Classifier
    from torch_models import make_arguments, make_module

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    m = MODELS[options.model]
    inputs = harness.load_arrays(options, "inputs")
    module = make_module(options, harness.load_arrays(options, "weights"))
    arguments = make_arguments(options, inputs)
    labels = torch.from_numpy(inputs["labels"]).long()
    if is_bfloat16 and not is_autocast:
        module = module.bfloat16()
    call = torch.compile(module) if options.variant == "compiled" else module

    def cast():
        if is_autocast:
            return torch.autocast("cpu", torch.bfloat16)
        return contextlib.nullcontext()

    def outputs():
        with torch.inference_mode(), cast():
            return F.softmax(call(*arguments).float(), dim=-1).numpy()

    if isinstance(m, Classifier):
        optimizer = torch.optim.Adam(module.parameters(), lr=m.learning_rate, eps=1e-7)
    else:
        optimizer = torch.optim.AdamW(
            module.parameters(), lr=m.learning_rate, weight_decay=m.weight_decay)

    def forward():
        with cast():
            return F.cross_entropy(call(*arguments).float(), labels)

    def train():
        optimizer.zero_grad(set_to_none=True)
        loss = forward()
        loss.backward()
        optimizer.step()
        return loss.item()

    def infer():
        with torch.inference_mode(), cast():
            return F.softmax(call(*arguments), dim=-1)

    def activations():
        return measure_activations(torch, module, forward)

    return {
        "step": train if options.mode == "train" else infer,
        "outputs": outputs,
        "activations": activations,
        "versions": harness.versions("torch", "transformers"),
    }


def measure_activations(torch, module, forward):
    """The bytes a forward and a backward pass allocate beyond the parameters.

    `peak_activation_bytes` is the most that is allocated at once: activations, their gradients and
    those of the parameters, by PyTorch's own count of its allocations. `saved_activation_bytes` is
    what of the forward pass is kept for the backward pass.
    """
    parameters = {p.untyped_storage().data_ptr() for p in module.parameters()}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.profiler.profile(
            activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = forward()
        loss.backward()
    allocations = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    allocations.sort(key=lambda event: event.start_ns())
    live = itertools.accumulate(event.nbytes() for event in allocations)
    return {"peak_activation_bytes": max(live), "saved_activation_bytes": sum(kept.values())}


harness.run("pytorch", setup)
