"""Initializers: the distribution a large sample of each has, and the fans it is scaled by."""

import math

from common import keras, np, number, write
from keras.src.initializers.random_initializers import compute_fans

cases = []
KEPT = 0.87962566103423978  # standard deviation of a unit normal cut at ±2


def expected(initializer, fan_in, fan_out):
    """Standard deviation and bound by the definitions, checked below against the sample."""
    config = initializer.get_config()
    kind = type(initializer).__name__
    if isinstance(initializer, keras.initializers.VarianceScaling):
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        deviation = math.sqrt(initializer.scale / max(1.0, fan[initializer.mode]))
        if initializer.distribution == "uniform":
            return deviation, math.sqrt(3) * deviation
        if initializer.distribution == "untruncated_normal":
            return deviation, None
        return deviation, 2 * deviation / KEPT
    if kind == "RandomUniform":
        return (config["maxval"] - config["minval"]) / math.sqrt(12), None
    if kind == "TruncatedNormal":
        return config["stddev"] * KEPT, 2 * config["stddev"]
    if kind == "RandomNormal":
        return config["stddev"], None
    return None, None


def add(name, initializer_name, config, initializer, shape, values, axes=(None, None), layer=None):
    values = np.asarray(values, np.float64)
    fan_in, fan_out = compute_fans(shape, *axes)
    deviation, bound = expected(initializer, fan_in, fan_out)
    if deviation is not None:
        assert abs(values.std() / deviation - 1) < 6 / math.sqrt(2 * values.size), (name, shape)
    if bound is not None:
        assert np.abs(values).max() <= bound * (1 + 1e-6), (name, shape)
        assert np.abs(values).max() > 0.9 * bound, (name, shape)
    cases.append({
        "name": name, "initializer": initializer_name, "config": config, "layer": layer,
        "shape": list(shape), "fan_in": fan_in, "fan_out": fan_out,
        "expected_standard_deviation": deviation, "bound": bound,
        "mean": number(np.float32(values.mean())),
        "standard_deviation": number(np.float32(values.std())),
        "minimum": number(np.float32(values.min())), "maximum": number(np.float32(values.max())),
    })


def case(title, name, config, shape):
    initializer = getattr(keras.initializers, name)(**config)
    seeded = dict(config, seed=7) if "seed" in initializer.get_config() else config
    initializer = getattr(keras.initializers, name)(**seeded)
    values = initializer(shape)
    assert np.array_equal(values, initializer(shape)), "one seed, the same values for every call"
    size = "×".join(map(str, shape))
    add(f"{name}/{title} {size}", name, config, initializer, shape, values)


SHAPES = [(4000,), (40, 100), (16, 10, 25), (3, 4, 20, 15)]
for shape in SHAPES:
    for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform",
                 "LecunNormal", "RandomNormal", "RandomUniform", "TruncatedNormal"):
        case("default", name, {}, shape)
case("σ 0.02", "TruncatedNormal", dict(stddev=0.02), (40, 100))
case("mean 1, σ 0.02", "RandomNormal", dict(mean=1.0, stddev=0.02), (40, 100))
case("-1 to 3", "RandomUniform", dict(minval=-1.0, maxval=3.0), (40, 100))
for mode in ("fan_in", "fan_out", "fan_avg"):
    for distribution in ("truncated_normal", "untruncated_normal", "uniform"):
        case(f"{mode}, {distribution}", "VarianceScaling",
             dict(scale=1.7, mode=mode, distribution=distribution), (40, 100))
for shape in ((40, 100), (100, 40), (16, 10, 25)):
    case("default", "Orthogonal", {}, shape)
case("gain 1.5", "Orthogonal", dict(gain=1.5), (40, 40))
for name, config in (("Zeros", {}), ("Ones", {}), ("Constant", dict(value=0.25))):
    case("default", name, config, (4, 3))
case("gain 2", "Identity", dict(gain=2.0), (4, 3))


def layer_case(title, layer, build, variables, config):
    """What a layer's own default initializer makes of its weights."""
    layer.build(*build)
    for path, axes in variables.items():
        variable = next(v for v in layer.weights if v.path.endswith(path))
        initializer = keras.initializers.GlorotUniform()
        add(f"{title}: {path}", "GlorotUniform", {}, initializer, tuple(variable.shape),
            variable.numpy(), axes,
            layer={"layer": type(layer).__name__, "config": config, "weight": path})


keras.utils.set_random_seed(11)
heads = dict(num_heads=6, key_dim=16)
layer_case("MultiHeadAttention", keras.layers.MultiHeadAttention(**heads),
           ((None, 5, 64), (None, 5, 64)),
           {"query/kernel": ([0], [1, 2]), "key/kernel": ([0], [1, 2]),
            "value/kernel": ([0], [1, 2]), "attention_output/kernel": ([0, 1], [2])}, heads)
for equation, shape, output, axes in (
        ("abc,cde->abde", (None, 5, 64), [None, 6, 16], ([0], [1, 2])),
        ("abcd,cde->abe", (None, 5, 6, 16), [None, 64], ([0, 1], [2])),
        ("ab,bc->ac", (None, 64), [100], ([0], [1]))):
    config = dict(equation=equation, output_shape=output)
    layer_case(f"EinsumDense {equation}", keras.layers.EinsumDense(**config), (shape,),
               {"kernel": axes}, config)
layer_case("Dense", keras.layers.Dense(100), ((None, 40),), {"kernel": ([0], [1])},
           dict(units=100))
embedding = keras.layers.Embedding(100, 40)
embedding.build()
add("Embedding: embeddings", "RandomUniform", {}, keras.initializers.RandomUniform(), (100, 40),
    embedding.weights[0].numpy(), layer={"layer": "Embedding", "weight": "embeddings",
                                         "config": dict(input_dim=100, output_dim=40)})
write("initializers", cases)
