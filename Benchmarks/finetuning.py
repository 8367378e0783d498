"""Fine-tunes a Hugging Face folder by Martlet and by PyTorch with one recipe, and compares both.

    Benchmarks/.venv/bin/python Benchmarks/finetuning.py --martlet .build/release/martlet \\
        --pretrained MINILM --train fit.csv --validation validate.csv --seeds 3

For each seed Martlet trains, saves, evaluates and predicts; transformers then loads the saved
folder, which must give the same logits within 1e-4. With `--peer` PyTorch trains by the same recipe
(AdamW without decay, a linear warm-up over a tenth of the steps and a linear decay, gradients
clipped to 1, dropout as in the folder), and the mean accuracies and times are printed side by side.
`--rows N` takes the first N rows of each file.
"""

import argparse
import csv
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers


def rows(path, limit):
    with open(path, newline="", encoding="utf-8") as file:
        found = [row for row in csv.reader(file) if row[0].isdigit()]
    return found[:limit]


def text_of(row):
    return row[1] + " " + row[2]


def run_martlet(options, files, seed, folder):
    command = [
        options.martlet, "train", "bert-classifier", "--pretrained", options.pretrained, "--train",
        files[0], "--validation", files[1], "--epochs", str(options.epochs), "--batch-size",
        str(options.batch_size), "--max-length", str(options.max_length), "--learning-rate",
        str(options.learning_rate), "--warmup-ratio", "0.1", "--seed", str(seed), "--threads",
        str(options.threads), "--output", folder, "--json",
    ]
    start = time.perf_counter()
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - start
    history = json.loads(run.stdout)["history"]
    return history["val_accuracy"][-1], seconds


def largest_difference(options, texts, folder):
    """Between Martlet's logits and those transformers computes from the folder Martlet saved."""
    run = subprocess.run(
        [options.martlet, "predict", folder, "--json"], stdout=subprocess.PIPE, check=True,
        input="\n".join(text.replace("\n", " ") for text in texts).encode())
    ours = torch.tensor([json.loads(line)["logits"] for line in run.stdout.splitlines()])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    names = list(model.config.id2label.values())
    parts = []
    with torch.no_grad():
        for first in range(0, len(texts), 32):
            given = tokenizer(
                texts[first:first + 32], truncation=True, padding=True, return_tensors="pt")
            parts.append(model(**given).logits)
    return (torch.cat(parts) - ours).abs().max().item(), names


def run_pytorch(options, training, validation, seed):
    transformers.set_seed(seed)
    torch.set_num_threads(options.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.pretrained)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        options.pretrained, num_labels=4)

    def encode(batch):
        given = tokenizer(
            [text_of(row) for row in batch], truncation=True, padding=True,
            max_length=options.max_length, return_tensors="pt")
        return given, torch.tensor([int(row[0]) - 1 for row in batch])

    step_count = options.epochs * math.ceil(len(training) / options.batch_size)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=options.learning_rate, eps=1e-8, weight_decay=0)
    schedule = transformers.get_linear_schedule_with_warmup(
        optimizer, math.ceil(0.1 * step_count), step_count)
    order = random.Random(seed)
    start = time.perf_counter()
    for _ in range(options.epochs):
        model.train()
        shuffled = order.sample(training, len(training))
        for first in range(0, len(shuffled), options.batch_size):
            given, labels = encode(shuffled[first:first + options.batch_size])
            loss = torch.nn.functional.cross_entropy(model(**given).logits, labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    model.eval()
    right = 0
    with torch.no_grad():
        for first in range(0, len(validation), 32):
            given, labels = encode(validation[first:first + 32])
            right += (model(**given).logits.argmax(-1) == labels).sum().item()
    return right / len(validation), time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", action="store_true", help="train by PyTorch, too")
    options = parser.parse_args()

    parts = [rows(path, options.rows) for path in (options.train, options.validation)]
    results = {"martlet": [], "pytorch": []}
    worst = 0.0
    with tempfile.TemporaryDirectory() as work:
        files = []
        for name, part in zip(("train.csv", "validation.csv"), parts):
            files.append(os.path.join(work, name))
            with open(files[-1], "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(part)
        texts = [text_of(row) for row in parts[1][:200]]
        for seed in range(options.seeds):
            folder = os.path.join(work, f"tuned{seed}")
            results["martlet"].append(run_martlet(options, files, seed, folder))
            difference, names = largest_difference(options, texts, folder)
            worst = max(worst, difference)
            print(f"seed {seed}: martlet {results['martlet'][-1]}, largest difference of a logit "
                  f"in transformers {difference:.2e}, classes {names}", flush=True)
            if options.peer:
                results["pytorch"].append(run_pytorch(options, *parts, seed))
                print(f"seed {seed}: pytorch {results['pytorch'][-1]}", flush=True)
    for name, found in results.items():
        if found:
            accuracy = statistics.mean(accuracy for accuracy, _ in found)
            seconds = statistics.mean(seconds for _, seconds in found)
            print(f"{name}: accuracy {accuracy:.4f}, {seconds:.1f} s (means of {len(found)})")
    if worst > 1e-4:
        sys.exit(f"the logits of transformers differ by {worst:.2e}, more than 1e-4")


if __name__ == "__main__":
    main()
