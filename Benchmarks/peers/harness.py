"""What every peer's script shares: arguments, threads, timing, the JSON line.

A script calls `run(peer, setup)`. `setup(options)` returns a dictionary with `step`, a function
that does one training step or one inference and returns when it is done; `versions`; `outputs`, a
function that gives the classes' probabilities as a NumPy array; and where it applies
`conversion_seconds`, what conversion and compilation took before the first step, and `activations`,
a function that measures the memory of a training step. It raises `Unsupported` where the framework
cannot do what is asked.
"""

import argparse
import importlib.metadata
import json
import os
import statistics
import sys
import time


class Unsupported(Exception):
    pass


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--mode", choices=("train", "infer"), required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--sequence-length", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variant", default="")
    parser.add_argument("--data", required=True, help="folder with weights and inputs")
    parser.add_argument("--seconds", type=float, default=2, help="time to measure for; 0: nothing")
    parser.add_argument("--slow", type=float, default=float("inf"), metavar="MS",
                        help="a step slower than this is enough to know")
    parser.add_argument("--outputs", help="write the probabilities to this .npy (--mode infer)")
    parser.add_argument("--activations", action="store_true",
                        help="measure the memory of a training step, time nothing")
    return parser.parse_args()


def limit_threads(count):
    """Before any framework is imported: their pools follow the CPUs and these variables."""
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, available[:count])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):
        os.environ[name] = str(count)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(count))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def load_arrays(options, name):
    """The arrays of DATA/NAME.safetensors."""
    from safetensors.numpy import load_file

    return load_file(os.path.join(options.data, f"{name}.safetensors"))


def versions(*packages):
    return {package: importlib.metadata.version(package) for package in packages}


def measure(step, options):
    """Milliseconds of each step: five or more, fewer where they take long."""
    def timed():
        start = time.perf_counter()
        step()
        return (time.perf_counter() - start) * 1e3

    warm_up = []
    while len(warm_up) < 3 and sum(warm_up) < options.seconds * 1e3:
        warm_up.append(timed())
        if warm_up[-1] > options.slow:
            return warm_up[-1:]
    times = []
    while True:
        times.append(timed())
        seconds = sum(times) / 1e3
        if seconds >= options.seconds * (1 if len(times) >= 5 else 5):
            return times


def time_steps(program, options):
    start = time.perf_counter()
    program["step"]()
    first = time.perf_counter() - start
    if options.outputs:
        import numpy as np

        np.save(options.outputs, program["outputs"]().astype(np.float32))
    if options.seconds == 0:
        return {}
    times = measure(program["step"], options)
    median = statistics.median(times)
    compilation = program.get("conversion_seconds", 0) + max(0, first - median / 1e3)
    return {
        "milliseconds_per_step": median,
        "minimum_milliseconds": min(times),
        "steps": len(times),
        "compile_milliseconds": compilation * 1e3,
    }


def run(peer, setup):
    options = parse_options()
    limit_threads(options.threads)
    # Frameworks write to standard output as they please; the JSON line must be alone on it.
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    result = {
        "peer": f"{peer}-{options.variant}" if options.variant else peer,
        "model": options.model,
        "mode": options.mode,
        "batch_size": options.batch_size,
        "sequence_length": options.sequence_length,
        "dtype": options.dtype,
        "threads": options.threads,
    }
    try:
        program = setup(options)
        result["versions"] = program["versions"]
        result |= program["activations"]() if options.activations else time_steps(program, options)
    except Unsupported as reason:
        result["unsupported"] = str(reason)
    print(json.dumps(result), file=report, flush=True)
    # Some frameworks crash or hang while they tear down their threads.
    sys.stderr.flush()
    os._exit(0)
