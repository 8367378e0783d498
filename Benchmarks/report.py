"""The benchmark's tables in Markdown: targets, times, memory of training, tokenizing, who is missing."""

import tokenizing
from workloads import WORKLOADS

MARTLET = "martlet"


def markdown(results):
    timed = [w for w in results["workloads"] if fastest_first(w)]
    machine = results["machine"]
    lines = ["# Martlet and its peers", "", f"{machine.get('cpu', 'unknown CPU')}, "
             f"{results['threads']} threads. The run took {results.get('minutes', 0):.0f} minutes.", ""]
    lines += section("Targets", targets(timed)) + section("Times", times(timed))
    lines += section("Memory of a training step", memory(timed))
    lines += section("Tokenizing", tokenizing_lines(results.get("tokenizing")))
    lines += section("Not in the table", missing(results["workloads"]))
    return "\n".join(lines + ["Versions: " + versions(results) + ".", ""])


def section(title, lines):
    return [f"## {title}", "", *lines, ""] if lines else []


def table(*header, right=0):
    """The first two lines of a table whose last `right` columns are numbers."""
    rule = ["---"] * (len(header) - right) + ["--:"] * right
    return [line(*header), "|" + "|".join(rule) + "|"]


def line(*cells):
    return "| " + " | ".join(cells) + " |"


def fastest_first(workload):
    """The contenders that have a time, with their names."""
    timed = [c for c in workload["contenders"].items() if c[1]["milliseconds_per_step"]]
    return sorted(timed, key=lambda item: item[1]["milliseconds_per_step"])


def martlet_rounds(workload):
    return workload["contenders"].get(MARTLET, {}).get("rounds", [])


# Tokenizing


def tokenizing_lines(result):
    if not result:
        return []
    return [f"Failed: {result['failed']}"] if "failed" in result else [tokenizing.table(result)]


# Targets


def targets(workloads):
    definitions = {workload.name: workload for workload in WORKLOADS}
    rows = []
    for workload in workloads:
        if not workload["contenders"].get(MARTLET, {}).get("milliseconds_per_step"):
            continue
        wanted, dtype = definitions.get(workload["name"]), workload["dtype"]
        if not wanted:
            continue
        what = f"{workload['name']} {dtype}"
        if dtype in wanted.faster:
            rows.append(speed_target(what, workload, wanted.faster[dtype]))
        if dtype == "float32" and wanted.compile_seconds:
            rows.append(compile_target(what, workload, wanted.compile_seconds))
        if dtype == "float32" and wanted.arena_ratio:
            rows.append(arena_target(what, workload, wanted.arena_ratio))
    rows = [row for row in rows if row]
    if not rows:
        return []
    return table("Target", "Wanted", "Fastest peer", "Its figure", "Martlet's", "Ratio", "") + rows


def speed_target(what, workload, wanted):
    peers = [item for item in fastest_first(workload) if item[0] != MARTLET]
    if not peers:
        return None
    name, peer = peers[0]
    theirs = peer["milliseconds_per_step"]
    ours = workload["contenders"][MARTLET]["milliseconds_per_step"]
    ratio = theirs / ours
    met = ratio > 1 if wanted == 1 else ratio >= wanted
    said = "faster" if wanted == 1 else f"≥ {wanted:g}× faster"
    return line(
        what, said, name, f"{theirs:.2f} ms", f"{ours:.2f} ms", f"{ratio:.2f}", verdict(met))


def compile_target(what, workload, wanted):
    compiling = {
        name: compile_seconds(contender) for name, contender in fastest_first(workload)
        if name in ("pytorch-compiled", "keras-tf-xla", "keras-jax")
    }
    peer = min(compiling, key=compiling.get, default="")
    theirs, ours = compiling.get(peer), compile_seconds(workload["contenders"][MARTLET])
    return line(
        f"{what}, compile time", f"< {wanted:g} s", peer, f"{theirs:.2f} s" if peer else "",
        f"{ours:.2f} s", f"{theirs / ours:.2f}" if peer else "", verdict(ours < wanted))


def arena_target(what, workload, wanted):
    theirs = workload.get("activations", {}).get("peak_activation_bytes")
    if not theirs:
        return None
    ours = martlet_rounds(workload)[-1]["arena_bytes"]
    return line(
        f"{what}, activation memory", f"≤ 1/{wanted:g}", "pytorch", megabytes(theirs),
        megabytes(ours), f"{theirs / ours:.2f}", verdict(theirs / ours >= wanted))


def verdict(met):
    return "met" if met else "**missed**"


def megabytes(count):
    return f"{count / 1e6:.0f} MB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


# Times


def times(workloads):
    peak = peak_rate(workloads)
    lines = [
        "Milliseconds per step: median of the rounds; only the peers that were fastest in the first"
        " have more. Ratio: time divided by Martlet's, or by the fastest's where Martlet was not"
        " timed. % of peak: the model's matrix products and attention (of a training step thrice"
        " the forward pass's), the same count for every contender,"
        + (f" against {peak / 1e9:.0f} GFLOP/s, the fastest float32 product of this run"
           if peak else "") +
        ". Compile: Martlet's compiler; of peers, conversion and how much longer the first step"
        " took than the others. Memory: the process's largest resident set. Difference: the largest"
        " of a probability from PyTorch's in float32.", "",
        *table("Workload", "Type", "Contender", "ms", "Ratio", "% of peak", "Compile", "Memory",
               "Difference", "Rounds", right=7),
    ]
    for workload in workloads:
        contenders = fastest_first(workload)
        base = dict(contenders).get(MARTLET, contenders[0][1])["milliseconds_per_step"]
        lines += [time_row(workload, name, contender, base, peak) for name, contender in contenders]
    return lines


def time_row(workload, name, contender, base, peak):
    milliseconds = contender["milliseconds_per_step"]
    rate = workload["operations"] / (milliseconds * 1e-3)
    rounds = [r for r in contender["rounds"] if "milliseconds_per_step" in r]
    difference = (contender["check"] or {}).get("difference")
    return line(
        workload["name"], workload["dtype"], name, f"{milliseconds:.2f}",
        f"{milliseconds / base:.2f}", f"{100 * rate / peak:.0f}" if peak else "",
        f"{compile_seconds(contender):.2f} s",
        megabytes(max(r["peak_memory_bytes"] for r in rounds)),
        f"{difference:.0e}" if difference is not None else "", str(len(rounds)))


def compile_seconds(contender):
    """Of the first round: later ones may find what it has compiled."""
    return contender["rounds"][0]["compile_milliseconds"] / 1e3


def peak_rate(workloads):
    rounds = [r for workload in workloads for r in martlet_rounds(workload)]
    rates = [100e9 * r["gflops"] / r["percent_of_peak"] for r in rounds if r.get("gflops")]
    return max(rates, default=None)


# Memory


def memory(workloads):
    rows = []
    for workload in workloads:
        rounds = [r for r in martlet_rounds(workload) if "arena_bytes" in r]
        theirs = workload.get("activations", {})
        if not rounds or "peak_activation_bytes" not in theirs:
            continue
        arena = rounds[-1]["arena_bytes"]
        peak, saved = theirs["peak_activation_bytes"], theirs["saved_activation_bytes"]
        rows.append(line(
            workload["name"], workload["dtype"], megabytes(arena), megabytes(peak),
            f"{peak / arena:.1f}", megabytes(saved), f"{saved / arena:.1f}"))
    if not rows:
        return []
    return [
        "Martlet's arena holds activations and gradients in flight. PyTorch's peak is the most that"
        " a forward and a backward pass allocate at once beyond the parameters; kept is what the"
        " forward pass leaves for the backward pass.", "",
        *table("Workload", "Type", "Martlet's arena", "PyTorch's peak", "Ratio", "PyTorch keeps",
               "Ratio", right=5), *rows]


# The rest


def missing(workloads):
    """One line for each contender and reason."""
    found = {}
    for workload in workloads:
        for name, contender in workload["contenders"].items():
            if not contender["milliseconds_per_step"]:
                where = found.setdefault((name, reason(contender)), [])
                where.append(f"{workload['name']} {workload['dtype']}")
    return [f"- {name}: {why} ({', '.join(where)})" for (name, why), where in sorted(found.items())]


def reason(contender):
    for result in [contender["check"] or {}] + contender["rounds"]:
        for key in ("unsupported", "failed"):
            if key in result:
                return result[key]
    return "no time measured"


def versions(results):
    found = {}
    for workload in results["workloads"]:
        for contender in workload["contenders"].values():
            for result in contender["rounds"]:
                found |= result.get("versions", {})
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items())) or "unknown"
