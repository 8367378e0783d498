"""The lesson's classifier in full on AG News files, to compare a whole training run with.

    l3_real.py FIT.csv VALIDATE.csv FOLDER [--steps N] [--batch-size N] [--seed N]

Without dropout and without shuffling. FOLDER receives `vocabulary.txt` (one token per line, the
first two being padding, an empty line, and [UNK]), `ids.safetensors` (the first rows as ids, and
labels), `initial.safetensors` and `final.safetensors` (Keras variable paths), and `report.json`:
the loss of each step, before its update, and loss and accuracy on VALIDATE.csv afterwards.
"""

import argparse
import csv
import json
from pathlib import Path

from common import keras, np, number, tf
from lesson_model import compile_and_check, lesson_model, train, weights
from safetensors.numpy import save_file


def read(path):
    texts, labels = [], []
    with open(path, newline="", encoding="utf-8-sig") as file:
        for label, title, description in csv.reader(file):
            texts.append(title + " " + description)
            labels.append(int(label) - 1)
    return texts, np.array(labels, np.int32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fit")
    parser.add_argument("validate")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)

    texts, labels = read(options.fit)
    vectorization = keras.layers.TextVectorization(20_000, output_sequence_length=256)
    vectorization.adapt(tf.constant(texts))
    vocabulary = vectorization.get_vocabulary()
    (options.folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n")
    ids = vectorization(tf.constant(texts)).numpy().astype(np.int32)

    # The tables have 20,000 rows however many tokens the texts have, as in the lesson.
    model = lesson_model(20_000, 256, 32, 2, 32)
    compile_and_check(model, keras.optimizers.Adam())
    save_file(weights(model), options.folder / "initial.safetensors")
    size = options.batch_size
    starts = list(range(0, len(ids), size))
    batches = [(ids[s:s + size], labels[s:s + size])
               for s in (starts * (options.steps // len(starts) + 1))[:options.steps]]
    losses = train(model, batches)
    save_file(weights(model), options.folder / "final.safetensors")
    save_file({"ids": ids[:size], "labels": labels[:size]}, options.folder / "ids.safetensors")

    validation_texts, validation_labels = read(options.validate)
    validation_ids = vectorization(tf.constant(validation_texts)).numpy()
    after = model.evaluate(validation_ids, validation_labels, batch_size=size, verbose=0,
                           return_dict=True)
    report = {"losses": [number(v) for v in losses], "validation": after, "batch_size": size,
              "vocabulary_size": len(vocabulary), "keras": keras.__version__}
    (options.folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
