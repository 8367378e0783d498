"""The lesson's classifier (L3), as its user writes it, without dropout."""

from common import keras, np

layers = keras.layers


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, length, vocabulary_size, size, **keywords):
        super().__init__(**keywords)
        self.token_embedding = layers.Embedding(vocabulary_size, size, name="token_embedding")
        self.position_embedding = layers.Embedding(length, size, name="position_embedding")
        self.length = length

    def build(self, input_shape):
        self.token_embedding.build(input_shape)
        self.position_embedding.build((self.length,))

    def call(self, ids):
        positions = keras.ops.arange(self.length)
        return self.token_embedding(ids) + self.position_embedding(positions)


class TransformerBlock(layers.Layer):
    def __init__(self, size, heads, inner_size, **keywords):
        super().__init__(**keywords)
        self.attention = layers.MultiHeadAttention(heads, key_dim=size, name="attention")
        self.inner = layers.Dense(inner_size, activation="relu", name="inner")
        self.outer = layers.Dense(size, name="outer")
        self.normalization_1 = layers.LayerNormalization(epsilon=1e-6, name="normalization_1")
        self.normalization_2 = layers.LayerNormalization(epsilon=1e-6, name="normalization_2")

    def build(self, input_shape):
        self.attention.build(input_shape, input_shape)
        self.normalization_1.build(input_shape)
        self.inner.build(input_shape)
        self.outer.build((*input_shape[:-1], self.inner.units))
        self.normalization_2.build(input_shape)

    def call(self, inputs):
        first = self.normalization_1(inputs + self.attention(inputs, inputs))
        return self.normalization_2(first + self.outer(self.inner(first)))


def lesson_model(vocabulary_size, length, size, heads, inner_size, hidden_units=20, classes=4):
    return keras.Sequential([
        layers.Input((length,), dtype="int32"),
        TokenAndPositionEmbedding(length, vocabulary_size, size, name="embedding"),
        TransformerBlock(size, heads, inner_size, name="transformer_block"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(hidden_units, activation="relu", name="hidden"),
        layers.Dense(classes, activation="softmax", name="classifier"),
    ])


def compile_and_check(model, optimizer):
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert len(weights(model)) == len(model.trainable_variables), "paths are unique"


def weights(model):
    """Weights by their path below the model: `embedding/token_embedding/embeddings`."""
    return {v.path.split("/", 1)[1]: np.array(v) for v in model.trainable_variables}


def train(model, batches):
    """Each batch's loss, before its update."""
    losses = []
    for ids, labels in batches:
        model.reset_metrics()
        losses.append(np.float32(model.train_on_batch(ids, labels, return_dict=True)["loss"]))
    return losses
