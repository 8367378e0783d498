"""What every peer's script shares: arguments, threads, timing, the JSON line.

A script calls `run(peer, setup)`. `setup(options)` returns a dictionary with `step`, a function
that does one training step or one inference and returns when it is done, and optionally `outputs`,
a function that gives the classes' probabilities as a NumPy array, `versions` and `notes`. It raises
`Unsupported` where the framework cannot do what is asked.
"""

import argparse
import importlib.metadata
import json
import os
import resource
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
    parser.add_argument("--seconds", type=float, default=5, help="time to measure for")
    parser.add_argument("--minimum-steps", type=int, default=5)
    parser.add_argument("--warmup-steps", type=int, default=3)
    parser.add_argument("--outputs", help="write the probabilities to this .npy, time nothing")
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


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def versions(*packages):
    return {package: importlib.metadata.version(package) for package in packages}


def measure(step, options):
    """Milliseconds of each step."""
    for _ in range(options.warmup_steps):
        step()
    times = []
    end = time.perf_counter() + options.seconds
    while len(times) < options.minimum_steps or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


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
        start = time.perf_counter()
        program = setup(options)
        result["versions"] = program["versions"]
        if options.outputs:
            import numpy as np

            np.save(options.outputs, program["outputs"]().astype(np.float32))
        else:
            before = peak_memory()
            program["step"]()
            result["first_step_seconds"] = time.perf_counter() - start
            times = measure(program["step"], options)
            result |= {
                "milliseconds_per_step": statistics.median(times),
                "minimum_milliseconds": min(times),
                "steps": len(times),
                "memory_before_steps_bytes": before,
                "peak_memory_bytes": peak_memory(),
            }
            result |= program.get("notes", dict)()
    except Unsupported as reason:
        result["unsupported"] = str(reason)
    print(json.dumps(result), file=report, flush=True)
    # Some frameworks crash or hang while they tear down their threads.
    sys.stderr.flush()
    os._exit(0)
