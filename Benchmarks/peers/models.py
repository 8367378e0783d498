"""The models of the benchmarks: sizes, weights and inputs, the same for every framework.

Weights have Hugging Face's names for BERT and Keras-like ones for the lesson's classifier; both
are random, from a fixed seed, float32.
"""

import dataclasses

import numpy as np

CLASSES = 4
DROPOUT = 0.1


@dataclasses.dataclass(frozen=True)
class Classifier:
    """The lesson's classifier on token ids (the text vectorization before it is not timed)."""

    vocabulary: int = 20_000
    length: int = 256
    width: int = 32
    heads: int = 2
    key_size: int = 32
    feed_forward: int = 32
    dense: int = 20
    epsilon: float = 1e-6
    learning_rate: float = 1e-3


@dataclasses.dataclass(frozen=True)
class Bert:
    """A BERT encoder with pooler, dropout and a dense layer to four classes."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int = 30_522
    positions: int = 512
    types: int = 2
    epsilon: float = 1e-12
    learning_rate: float = 2e-5
    weight_decay: float = 0.01


MODELS = {
    "ag-news-transformer": Classifier(),
    "bert-small": Bert(hidden=128, layers=4, heads=2, feed_forward=512),
    "bert-minilm": Bert(hidden=384, layers=6, heads=12, feed_forward=1536),
    "bert-base": Bert(hidden=768, layers=12, heads=12, feed_forward=3072),
}


def weight_shapes(model):
    """Name → shape, in the order in which the weights are drawn."""
    m = MODELS[model]
    if isinstance(m, Classifier):
        heads = (m.heads, m.key_size)
        shapes = {
            "token_embedding": (m.vocabulary, m.width),
            "position_embedding": (m.length, m.width),
        }
        for part in ("query", "key", "value"):
            shapes[f"attention.{part}.kernel"] = (m.width, *heads)
            shapes[f"attention.{part}.bias"] = heads
        shapes |= {
            "attention.output.kernel": (*heads, m.width),
            "attention.output.bias": (m.width,),
            "norm1.gamma": (m.width,),
            "norm1.beta": (m.width,),
            "feed_forward1.kernel": (m.width, m.feed_forward),
            "feed_forward1.bias": (m.feed_forward,),
            "feed_forward2.kernel": (m.feed_forward, m.width),
            "feed_forward2.bias": (m.width,),
            "norm2.gamma": (m.width,),
            "norm2.beta": (m.width,),
            "dense.kernel": (m.width, m.dense),
            "dense.bias": (m.dense,),
            "classifier.kernel": (m.dense, CLASSES),
            "classifier.bias": (CLASSES,),
        }
        return shapes
    h, f = m.hidden, m.feed_forward
    shapes = {
        "bert.embeddings.word_embeddings.weight": (m.vocabulary, h),
        "bert.embeddings.position_embeddings.weight": (m.positions, h),
        "bert.embeddings.token_type_embeddings.weight": (m.types, h),
    }

    def norm(name):
        shapes[f"{name}.weight"] = (h,)
        shapes[f"{name}.bias"] = (h,)

    def dense(name, outputs, inputs):
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)

    norm("bert.embeddings.LayerNorm")
    for i in range(m.layers):
        layer = f"bert.encoder.layer.{i}"
        for part in ("query", "key", "value"):
            dense(f"{layer}.attention.self.{part}", h, h)
        dense(f"{layer}.attention.output.dense", h, h)
        norm(f"{layer}.attention.output.LayerNorm")
        dense(f"{layer}.intermediate.dense", f, h)
        dense(f"{layer}.output.dense", h, f)
        norm(f"{layer}.output.LayerNorm")
    dense("bert.pooler.dense", h, h)
    dense("classifier", CLASSES, h)
    return shapes


def make_weights(model):
    """Name → float32 array: gains near 1, the rest normal with a deviation that keeps the outputs
    of the classes well apart, so that a wrong model cannot agree by chance."""
    random = np.random.default_rng(20240607)
    deviation = 0.4 if isinstance(MODELS[model], Classifier) else 0.05
    weights = {}
    for name, shape in weight_shapes(model).items():
        values = random.standard_normal(shape, dtype=np.float32) * np.float32(deviation)
        if name.endswith(("gamma", "LayerNorm.weight")):
            values += 1
        weights[name] = values
    return weights


def make_inputs(model, batch_size, sequence_length):
    """Name → int32 array: token ids without padding, and labels."""
    random = np.random.default_rng(7)
    vocabulary = MODELS[model].vocabulary
    shape = (batch_size, sequence_length)
    return {
        "input_ids": random.integers(1, vocabulary, shape, dtype=np.int32),
        "token_type_ids": np.zeros(shape, np.int32),
        "attention_mask": np.ones(shape, np.int32),
        "labels": random.integers(0, CLASSES, (batch_size,), dtype=np.int32),
    }


def forward_operations(model, batch_size, sequence_length):
    """Floating-point operations of the matrix products and of attention in a forward pass."""
    m = MODELS[model]
    if isinstance(m, Classifier):
        layers, inner = 1, m.heads * m.key_size
        weights = 4 * m.width * inner + 2 * m.width * m.feed_forward
        head = m.width * m.dense + m.dense * CLASSES
    else:
        layers, inner = m.layers, m.hidden
        weights = 4 * m.hidden**2 + 2 * m.hidden * m.feed_forward
        head = m.hidden**2 + m.hidden * CLASSES
    token = layers * (2 * weights + 4 * sequence_length * inner)
    return batch_size * (sequence_length * token + 2 * head)
