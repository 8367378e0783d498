"""The benchmark's table: one row per workload and contender."""


def markdown(results):
    machine = results["machine"]
    lines = [
        "# Martlet and its peers", "",
        f"{machine.get('cpu', 'unknown CPU')}, {results['threads']} threads. Milliseconds per step:"
        " median of rounds. Ratio: time divided by Martlet's, or by the fastest where Martlet was"
        " not run. Difference: largest difference of a probability from PyTorch's in float32.", "",
        "| Workload | Type | Contender | ms | Ratio | % of peak | Peak memory | First step |"
        " Difference |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    notes = []
    for workload in results["workloads"]:
        rows, excluded = split(workload["contenders"])
        notes += [f"- {workload['name']} {workload['dtype']}: {name}: {why}"
                  for name, why in excluded]
        if not rows:
            continue
        base = dict(rows).get("martlet", rows[0][1])["milliseconds_per_step"]
        for name, contender in rows:
            lines.append(row(workload, name, contender, base))
    if notes:
        lines += ["", "Not in the table:", ""] + notes
    lines += ["", "Versions: " + versions(results) + ".", ""]
    return "\n".join(lines)


def split(contenders):
    """Those with a time, fastest first, and those without, with the reason."""
    timed = [item for item in contenders.items() if item[1]["milliseconds_per_step"]]
    timed.sort(key=lambda item: item[1]["milliseconds_per_step"])
    others = []
    for name, contender in contenders.items():
        if not contender["milliseconds_per_step"]:
            others.append((name, reason(contender)))
    return timed, others


def reason(contender):
    for result in [contender["outputs"] or {}] + contender["rounds"]:
        for key in ("unsupported", "failed"):
            if key in result:
                return result[key]
        if result.get("disagrees"):
            return f"its outputs differ by {result['difference']:.1e}"
    return "no time measured"


def row(workload, name, contender, base):
    last = contender["rounds"][-1]
    milliseconds = contender["milliseconds_per_step"]
    percent = last.get("percent_of_peak")
    memory = last.get("peak_memory_bytes") or last.get("arena_bytes")
    first = last.get("first_step_seconds")
    if first is None and "compile_milliseconds" in last:
        first = last["compile_milliseconds"] / 1e3
    difference = (contender["outputs"] or {}).get("difference")
    cells = [
        workload["name"], workload["dtype"], name, f"{milliseconds:.2f}",
        f"{milliseconds / base:.2f}",
        f"{percent:.0f}" if percent is not None else "",
        f"{memory / 1e6:.0f} MB" if memory else "",
        f"{first:.2f} s" if first is not None else "",
        f"{difference:.0e}" if difference is not None else "",
    ]
    return "| " + " | ".join(cells) + " |"


def versions(results):
    found = {}
    for workload in results["workloads"]:
        for contender in workload["contenders"].values():
            for result in contender["rounds"]:
                found |= result.get("versions", {})
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items())) or "unknown"
