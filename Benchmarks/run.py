"""Times Martlet and the other frameworks side by side and writes one table of ratios.

    python3 Benchmarks/run.py --venv Benchmarks/.venv --martlet .build/release/martlet

For each workload the contenders' probabilities of the same weights and inputs must agree; each is
timed in a process of its own, one after the other, in several rounds, so that what else the machine
does meets all alike. A figure is the median of the rounds, a round's figure the median of its
steps. Needs nothing but the standard library itself.
"""

import argparse
import dataclasses
import itertools
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import report
import tokenizing
from processes import run_process
from workloads import CONTENDERS, TOLERANCE, WORKLOADS

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")


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
    parser.add_argument("--rounds", type=int, help="instead of each workload's own")
    parser.add_argument("--keep", type=int, default=2, metavar="N",
                        help="peers that have more than one round: the fastest N of the first")
    parser.add_argument("--seconds", type=float, default=2, help="per contender and round")
    parser.add_argument("--batch-size", type=int, help="instead of each workload's own")
    parser.add_argument("--skip-outputs", action="store_true",
                        help="do not check that the outputs agree")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one process")
    parser.add_argument("--output", default=os.path.join(HERE, "..", "output", "benchmarks"))
    return parser.parse_args()


class Bench:
    """The contenders on the inputs of one shape: a model, a batch size and a length."""

    def __init__(self, shape, data, options, checks):
        self.model, self.batch_size, self.sequence_length = shape
        self.data, self.options = data, options
        self.python = os.path.join(options.venv, "bin", "python")
        self.checks = checks  # what was said of outputs, also in other shapes
        made = self.run([
            self.python, self.script("data.py"), *(str(size) for size in shape), data])
        if "failed" in made:
            sys.exit(f"the inputs of {self.model} could not be made: {made['failed']}")
        self.forward_operations = made["forward_operations"]
        if not options.skip_outputs:
            # Whatever the workload's type, float32 is what all are compared with.
            reference = self.command("pytorch", "infer", "float32", 0, self.file("reference"))
            self.reference = self.run(reference)

    def script(self, name):
        return os.path.join(PEERS, name)

    def file(self, name):
        """Where a contender's probabilities are."""
        return os.path.join(self.data, f"{name}.npy")

    def run(self, command):
        return run_process(command, self.options.timeout)

    def command(self, name, mode, dtype, seconds, outputs=None, *more):
        common = [
            self.model, "--mode", mode, "--batch-size", str(self.batch_size), "--sequence-length",
            str(self.sequence_length), "--threads", str(self.options.threads), "--dtype", dtype,
            "--seconds", str(seconds),
        ]
        if outputs:
            common += ["--outputs", outputs]
        if name == "martlet":
            for kind in ("weights", "inputs"):
                common += [f"--{kind}", os.path.join(self.data, f"{kind}.safetensors")]
            return [self.options.martlet, "bench", *common, "--backend", self.options.backend,
                    "--json"]
        script, variant = CONTENDERS[name]
        if variant:
            common += ["--variant", variant]
        return [self.python, "-W", "ignore", self.script(script), *common, "--data", self.data,
                *more]

    def compare(self, name, dtype, result):
        """The difference of the outputs that a run has written from the reference."""
        if "failed" in self.reference:
            result = {"failed": f"no reference: {self.reference['failed']}"}
        elif "failed" not in result and "unsupported" not in result:
            result = self.run([
                self.python, self.script("compare.py"), self.file("reference"), self.file(name)])
            if result.get("difference", 0) > TOLERANCE[dtype]:
                result["failed"] = f"its outputs differ by {result['difference']:.1e}"
        self.checks[self.checked(name, dtype)] = result
        return result

    def checked(self, name, dtype):
        """A peer runs the same code in every shape; Martlet's depends on it."""
        shape = (self.batch_size, self.sequence_length) if name == "martlet" else ()
        return name, dtype, self.model, *shape

    def check(self, name, dtype):
        """Lets a contender give its outputs, unless it has."""
        if self.checked(name, dtype) in self.checks:
            return self.checks[self.checked(name, dtype)]
        command = self.command(name, "infer", dtype, 0, self.file(name))
        return self.compare(name, dtype, self.run(command))

    def time(self, name, mode, dtype, is_first, slow):
        """One round of one contender. The first one checks its outputs, too."""
        options = self.options
        checked = is_first and not options.skip_outputs
        # A peer's inference writes the outputs of the very program that it times.
        writes = checked and mode == "infer" and name != "martlet"
        if checked and not writes:
            check = self.check(name, dtype)
            if "unsupported" in check or "failed" in check:
                return check
        more = ["--slow", str(slow)] if slow else []
        result = self.run(self.command(
            name, mode, dtype, options.seconds, self.file(name) if writes else None, *more))
        if writes:
            check = self.compare(name, dtype, result)
            if "failed" in check:
                return check
        return result

    def activations(self, dtype):
        """The memory that PyTorch's training step takes beside parameters."""
        return self.run(self.command("pytorch", "train", dtype, 0, None, "--activations"))


def fastest_peers(times):
    """The peers that have a time, the fastest of the first round first."""
    peers = [name for name, found in times.items() if name != "martlet" and found]
    return sorted(peers, key=lambda name: times[name][0])


def slow_limit(times):
    """Milliseconds; a peer that takes longer has nothing to do with any ratio that counts."""
    peers = fastest_peers(times)
    return 1.5 * times[peers[0]][0] if peers else None


def run_workload(workload, dtype, bench):
    """The rounds of all contenders."""
    options = bench.options
    print(f"{workload.name} {dtype}", file=sys.stderr, flush=True)
    names = (options.peer or list(CONTENDERS)) + (["martlet"] if options.martlet else [])
    # Only the ratios that there are targets for are worth more than one round.
    count = (options.rounds or workload.rounds) if dtype in workload.faster else 1
    rounds = {name: [] for name in names}
    times = {name: [] for name in names}
    timed = names
    for number in range(1, count + 1):
        for name in timed:
            slow = slow_limit(times) if name != "martlet" else None
            result = bench.time(name, workload.mode, dtype, number == 1, slow)
            rounds[name].append(result)
            if "milliseconds_per_step" in result:
                times[name].append(result["milliseconds_per_step"])
            print(f"  {number} {name}: {progress(result)}", file=sys.stderr, flush=True)
        if number == 1:
            kept = fastest_peers(times)[:options.keep] + ["martlet"]
            timed = [name for name in names if name in kept and times[name]]
    contenders = {
        name: {
            "check": bench.checks.get(bench.checked(name, dtype)),
            "rounds": rounds[name],
            "milliseconds_per_step": statistics.median(times[name]) if times[name] else None,
        } for name in names
    }
    result = {"name": workload.name, "dtype": dtype, "contenders": contenders}
    result["operations"] = bench.forward_operations * (3 if workload.mode == "train" else 1)
    if workload.mode == "train" and dtype == "float32" and "pytorch" in names:
        result["activations"] = bench.activations(dtype)
    return result


def progress(result):
    why = result.get("failed") or result.get("unsupported")
    spent = result.get("process_seconds", 0)
    return f"{why or format(result['milliseconds_per_step'], '.2f') + ' ms'} ({spent:.0f} s)"


def describe_machine():
    machine = {"system": platform.platform(), "cpus": len(os.sched_getaffinity(0))}
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                machine["cpu"] = line.split(":", 1)[1].strip()
                break
    return machine


def write(results, folder):
    with open(os.path.join(folder, "results.json"), "w") as file:
        json.dump(results, file, indent=1)
    with open(os.path.join(folder, "results.md"), "w") as file:
        file.write(report.markdown(results))


def wants_tokenizing(options):
    return not options.only or any(text in "tokenizing" for text in options.only)


def tokenizing_results(options):
    print("tokenizing", file=sys.stderr, flush=True)
    try:
        return tokenizing.measure(
            options.martlet, options.venv, threads=options.threads, rounds=options.rounds or 3)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        return {"failed": str(error)}


def main():
    options = parse_options()
    # Ending the run ends the process under way, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    workloads = [
        w for w in WORKLOADS if not options.only or any(text in w.name for text in options.only)]
    if not workloads and not wants_tokenizing(options):
        sys.exit(f"no workload's name contains {' or '.join(options.only)}")
    if options.batch_size:
        workloads = [dataclasses.replace(w, batch_size=options.batch_size) for w in workloads]
    results = {"machine": describe_machine(), "threads": options.threads, "workloads": []}
    os.makedirs(options.output, exist_ok=True)
    start, checks = time.perf_counter(), {}
    for shape, group in itertools.groupby(workloads, lambda workload: workload.shape):
        with tempfile.TemporaryDirectory() as data:
            bench = Bench(shape, data, options, checks)
            for workload, dtype in itertools.product(group, options.dtype or TOLERANCE):
                results["workloads"].append(run_workload(workload, dtype, bench))
                results["minutes"] = (time.perf_counter() - start) / 60
                # After each workload, so that a run broken off leaves what it has.
                write(results, options.output)
    if options.martlet and wants_tokenizing(options):
        results["tokenizing"] = tokenizing_results(options)
        write(results, options.output)
    print(report.markdown(results))


if __name__ == "__main__":
    main()
