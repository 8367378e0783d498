"""The models in Keras 3, on whichever backend it was started with."""

import numpy as np
from keras import Model, activations, layers, ops

from models import CLASSES, DROPOUT, MODELS, Classifier


class Positions(layers.Layer):
    """Adds a trainable table of positions, [longest, width], to [batch, length, width]."""

    def __init__(self, longest, width, **options):
        super().__init__(**options)
        self.table = layers.Embedding(longest, width)

    def build(self, shape):
        self.table.build((shape[1],))

    def call(self, x):
        return x + self.table(ops.arange(x.shape[1]))


def make_classifier(m, length):
    inputs = layers.Input((length,), dtype="int32", name="input_ids")
    x = layers.Embedding(m.vocabulary, m.width, name="token_embedding")(inputs)
    x = Positions(m.length, m.width, name="position_embedding")(x)
    attention = layers.MultiHeadAttention(m.heads, m.key_size, name="attention")(x, x)
    attention = layers.Dropout(DROPOUT)(attention)
    x = layers.LayerNormalization(epsilon=m.epsilon, name="norm1")(x + attention)
    hidden = layers.Dense(m.feed_forward, activation="relu", name="feed_forward1")(x)
    hidden = layers.Dense(m.width, name="feed_forward2")(hidden)
    hidden = layers.Dropout(DROPOUT)(hidden)
    x = layers.LayerNormalization(epsilon=m.epsilon, name="norm2")(x + hidden)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(DROPOUT)(x)
    x = layers.Dense(m.dense, activation="relu", name="dense")(x)
    x = layers.Dropout(DROPOUT)(x)
    x = layers.Dense(CLASSES, activation="softmax", dtype="float32", name="classifier")(x)
    return Model(inputs, x)


def load_classifier(model, w):
    def assign(name, *arrays):
        model.get_layer(name).set_weights(arrays)

    assign("token_embedding", w["token_embedding"])
    assign("position_embedding", w["position_embedding"])
    assign("attention", *(
        w[f"attention.{part}.{kind}"]
        for part in ("query", "key", "value", "output") for kind in ("kernel", "bias")))
    for name in ("norm1", "norm2"):
        assign(name, w[f"{name}.gamma"], w[f"{name}.beta"])
    for name in ("feed_forward1", "feed_forward2", "dense", "classifier"):
        assign(name, w[f"{name}.kernel"], w[f"{name}.bias"])


def exact_gelu(x):
    return activations.gelu(x, approximate=False)


def make_bert(m, length):
    ids = layers.Input((length,), dtype="int32", name="input_ids")
    mask = layers.Input((length,), dtype="int32", name="attention_mask")
    types = layers.Input((length,), dtype="int32", name="token_type_ids")
    x = layers.Embedding(m.vocabulary, m.hidden, name="words")(ids)
    x = x + layers.Embedding(m.types, m.hidden, name="types")(types)
    x = Positions(m.positions, m.hidden, name="positions")(x)
    x = layers.LayerNormalization(epsilon=m.epsilon, name="embedding_norm")(x)
    x = layers.Dropout(DROPOUT)(x)
    keys = ops.expand_dims(ops.cast(mask, "bool"), 1)  # [batch, 1, key]
    for i in range(m.layers):
        attention = layers.MultiHeadAttention(
            m.heads, m.hidden // m.heads, dropout=DROPOUT, name=f"attention{i}")
        y = layers.Dropout(DROPOUT)(attention(x, x, attention_mask=keys))
        x = layers.LayerNormalization(epsilon=m.epsilon, name=f"attention_norm{i}")(x + y)
        y = layers.Dense(m.feed_forward, activation=exact_gelu, name=f"intermediate{i}")(x)
        y = layers.Dropout(DROPOUT)(layers.Dense(m.hidden, name=f"output{i}")(y))
        x = layers.LayerNormalization(epsilon=m.epsilon, name=f"output_norm{i}")(x + y)
    pooled = layers.Dense(m.hidden, activation="tanh", name="pooler")(x[:, 0])
    pooled = layers.Dropout(DROPOUT)(pooled)
    y = layers.Dense(CLASSES, activation="softmax", dtype="float32", name="classifier")(pooled)
    return Model([ids, mask, types], y)


def load_bert(model, m, w):
    def assign(name, *arrays):
        model.get_layer(name).set_weights(arrays)

    def dense(name, source):
        assign(name, w[f"{source}.weight"].T, w[f"{source}.bias"])

    def norm(name, source):
        assign(name, w[f"{source}.weight"], w[f"{source}.bias"])

    embeddings = "bert.embeddings"
    assign("words", w[f"{embeddings}.word_embeddings.weight"])
    assign("types", w[f"{embeddings}.token_type_embeddings.weight"])
    assign("positions", w[f"{embeddings}.position_embeddings.weight"])
    norm("embedding_norm", f"{embeddings}.LayerNorm")
    heads = (m.heads, m.hidden // m.heads)
    for i in range(m.layers):
        layer = f"bert.encoder.layer.{i}"
        arrays = []
        for part in ("query", "key", "value"):
            source = f"{layer}.attention.self.{part}"
            arrays.append(w[f"{source}.weight"].T.reshape(m.hidden, *heads))
            arrays.append(w[f"{source}.bias"].reshape(heads))
        source = f"{layer}.attention.output.dense"
        arrays.append(w[f"{source}.weight"].T.reshape(*heads, m.hidden))
        arrays.append(w[f"{source}.bias"])
        assign(f"attention{i}", *arrays)
        norm(f"attention_norm{i}", f"{layer}.attention.output.LayerNorm")
        dense(f"intermediate{i}", f"{layer}.intermediate.dense")
        dense(f"output{i}", f"{layer}.output.dense")
        norm(f"output_norm{i}", f"{layer}.output.LayerNorm")
    dense("pooler", "bert.pooler.dense")
    dense("classifier", "classifier")


def make_model(options, weights):
    """The model with the shared weights."""
    m = MODELS[options.model]
    if isinstance(m, Classifier):
        model = make_classifier(m, options.sequence_length)
        load_classifier(model, weights)
    else:
        model = make_bert(m, options.sequence_length)
        load_bert(model, m, weights)
    count = sum(int(np.prod(array.shape)) for array in weights.values())
    if model.count_params() != count:
        raise ValueError(f"{model.count_params()} parameters, but {count} weights")
    return model


def make_arguments(options, inputs):
    names = ["input_ids"]
    if not isinstance(MODELS[options.model], Classifier):
        names += ["attention_mask", "token_type_ids"]
    arguments = [ops.convert_to_tensor(inputs[name]) for name in names]
    return arguments[0] if len(arguments) == 1 else arguments
