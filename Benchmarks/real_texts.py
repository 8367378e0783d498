"""Times a BERT classifier on real texts of different lengths: Martlet beside its peers.

    Benchmarks/.venv/bin/python Benchmarks/real_texts.py --martlet .build/release/martlet \\
        --pretrained MINILM --data validate.csv

Rows are those of a file in the layout of AG News, in file order, in batches of 32, cut at 128
tokens. Peers are given batches filled up to 128, to the longest of the batch, and (inference) of
rows sorted by length first. Martlet is given the lines and nothing else; its time is that of the
whole command less that of the same command on one batch, so that loading and compiling do not
count, which do not for the peers either. Before anything is timed, all must give PyTorch's logits.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial

import torch
import transformers

BATCH = 32
LENGTH = 128
# Largest difference of a logit from PyTorch's.
TOLERANCE = 1e-4

# mode, the peers' figures it is about, how many times faster than each of them Martlet must be
TARGETS = [
    ("train", ["pytorch padded"], 3.3),
    ("train", ["pytorch longest"], 2.1),
    ("infer", ["openvino padded"], 2.3),
    ("infer", ["openvino sorted", "onnxruntime sorted", "pytorch sorted"], 1.0),
]


def batches(tokenizer, texts, mode):
    """Lists of row numbers with their tokens as arrays."""
    rows = tokenizer(texts, truncation=True, max_length=LENGTH)["input_ids"]
    order = list(range(len(rows)))
    if mode == "sorted":
        order.sort(key=lambda row: len(rows[row]))
    for first in range(0, len(order), BATCH):
        part = order[first:first + BATCH]
        length = LENGTH if mode == "padded" else max(len(rows[row]) for row in part)
        ids = torch.zeros(len(part), length, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(part):
            ids[place, :len(rows[row])] = torch.tensor(rows[row])
            mask[place, :len(rows[row])] = 1
        yield part, ids, mask


def timed(step, tokenizer, texts, mode):
    step(*next(batches(tokenizer, texts, mode))[1:])
    start = time.perf_counter()
    # Tokenizing counts, as it does for Martlet.
    for _, ids, mask in batches(tokenizer, texts, mode):
        step(ids, mask)
    return time.perf_counter() - start


def pytorch(model, options):
    def step(ids, mask):
        with torch.inference_mode():
            return model(input_ids=ids, attention_mask=mask).logits.numpy()
    return step


def wrapped(model):
    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    return Logits().eval()


def openvino(model, options):
    import openvino as ov

    example = torch.ones(2, 16, dtype=torch.int64)
    converted = ov.convert_model(
        wrapped(model), example_input=(example, example),
        input=[ov.PartialShape([-1, -1]), ov.PartialShape([-1, -1])])
    request = ov.compile_model(converted, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": options.threads,
        "PERFORMANCE_HINT": "LATENCY"}).create_infer_request()
    return lambda ids, mask: request.infer([ids.numpy(), mask.numpy()])[0]


def onnxruntime(model, options):
    import onnxruntime as ort

    ids, mask = torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64)
    # A mask without a zero would be left out of the program.
    mask[1, 8:] = 0
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path = os.path.join(folder, "model.onnx")
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=512)}
        torch.onnx.export(
            wrapped(model), (ids, mask), path, input_names=["ids", "mask"],
            dynamic_shapes=(axes, axes), dynamo=True, verbose=False)
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0]


PEERS = {"pytorch": pytorch, "openvino": openvino, "onnxruntime": onnxruntime}


def train_pytorch(path, labels, tokenizer, texts, mode):
    model = load_model(path).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, eps=1e-8, weight_decay=0)
    seconds = 0.0
    for number, (rows, ids, mask) in enumerate(batches(tokenizer, texts, mode)):
        start = time.perf_counter()
        logits = model(input_ids=ids, attention_mask=mask).logits
        torch.nn.functional.cross_entropy(logits, labels[rows]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        # The first step allocates; the others stand for it.
        seconds += (time.perf_counter() - start) * (number > 0)
    count = number + 1
    return seconds * count / max(count - 1, 1)


class Martlet:
    def __init__(self, options, folder, rows, texts, work):
        self.options, self.folder, self.texts = options, folder, texts
        # The first batch is in both runs.
        self.scale = len(rows) / (len(rows) - BATCH)
        self.files = [os.path.join(work, name) for name in ("all.csv", "one.csv")]
        for path, part in zip(self.files, (rows, rows[:BATCH])):
            with open(path, "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(part)

    def run(self, *arguments, text=None):
        """Seconds and what was printed."""
        threads = ["--threads", str(self.options.threads)]
        command = [self.options.martlet, *arguments, *threads, "--json"]
        start = time.perf_counter()
        done = subprocess.run(
            command, input=None if text is None else text.encode(), capture_output=True)
        seconds = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr.decode().strip()}")
        return seconds, done.stdout

    def predict(self, texts):
        return self.run("predict", self.folder, text="\n".join(texts))

    def logits(self, texts):
        return [json.loads(line)["logits"] for line in self.predict(texts)[1].splitlines()]

    def infer(self):
        return (self.predict(self.texts)[0] - self.predict(self.texts[:BATCH])[0]) * self.scale

    def train(self):
        seconds = [
            self.run(
                "train", "bert-classifier", "--pretrained", self.options.pretrained, "--epochs",
                "1", "--batch-size", str(BATCH), "--max-length", str(LENGTH), "--no-shuffle",
                "--train", path)[0]
            for path in self.files
        ]
        return (seconds[0] - seconds[1]) * self.scale


def load_model(path):
    return transformers.AutoModelForSequenceClassification.from_pretrained(path).eval()


def check(name, logits, reference):
    difference = (torch.as_tensor(logits) - torch.as_tensor(reference)).abs().max().item()
    print(f"{name}: largest difference of a logit {difference:.1e}", file=sys.stderr, flush=True)
    if not difference <= TOLERANCE:
        sys.exit(f"the logits of {name} differ by {difference:.1e}, more than {TOLERANCE}")


def contenders(options, rows, texts, folder, work):
    """(mode, name) → a function that gives the seconds for all rows, in the order of a round."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = load_model(folder)
    _, ids, mask = next(batches(tokenizer, texts, "padded"))
    reference = pytorch(model, options)(ids, mask)
    found = {}
    for name, make in PEERS.items():
        if name in options.peer and options.only != "train":
            step = make(model, options)
            check(name, step(ids, mask), reference)
            for mode in ("padded", "longest", "sorted"):
                found["infer", f"{name} {mode}"] = partial(timed, step, tokenizer, texts, mode)
    if "pytorch" in options.peer and options.only != "infer":
        labels = torch.tensor([int(row[0]) - 1 for row in rows])
        for mode in ("padded", "longest"):
            found["train", f"pytorch {mode}"] = partial(
                train_pytorch, folder, labels, tokenizer, texts, mode)
    if options.martlet:
        martlet = Martlet(options, folder, rows, texts, work)
        check("martlet", martlet.logits(texts[:BATCH]), reference)
        if options.only != "train":
            found["infer", "martlet"] = martlet.infer
        if options.only != "infer":
            found["train", "martlet"] = martlet.train
    return found


def save_classifier(options, folder):
    """The pretrained model with a head for four classes, for all contenders."""
    torch.manual_seed(1)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        options.pretrained, num_labels=4)
    model.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.pretrained)
    tokenizer.model_max_length = LENGTH
    tokenizer.save_pretrained(folder)


def markdown(seconds, row_count, options):
    lines = [
        f"{row_count} rows, {options.threads} threads, median of {options.rounds}"
        f" round{'s' if options.rounds > 1 else ''}. Ratio: time divided by Martlet's.", "",
        "| | Contender | Seconds | Ratio |", "|---|---|--:|--:|",
    ]
    for (mode, name), value in sorted(seconds.items(), key=lambda item: (item[0][0], item[1])):
        ours = seconds.get((mode, "martlet"))
        ratio = f"{value / ours:.2f}" if ours else ""
        lines.append(f"| {mode} | {name} | {value:.2f} | {ratio} |")
    targets = []
    for mode, names, wanted in TARGETS:
        ours = seconds.get((mode, "martlet"))
        theirs = [(seconds[mode, name], name) for name in names if (mode, name) in seconds]
        if ours and theirs:
            ratio = min(theirs)[0] / ours
            targets.append(
                f"| {mode} | {min(theirs)[1]} | ≥ {wanted:g}× faster | {ratio:.2f} |"
                f" {'met' if ratio >= wanted else '**missed**'} |")
    if targets:
        lines += ["", "| Target | Beside | Wanted | Ratio | |", "|---|---|---|--:|---|", *targets]
    return "\n".join(lines)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--martlet", help="the martlet program; without it only peers are timed")
    parser.add_argument("--pretrained", required=True, help="a BERT in a Hugging Face folder")
    parser.add_argument("--data", required=True, help="rows in the layout of AG News")
    parser.add_argument("--rows", type=int, help="only the first ones; more than 32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=["train", "infer"])
    parser.add_argument("--peer", action="append", choices=PEERS, help="all by default")
    options = parser.parse_args()
    options.peer = options.peer or list(PEERS)
    return options


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with open(options.data, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[0].isdigit()][:options.rows]
    if len(rows) <= BATCH:
        sys.exit(f"{options.data}: {len(rows)} rows, more than a batch of {BATCH} are needed")
    texts = [(row[1] + " " + row[2]).replace("\n", " ").replace("\t", " ") for row in rows]
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, "classifier")
        save_classifier(options, folder)
        found = contenders(options, rows, texts, folder, work)
        rounds = {key: [] for key in found}
        for number in range(options.rounds):
            for (mode, name), measure in found.items():
                rounds[mode, name].append(measure())
                print(f"{number + 1} {mode} {name}: {rounds[mode, name][-1]:.2f} s",
                      file=sys.stderr, flush=True)
    seconds = {key: statistics.median(values) for key, values in rounds.items()}
    print(markdown(seconds, len(rows), options))


if __name__ == "__main__":
    main()
