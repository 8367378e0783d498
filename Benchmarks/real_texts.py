"""Times a BERT classifier on real texts of different lengths: Martlet beside its peers.

    Benchmarks/.venv/bin/python Benchmarks/real_texts.py --martlet .build/release/martlet \\
        --pretrained MINILM --data validate.csv

Rows are those of a file in the layout of AG News, in file order, in batches of 32, cut at 128
tokens. Peers are given batches filled up to 128, to the longest of the batch, and (inference) of
rows sorted by length first. Martlet is given the lines and nothing else; its time is that of the
whole command less that of the same command on one batch, so that loading and compiling do not
count, which do not for the peers either.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time

import torch
import transformers

BATCH = 32
LENGTH = 128


def report(name, seconds):
    print(f"{name}: {seconds:.1f} s", flush=True)


def run(command, text=None):
    start = time.perf_counter()
    subprocess.run(
        command, check=True, input=None if text is None else text.encode(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


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


def timed(function, tokenizer, texts, mode):
    prepared = list(batches(tokenizer, texts, mode))
    function(*prepared[0][1:])
    start = time.perf_counter()
    # Tokenizing counts, as it does for Martlet.
    for _, ids, mask in batches(tokenizer, texts, mode):
        function(ids, mask)
    return time.perf_counter() - start


def pytorch(model, options):
    def step(ids, mask):
        with torch.inference_mode():
            return model(input_ids=ids, attention_mask=mask).logits
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

    example = torch.ones(2, 16, dtype=torch.int64)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        path = os.path.join(folder, "model.onnx")
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=512)}
        torch.onnx.export(
            wrapped(model), (example, example), path, input_names=["ids", "mask"],
            dynamic_shapes=(axes, axes), dynamo=True, verbose=False)
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = options.threads
        session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0]


def train_pytorch(model, labels, tokenizer, texts, mode):
    model.train()
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--martlet")
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=["train", "infer"])
    parser.add_argument("--peer", action="append", default=[],
                        choices=["pytorch", "openvino", "onnxruntime"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with open(options.data, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[0].isdigit()][:options.rows]
    texts = [(row[1] + " " + row[2]).replace("\n", " ").replace("\t", " ") for row in rows]
    labels = torch.tensor([int(row[0]) - 1 for row in rows])
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.pretrained)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        options.pretrained, num_labels=4).eval()
    print(f"{len(texts)} rows, {options.threads} threads", flush=True)

    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, "classifier")
        model.save_pretrained(folder)
        tokenizer.model_max_length = LENGTH
        tokenizer.save_pretrained(folder)
        if options.martlet:
            # The first batch is in both runs.
            scale = len(rows) / max(len(rows) - BATCH, 1)
            paths = [os.path.join(work, name) for name in ("all.csv", "one.csv")]
            for path, part in zip(paths, (rows, rows[:BATCH])):
                with open(path, "w", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerows(part)
            threads = ["--threads", str(options.threads)]
            if options.only != "train":
                command = [options.martlet, "predict", folder, "--json", *threads]
                whole = run(command, "\n".join(texts))
                start = run(command, "\n".join(texts[:BATCH]))
                report("infer martlet", (whole - start) * scale)
            if options.only != "infer":
                command = [
                    options.martlet, "train", "bert-classifier", "--pretrained", options.pretrained,
                    "--epochs", "1", "--batch-size", str(BATCH), "--max-length", str(LENGTH),
                    "--no-shuffle", "--json", *threads, "--train"]
                whole, start = run([*command, paths[0]]), run([*command, paths[1]])
                report("train martlet", (whole - start) * scale)
        peers = {"pytorch": pytorch, "openvino": openvino, "onnxruntime": onnxruntime}
        for name in options.peer:
            if options.only != "train":
                step = peers[name](model, options)
                for mode in ("padded", "longest", "sorted"):
                    report(f"infer {name} {mode}", timed(step, tokenizer, texts, mode))
            if name == "pytorch" and options.only != "infer":
                for mode in ("padded", "longest"):
                    report(
                        f"train {name} {mode}", train_pytorch(model, labels, tokenizer, texts, mode))


if __name__ == "__main__":
    sys.exit(main())
