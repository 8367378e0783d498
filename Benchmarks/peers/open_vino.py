"""OpenVINO on the PyTorch model; inference, float32 or bfloat16."""

import time

import harness


def setup(options):
    if options.mode == "train":
        raise harness.Unsupported("OpenVINO does not train")
    import openvino
    import torch

    from torch_models import make_arguments, make_module

    module = make_module(options, harness.load_arrays(options, "weights"))
    arguments = make_arguments(options, harness.load_arrays(options, "inputs"))
    start = time.perf_counter()
    with torch.inference_mode():
        model = openvino.convert_model(
            module, example_input=arguments,
            input=[openvino.PartialShape(list(a.shape)) for a in arguments])
    precision = {"float32": "f32", "bfloat16": "bf16"}[options.dtype]
    compiled = openvino.compile_model(
        model, "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": options.threads,
            "PERFORMANCE_HINT": "LATENCY",
        })
    conversion_seconds = time.perf_counter() - start
    request = compiled.create_infer_request()
    feeds = [a.numpy() for a in arguments]

    def step():
        return request.infer(feeds)[0]

    def outputs():
        return torch.softmax(torch.from_numpy(step()).float(), dim=-1).numpy()

    return {
        "step": step,
        "outputs": outputs,
        "conversion_seconds": conversion_seconds,
        "versions": harness.versions("openvino", "torch"),
    }


harness.run("openvino", setup)
