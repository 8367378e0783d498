"""PyTorch, eager (no variant) or through torch.compile (variant `compiled`).

In bfloat16, training is autocast; inference converts the weights, or is autocast with the variant
`autocast`.
"""

import contextlib

import harness


def setup(options):
    is_bfloat16 = options.dtype == "bfloat16"
    is_autocast = is_bfloat16 and (options.mode == "train" or options.variant == "autocast")
    if options.variant == "autocast" and (options.mode == "train" or not is_bfloat16):
        raise harness.Unsupported("autocast is a choice in bfloat16 inference only")
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

    def notes():
        """Bytes of the tensors that one forward pass keeps for the backward pass."""
        if options.mode == "infer":
            return {}
        parameters = {p.untyped_storage().data_ptr() for p in module.parameters()}
        kept = {}

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in parameters:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = forward()
        del loss
        return {"saved_activation_bytes": sum(kept.values())}

    return {
        "step": train if options.mode == "train" else infer,
        "outputs": outputs,
        "notes": notes,
        "versions": harness.versions("torch", "transformers"),
    }


harness.run("pytorch", setup)
