"""Saves tiny BERTs and DistilBERTs with random weights as Hugging Face does, with what they compute.

    python Tests/Goldens/pretrained.py

Each folder of `data/pretrained` is what `save_pretrained` writes for a model of odd sizes, with a
small vocabulary; `expected.json` beside it holds inputs (padded rows, and for BERT segments), the
model's outputs in evaluation mode, and for classifiers the losses of five AdamW steps without
dropout.
"""

import json
import pathlib
import shutil

import numpy
import torch
import transformers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    DistilBertModel,
)

FOLDER = pathlib.Path(__file__).parent / "data" / "pretrained"
WORDS = "the of and to in news a word play ing ed s un ##ing ##ed ##s ##al ! ? . , red blue".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
LENGTHS = [7, 1, 4]
STEPS = 5
RATE = 1e-2


def bert(heads, layers, hidden, **options):
    return BertConfig(
        vocab_size=len(VOCABULARY) + 2, hidden_size=hidden, num_hidden_layers=layers,
        num_attention_heads=heads, intermediate_size=options.pop("intermediate", 11),
        max_position_embeddings=options.pop("positions", 9), initializer_range=0.4, **options)


def distilbert(heads, layers, hidden, **options):
    return DistilBertConfig(
        vocab_size=len(VOCABULARY), dim=hidden, n_layers=layers, n_heads=heads,
        hidden_dim=options.pop("intermediate", 13), max_position_embeddings=8,
        initializer_range=0.4, **options)


def cases():
    yield "bert_bare", BertModel, bert(3, 2, 15, type_vocab_size=3)
    yield "bert_classifier", BertForSequenceClassification, bert(
        2, 3, 10, num_labels=5, classifier_dropout=0.3, hidden_act="gelu_new")
    yield "bert_relu", BertModel, bert(1, 1, 6, intermediate=5, hidden_act="relu")
    yield "distilbert_bare", DistilBertModel, distilbert(2, 2, 14)
    yield "distilbert_classifier", DistilBertForSequenceClassification, distilbert(
        3, 1, 12, num_labels=4)


def randomized(model):
    """Weights that no symmetry hides: biases and scales differ from 0 and 1, too."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith("bias"):
                parameter.normal_(0, 0.3)
            elif "norm" in name.lower():
                parameter.uniform_(0.5, 1.5)
    return model.eval()


def inputs(config, generator):
    length = max(LENGTHS)
    ids = generator.integers(5, len(VOCABULARY), (len(LENGTHS), length))
    mask = numpy.zeros_like(ids)
    for row, count in enumerate(LENGTHS):
        ids[row, count:] = 0
        mask[row, :count] = 1
    given = {"input_ids": ids, "attention_mask": mask}
    if config.model_type == "bert":
        given["token_type_ids"] = generator.integers(0, config.type_vocab_size, ids.shape)
    return {name: torch.tensor(value) for name, value in given.items()}


def training_losses(model, given, labels):
    """The losses before each of the steps, dropout left out."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(**given, labels=labels).loss
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def tensor(value):
    value = value.detach().numpy()
    dtype = {"float32": "f32", "int64": "i32"}[str(value.dtype)]
    numbers = [float(str(x)) if dtype == "f32" else int(x) for x in value.flatten()]
    return {"shape": list(value.shape), "dtype": dtype, "values": numbers}


def write(name, kind, config, seed):
    folder = FOLDER / name
    torch.manual_seed(seed)
    generator = numpy.random.default_rng(seed)
    model = randomized(kind(config))
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in VOCABULARY))
    given = inputs(config, generator)
    with torch.no_grad():
        outputs = model(**given, output_hidden_states=True)
    expected = {
        "name": name,
        "inputs": {key: tensor(value) for key, value in given.items()},
        "hidden_states": [tensor(state) for state in outputs.hidden_states[1:]],
        "parameter_count": sum(p.numel() for p in model.parameters()),
    }
    if "logits" in outputs:
        expected["logits"] = tensor(outputs.logits)
        labels = torch.tensor([row % config.num_labels for row in range(len(LENGTHS))])
        expected["labels"] = tensor(labels)
        expected["losses"] = training_losses(model, given, labels)
    if "pooler_output" in outputs:
        expected["pooler_output"] = tensor(outputs.pooler_output)
    return expected


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    lines = [json.dumps(write(*case, seed)) for seed, case in enumerate(cases(), 1)]
    made_by = f"transformers {transformers.__version__}, torch {torch.__version__}"
    (FOLDER / "expected.json").write_text(
        '{"subject": "pretrained", "made_by": "%s", "cases": [\n%s\n]}\n'
        % (made_by, ",\n".join(lines)))


if __name__ == "__main__":
    main()
