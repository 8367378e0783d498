"""Times Martlet and the other frameworks side by side and writes one table of ratios.

    python3 Benchmarks/run.py --venv Benchmarks/.venv --martlet .build/release/martlet

For each workload the contenders first give the probabilities of the same weights and inputs, which
must agree; then each is timed in a process of its own, one after the other, in several rounds, so
that what else the machine does meets all alike. A figure is the median of the rounds, a round's
figure the median of its steps. Needs nothing but the standard library itself.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import report

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")

# name → script and variant
CONTENDERS = {
    "pytorch": ("pytorch.py", ""),
    "pytorch-compiled": ("pytorch.py", "compiled"),
    "pytorch-autocast": ("pytorch.py", "autocast"),
    "keras-tf": ("keras_peer.py", "tf"),
    "keras-tf-xla": ("keras_peer.py", "tf-xla"),
    "keras-jax": ("keras_peer.py", "jax"),
    "onnxruntime": ("onnx_runtime.py", ""),
    "openvino": ("open_vino.py", ""),
}

# model, mode, batch size, sequence length
WORKLOADS = [
    ("ag-news-transformer", "train", 128, 256),
    ("ag-news-transformer", "infer", 128, 256),
    ("bert-small", "train", 128, 128),
    ("bert-minilm", "infer", 1, 128),
    ("bert-minilm", "infer", 32, 128),
    ("bert-minilm", "train", 32, 128),
    ("bert-base", "infer", 1, 128),
    ("bert-base", "infer", 8, 128),
    ("bert-base", "train", 32, 128),
]

# Largest difference of a probability from PyTorch's in float32.
TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--venv", default=os.path.join(HERE, ".venv"))
    parser.add_argument("--martlet", help="the martlet program; without it only peers are timed")
    parser.add_argument("--backend", default="jit", help="Martlet's backend")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT",
                        help="workloads whose name, as bert-base/train/32x128, contains TEXT")
    parser.add_argument("--peer", action="append", choices=CONTENDERS, default=[])
    parser.add_argument("--dtype", action="append", choices=TOLERANCE, default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="per contender and round")
    parser.add_argument("--batch-size", type=int, help="instead of each workload's own")
    parser.add_argument("--skip-outputs", action="store_true",
                        help="do not check that the outputs agree")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for one process")
    parser.add_argument("--output", default=os.path.join(HERE, "..", "output", "benchmarks"))
    return parser.parse_args()


def last_json_line(text):
    for line in reversed(text.strip().splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise ValueError("no JSON line")


def run_process(command, timeout):
    """The JSON that the command prints, or {"failed": why}."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        return last_json_line(done.stdout)
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {timeout:.0f} s"}
    except OSError as error:
        return {"failed": str(error)}
    except ValueError:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"failed": f"exit code {done.returncode}: {lines[-1] if lines else 'no output'}"}


class Workload:
    def __init__(self, model, mode, batch_size, sequence_length, dtype, options):
        self.model, self.mode, self.dtype = model, mode, dtype
        self.batch_size = options.batch_size or batch_size
        self.sequence_length = sequence_length
        self.options = options
        self.name = f"{model}/{mode}/{self.batch_size}x{sequence_length}"

    def arguments(self, mode=None):
        return [
            self.model, "--mode", mode or self.mode, "--batch-size", str(self.batch_size),
            "--sequence-length", str(self.sequence_length), "--threads",
            str(self.options.threads), "--dtype", self.dtype,
        ]

    def peer_command(self, peer, data, *more):
        script, variant = CONTENDERS[peer]
        python = os.path.join(self.options.venv, "bin", "python")
        command = [python, "-W", "ignore", os.path.join(PEERS, script), *self.arguments()]
        command += ["--data", data, "--seconds", str(self.options.seconds)]
        return command + (["--variant", variant] if variant else []) + list(more)

    def martlet_command(self, *more, mode=None):
        command = [self.options.martlet, "bench", *self.arguments(mode)]
        return command + ["--backend", self.options.backend, "--json", *more]


def write_data(workload, data):
    python = os.path.join(workload.options.venv, "bin", "python")
    subprocess.run(
        [python, os.path.join(PEERS, "data.py"), workload.model, str(workload.batch_size),
         str(workload.sequence_length), data], check=True)


def martlet_takes_weights(options):
    """Whether `martlet bench` can be given the peers' weights and inputs."""
    help_text = subprocess.run(
        [options.martlet, "bench", "--help"], capture_output=True, text=True).stdout
    return all(flag in help_text for flag in ("--weights", "--inputs", "--outputs"))


def check_outputs(workload, peers, data):
    """Contender → what its probabilities say: {"difference": …}, {"unsupported": …}, …"""
    options = workload.options
    reference = os.path.join(data, "reference.npy")
    files, results = {}, {}
    # Whatever the workload's type, float32 is what all are compared with.
    plain = Workload(workload.model, workload.mode, workload.batch_size,
                     workload.sequence_length, "float32", options)
    made = run_process(
        plain.peer_command("pytorch", data, "--outputs", reference), options.timeout)
    if "failed" in made:
        return {peer: {"failed": f"no reference: {made['failed']}"} for peer in peers}
    for peer in peers:
        path = os.path.join(data, f"{peer}.npy")
        results[peer] = run_process(
            workload.peer_command(peer, data, "--outputs", path), options.timeout)
        if os.path.exists(path):
            files[peer] = path
    if options.martlet and martlet_takes_weights(options):
        path = os.path.join(data, "martlet.npy")
        results["martlet"] = run_process(
            workload.martlet_command(
                "--weights", os.path.join(data, "weights.safetensors"), "--inputs",
                os.path.join(data, "inputs.safetensors"), "--outputs", path,
                mode="infer"),  # a training step keeps no outputs
            options.timeout)
        if os.path.exists(path):
            files["martlet"] = path
    python = os.path.join(options.venv, "bin", "python")
    for name, path in files.items():
        compared = run_process(
            [python, os.path.join(PEERS, "compare.py"), reference, path], options.timeout)
        if compared.get("difference", 1) > TOLERANCE[workload.dtype]:
            compared["disagrees"] = True
        results[name] = compared
    return results


def run_workload(workload, peers):
    """The rounds of all contenders."""
    options = workload.options
    print(f"{workload.name} {workload.dtype}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as data:
        write_data(workload, data)
        outputs = {} if options.skip_outputs else check_outputs(workload, peers, data)
        excluded = {
            name for name, result in outputs.items()
            if any(key in result for key in ("unsupported", "failed", "disagrees"))
        }
        commands = {p: workload.peer_command(p, data) for p in peers if p not in excluded}
        if options.martlet and "martlet" not in excluded:
            commands["martlet"] = workload.martlet_command()
        rounds = {name: [] for name in commands}
        for number in range(options.rounds):
            for name, command in commands.items():
                if rounds[name] and "milliseconds_per_step" not in rounds[name][-1]:
                    continue
                result = run_process(command, options.timeout)
                rounds[name].append(result)
                shown = result.get("milliseconds_per_step") or json.dumps(result)
                print(f"  {number + 1} {name}: {shown}", file=sys.stderr, flush=True)
    contenders = {name: {"outputs": outputs.get(name), "rounds": results}
                  for name, results in rounds.items()}
    for name in excluded:
        contenders[name] = {"outputs": outputs[name], "rounds": []}
    for contender in contenders.values():
        times = [r["milliseconds_per_step"] for r in contender["rounds"]
                 if "milliseconds_per_step" in r]
        contender["milliseconds_per_step"] = statistics.median(times) if times else None
    return {"name": workload.name, "dtype": workload.dtype, "contenders": contenders}


def describe_machine():
    machine = {"system": platform.platform(), "cpus": len(os.sched_getaffinity(0))}
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                machine["cpu"] = line.split(":", 1)[1].strip()
                break
    return machine


def main():
    options = parse_options()
    dtypes = options.dtype or list(TOLERANCE)
    workloads = [
        Workload(*shape, dtype, options) for shape in WORKLOADS for dtype in dtypes
    ]
    if options.only:
        workloads = [w for w in workloads if any(text in w.name for text in options.only)]
    if not workloads:
        sys.exit(f"no workload's name contains {' or '.join(options.only)}")
    results = {"machine": describe_machine(), "threads": options.threads, "workloads": []}
    os.makedirs(options.output, exist_ok=True)
    for workload in workloads:
        results["workloads"].append(run_workload(workload, options.peer or list(CONTENDERS)))
        # After each workload, so that a run broken off leaves what it has.
        with open(os.path.join(options.output, "results.json"), "w") as file:
            json.dump(results, file, indent=1)
        with open(os.path.join(options.output, "results.md"), "w") as file:
            file.write(report.markdown(results))
    print(report.markdown(results))


if __name__ == "__main__":
    main()
