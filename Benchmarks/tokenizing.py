"""Times `martlet tokenize` beside Hugging Face's `tokenizers` on the same texts and threads.

    python3 Benchmarks/tokenizing.py --martlet .build/release/martlet
    python3 Benchmarks/tokenizing.py --martlet … --pretrained MINILM --texts validate.csv

The token ids of all texts must be equal. Then both encode all texts over and over, each in a process
of its own, in alternating rounds; loading, reading and printing are outside the time of both. What is
made is the same: ids, type ids, masks, offsets, word ids, with special tokens, nothing cut or filled
up. `without offsets` is `encode_batch_fast`, which leaves those out; Martlet always makes them.

TEXTS is a file in the layout of AG News (`.csv`), otherwise text with one entry a line. Without it
the texts are the paragraphs of Python's own reference manual, without FOLDER the vocabulary is
trained on them: nothing is downloaded. Needs nothing but the standard library itself; the peer is in
Benchmarks/.venv.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "peers", "hugging_face.py")
CONTENDERS = ("martlet", "tokenizers", "tokenizers without offsets")


def manual():
    """The paragraphs of the reference manual that Python carries, several times over."""
    from pydoc_data import topics

    paragraphs = "\n\n".join(topics.topics.values()).split("\n\n")
    return [" ".join(text.split()) for text in paragraphs if text.strip()]


def read_texts(path):
    """One line each, without tabs, which would make pairs."""
    if path is None:
        texts = manual()
    elif path.endswith(".csv"):
        with open(path, newline="", encoding="utf-8") as file:
            texts = [f"{row[1]} {row[2]}" for row in csv.reader(file) if row[0].isdigit()]
    else:
        with open(path, encoding="utf-8") as file:
            texts = file.read().split("\n")
    return [text.translate({0x09: " ", 0x0A: " ", 0x0D: " "}) for text in texts]


def run(command, path=None):
    """The lines that the command prints, given the file as its input."""
    with open(path or os.devnull, "rb") as file:
        done = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().splitlines()


def first_difference(martlet, python, folder, path):
    """The number of the first text whose ids differ; None if all are equal."""
    ours = [json.loads(line)["input_ids"] for line in run([martlet, "tokenize", folder], path)]
    theirs = [json.loads(line) for line in run([*python, "ids", folder, path])]
    if len(ours) != len(theirs):
        return min(len(ours), len(theirs)) + 1
    return next((i + 1 for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), None)


def measure(martlet, venv=os.path.join(HERE, ".venv"), pretrained=None, texts=None, threads=2,
            seconds=3, rounds=3):
    """What both reach: {"texts", "bytes", "tokens", "threads", "contenders": name → {"rounds": the
    milliseconds for all texts, "milliseconds": their median}, "versions"}.

    Raises `ValueError` where the ids differ, `CalledProcessError` where a process fails.
    """
    python = [os.path.join(venv, "bin", "python"), PEER]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "texts")
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(text + "\n" for text in read_texts(texts))
        folder = pretrained or work
        if pretrained is None:
            run([*python, "train", work, path])
        different = first_difference(martlet, python, folder, path)
        if different is not None:
            raise ValueError(f"the ids of text {different} differ")
        timing = ["--threads", str(threads)]
        commands = {
            "martlet": [martlet, "tokenize", folder, "--time", str(seconds), *timing],
            "tokenizers": [
                *python, "time", folder, path, "--seconds", str(seconds), *timing],
        }
        commands["tokenizers without offsets"] = [*commands["tokenizers"], "--without-offsets"]
        found = {name: [] for name in CONTENDERS}
        for number in range(rounds):
            for name in CONTENDERS:
                found[name].append(json.loads(run(commands[name], path)[-1]))
                shown = found[name][-1]["milliseconds"]
                print(f"  {number + 1} {name}: {shown:.1f}", file=sys.stderr, flush=True)
    result = {key: found["martlet"][0][key] for key in ("texts", "bytes", "tokens")}
    contenders = {}
    for name in CONTENDERS:
        times = [result["milliseconds"] for result in found[name]]
        contenders[name] = {"rounds": times, "milliseconds": statistics.median(times)}
    return {**result, "threads": threads, "contenders": contenders,
            "versions": found["tokenizers"][0]["versions"]}


def table(result):
    """Rows in Markdown; the ratio is time divided by Martlet's."""
    base = result["contenders"]["martlet"]["milliseconds"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        f"{result['texts']} texts of {result['bytes'] / result['texts']:.0f} bytes on average, "
        f"{result['tokens']} tokens, {result['threads']} threads, equal ids. {versions}.", "",
        "| Contender | Texts/s | MB/s | Ratio |", "|---|--:|--:|--:|",
    ]
    for name, contender in result["contenders"].items():
        seconds = contender["milliseconds"] / 1e3
        lines.append(
            f"| {name} | {result['texts'] / seconds:,.0f} | {result['bytes'] / seconds / 1e6:.1f} | "
            f"{contender['milliseconds'] / base:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--venv", default=os.path.join(HERE, ".venv"))
    parser.add_argument("--pretrained", help="a folder with tokenizer.json")
    parser.add_argument("--texts", help="a file of texts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="per contender and round")
    options = parser.parse_args()
    try:
        print(table(measure(**vars(options))))
    except (ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"tokenizing: {error}")


if __name__ == "__main__":
    main()
