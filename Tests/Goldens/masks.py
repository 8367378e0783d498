"""Masks: which layers make, pass, merge, consume or drop them, and with a warning or without."""

import warnings

from common import generator, keras, maybe_tensor, normal, np, tensor, tf, write

layers = keras.layers
backend = keras.src.backend
cases = []

ONE = np.array([[1, 0, 1, 1], [0, 1, 0, 0]], bool)
TWO = np.array([[1, 1, 0, 0], [0, 1, 0, 1]], bool)
SHAPE = (2, 4, 3)


def attach(value, mask):
    value = tf.convert_to_tensor(value)
    if mask is not None:
        backend.set_keras_mask(value, tf.convert_to_tensor(mask))
    return value


def case(name, layer_class, config=None, masks=(ONE,), shapes=None, build=None):
    random = generator(name)
    layer = build() if build else getattr(layers, layer_class)(**(config or {}))
    shapes = shapes or [SHAPE] * len(masks)
    values = [normal(random, shape) for shape in shapes]
    inputs = [attach(value, mask) for value, mask in zip(values, masks)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if layer_class == "MultiHeadAttention":
            output = layer(*inputs)
        else:
            output = layer(inputs if len(inputs) > 1 else inputs[0])
    cases.append({
        "name": f"{layer_class}/{name}",
        "layer": layer_class,
        "config": config or {},
        "inputs": [{"shape": list(v.shape), "mask": maybe_tensor(m)}
                   for v, m in zip(values, masks)],
        "output_shape": list(output.shape),
        "output_mask": maybe_tensor(backend.get_keras_mask(output)),
        "warns": any("destroy the mask" in str(w.message) for w in caught),
    })


for layer_class, config in [
        ("Dense", dict(units=2)), ("Activation", dict(activation="relu")), ("ReLU", {}),
        ("LeakyReLU", {}), ("ELU", {}), ("PReLU", {}), ("Softmax", {}), ("Identity", {}),
        ("Dropout", dict(rate=0.5)), ("SpatialDropout1D", dict(rate=0.5)),
        ("GaussianDropout", dict(rate=0.5)), ("GaussianNoise", dict(stddev=0.5)),
        ("AlphaDropout", dict(rate=0.5)), ("ActivityRegularization", {}),
        ("LayerNormalization", {}), ("BatchNormalization", {}),
        ("GroupNormalization", dict(groups=3)), ("UnitNormalization", {}),
        ("RMSNormalization", {}),
        ("EinsumDense", dict(equation="abc,cd->abd", output_shape=[None, 2])),
        ("Flatten", {}), ("Reshape", dict(target_shape=[3, 4])), ("Permute", dict(dims=[2, 1])),
        ("GlobalAveragePooling1D", {}), ("GlobalMaxPooling1D", {}),
        ("GlobalAveragePooling1D", dict(keepdims=True)), ("MaxPooling1D", dict(pool_size=2)),
        ("AveragePooling1D", dict(pool_size=2)), ("Conv1D", dict(filters=2, kernel_size=2)),
        ("Cropping1D", {}), ("ZeroPadding1D", {}), ("UpSampling1D", {}),
        ("Rescaling", dict(scale=2.0)),
        ("LSTM", dict(units=2)), ("LSTM", dict(units=2, return_sequences=True)),
        ("GRU", dict(units=2)), ("GRU", dict(units=2, return_sequences=True)),
        ("SimpleRNN", dict(units=2, return_sequences=True))]:
    suffix = ", ".join(f"{k} {v}" for k, v in config.items())
    if layer_class == "Softmax":  # its mask is for the scores, so it has their shape
        case("mask of the inputs' shape", layer_class, {}, masks=(np.repeat(ONE[..., None], 3, 2),))
    else:
        case(suffix or "default", layer_class, config)

case("a sequence made of one vector", "RepeatVector", dict(n=3), masks=(ONE[:, 0],),
     shapes=[(2, 3)])
case("around Dense", "TimeDistributed", {"layer": "Dense", "units": 2},
     build=lambda: layers.TimeDistributed(layers.Dense(2)))
case("around LSTM, return_sequences", "Bidirectional",
     {"layer": "LSTM", "units": 2, "return_sequences": True},
     build=lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)))
case("negation", "Lambda", build=lambda: layers.Lambda(lambda value: -value))


class Custom(layers.Layer):
    def call(self, inputs):
        return -inputs


class Declared(Custom):
    def __init__(self):
        super().__init__()
        self.supports_masking = True


case("custom", "custom layer", build=Custom)
case("custom with supports_masking", "custom layer", build=Declared)
case("raw addition inside a model", "x + y", masks=(ONE, None),
     build=lambda: lambda pair: pair[0] + pair[1])

for layer_class in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
    case("both masked", layer_class, masks=(ONE, TWO))
    case("first masked", layer_class, masks=(ONE, None))
    case("second masked", layer_class, masks=(None, TWO))
case("three masked", "Add", masks=(ONE, TWO, ~ONE & TWO))
case("both masked", "Concatenate", masks=(ONE, TWO))
case("first masked", "Concatenate", masks=(ONE, None))
case("axis 1, both masked", "Concatenate", dict(axis=1), masks=(ONE, TWO))
case("axis 1, first masked", "Concatenate", dict(axis=1), masks=(ONE, None))
case("both masked", "Dot", dict(axes=2), masks=(ONE, TWO))
heads = dict(num_heads=1, key_dim=2)
case("query masked", "MultiHeadAttention", heads, masks=(ONE, None))
case("value masked", "MultiHeadAttention", heads, masks=(None, TWO))
case("both masked", "MultiHeadAttention", heads, masks=(ONE, TWO))
case("Bahdanau, both masked", "AdditiveAttention", masks=(ONE, TWO))
case("dot product, both masked", "Attention", masks=(ONE, TWO))
write("masks", cases)
