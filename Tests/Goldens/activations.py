"""Activation functions: values and derivatives over a grid that reaches the extremes."""

from common import generator, keras, normal, np, tensor, tf, write

cases = []
GRID = np.array(
    [-1e30, -1e4, -100, -88.5, -50, -20, -10, -6, -5, -4, -3, -2.5, -2, -1.5, -1, -0.75, -0.5, -0.3,
     -0.25, -0.1, -1e-3, -1e-8, 0, 1e-8, 1e-3, 0.1, 0.25, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5,
     5.5, 6, 6.5, 10, 20, 50, 88, 100, 1e4, 1e30], np.float32)


def case(name, activation, config=None, value=GRID):
    function = getattr(keras.activations, activation)
    value = tf.constant(value)
    random = generator(name)
    with tf.GradientTape() as tape:
        tape.watch(value)
        output = function(value, **(config or {}))
        cotangent = (np.ones(output.shape, np.float32) if value is None or len(value.shape) == 1
                     else normal(random, output.shape))
        total = tf.reduce_sum(output * cotangent)
    cases.append({
        "name": name, "activation": activation, "config": config or {}, "x": tensor(value),
        "y": tensor(output), "cotangent": tensor(cotangent),
        "gradient": tensor(tape.gradient(total, value)),
    })


ELEMENTWISE = [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh",
    "tanh_shrink"]
for activation in ELEMENTWISE:
    case(activation, activation)
case("threshold 0.5 or -1", "threshold", dict(threshold=0.5, default_value=-1.0))
case("celu, alpha 0.5", "celu", dict(alpha=0.5))
case("elu, alpha 0.5", "elu", dict(alpha=0.5))
case("gelu, tanh-approximate", "gelu", dict(approximate=True))
case("hard_shrink 1", "hard_shrink", dict(threshold=1.0))
case("soft_shrink 1", "soft_shrink", dict(threshold=1.0))
case("leaky_relu, slope 0.3", "leaky_relu", dict(negative_slope=0.3))
case("relu, slope, maximum, threshold", "relu",
     dict(negative_slope=0.1, max_value=2.25, threshold=0.4))
case("squareplus, b 1", "squareplus", dict(b=1.0))

ROWS = np.concatenate([
    normal(generator("rows"), (3, 4)),
    np.array([[1e4, -1e4, 9999, 0], [88, 89, -200, 88.5], [0, 0, 0, 0], [-1e30, 1, 2, 3]],
             np.float32)])
CUBE = normal(generator("cube"), (2, 4, 3))
for activation in ("softmax", "log_softmax", "sparsemax", "glu"):
    case(f"{activation} of rows", activation, value=ROWS)
for activation in ("softmax", "log_softmax", "sparsemax", "glu"):
    case(f"{activation}, axis 1", activation, dict(axis=1), value=CUBE)
write("activations", cases)
