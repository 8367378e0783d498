"""ONNX Runtime on the PyTorch model's export; inference in float32."""

import os
import tempfile
import time

import harness


def setup(options):
    if options.mode == "train":
        raise harness.Unsupported("ONNX Runtime is compared in inference only")
    if options.dtype == "bfloat16":
        raise harness.Unsupported("ONNX Runtime has no bfloat16 kernels for the CPU")
    import onnxruntime
    import torch

    from torch_models import make_arguments, make_module

    module = make_module(options, harness.load_arrays(options, "weights"))
    inputs = harness.load_arrays(options, "inputs")
    arguments = make_arguments(options, inputs)
    names = ["input_ids", "attention_mask", "token_type_ids"][: len(arguments)]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path = os.path.join(folder, "model.onnx")
        torch.onnx.export(
            with_softmax(module), arguments, path, input_names=names,
            output_names=["probabilities"], dynamo=True, verbose=False)
        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = options.threads
        session_options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            path, session_options, providers=["CPUExecutionProvider"])
    conversion_seconds = time.perf_counter() - start
    feeds = {name: value.numpy() for name, value in zip(names, arguments)}

    def step():
        return session.run(None, feeds)[0]

    return {
        "step": step,
        "outputs": step,
        "conversion_seconds": conversion_seconds,
        "versions": harness.versions("onnxruntime", "torch"),
    }


def with_softmax(module):
    """The module followed by a softmax, as one module."""
    import torch

    class Probabilities(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, *arguments):
            return torch.softmax(self.module(*arguments), dim=-1)

    return Probabilities().eval()


harness.run("onnxruntime", setup)
