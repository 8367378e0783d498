"""Losses: values and gradients with respect to the predictions."""

from common import generator, keras, maybe_tensor, normal, np, tensor, tf, write

cases = []
REDUCTIONS = ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"]


def case(name, loss, y_true, y_pred, config=None, sample_weight=None, mask=None, logits_of=None):
    """`logits_of`: `y_pred` holds logits, the loss is given this activation of them."""
    config = config or {}
    function = getattr(keras.losses, loss)(**config)
    random = generator(f"{loss} {name}")
    value = tf.constant(y_pred, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(value)
        given = getattr(keras.activations, logits_of)(value) if logits_of else tf.identity(value)
        if mask is not None:
            keras.src.backend.set_keras_mask(given, tf.constant(mask))
        result = function(tf.constant(y_true), given, sample_weight)
        cotangent = normal(random, result.shape) if result.shape.rank else np.float32(1)
        total = tf.reduce_sum(result * cotangent)
    cases.append({
        "name": f"{loss}/{name}",
        "loss": loss,
        "config": config,
        "activation": logits_of,
        "y_true": tensor(y_true),
        "y_pred": tensor(value),
        "mask": maybe_tensor(mask),
        "sample_weight": maybe_tensor(sample_weight),
        "value": tensor(result),
        "cotangent": tensor(cotangent),
        "gradient": tensor(tape.gradient(total, value)),
    })


def softmax(value):
    exponential = np.exp(value - value.max(-1, keepdims=True))
    return np.round(exponential / exponential.sum(-1, keepdims=True), 3).astype(np.float32)


def reductions(loss, y_true, y_pred, config=None, title=""):
    """All reductions, plain and with weights; with a mask and with both when of rank 3."""
    config = config or {}
    batch = len(y_pred)
    weight = np.array([0.5, 2, 0, 1.25, 3][:batch], np.float32)
    weight = weight[:, None] if y_pred.ndim == 3 else weight
    for reduction in REDUCTIONS:
        given = dict(config, reduction=reduction)
        case(f"{title}{reduction}", loss, y_true, y_pred, given)
        case(f"{title}{reduction}, sample_weight", loss, y_true, y_pred, given, weight)
        if y_pred.ndim == 3:
            shape = y_pred.shape[:2]
            mask = generator("mask").random(shape) < 0.6
            steps = np.round(generator("steps").random(shape) * 2, 2).astype(np.float32)
            case(f"{title}{reduction}, mask", loss, y_true, y_pred, given, None, mask)
            case(f"{title}{reduction}, mask, sample_weight", loss, y_true, y_pred, given, weight,
                 mask)
            case(f"{title}{reduction}, sample_weight of steps", loss, y_true, y_pred, given, steps)
            case(f"{title}{reduction}, mask, sample_weight of steps", loss, y_true, y_pred, given,
                 steps, mask)
    if y_pred.ndim == 3:
        case(f"{title}all masked", loss, y_true, y_pred, config, None,
             np.zeros(y_pred.shape[:2], bool))


random = generator("data")
labels = np.array([2, 0, 3, 1, 2], np.int32)
logits = normal(random, (5, 4), 1.5)
probabilities = softmax(logits)
steps = np.array([[0, 3, 1], [2, 2, 0]], np.int32)
step_logits = normal(random, (2, 3, 4), 1.5)
step_probabilities = softmax(step_logits)
one_hot = lambda value: np.eye(4, dtype=np.float32)[value]
extreme = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0.5, 0.5, 0, 0]],
                   np.float32)
summing = extreme + np.array([[0], [0], [1], [0], [0]], np.float32)  # no row of zeros
extreme_logits = np.array([[60, -60, 0, 0], [1000, -1000, 5, 0], [-30, -30, -30, -30],
                           [88, 89, 90, 91], [0, 0, 0, 1e-6]], np.float32)
from_logits = dict(from_logits=True)

SPARSE = "SparseCategoricalCrossentropy"
reductions(SPARSE, labels, probabilities)
case("from_logits", SPARSE, labels, logits, from_logits)
case("column of labels", SPARSE, labels[:, None], probabilities)
case("not normalized", SPARSE, labels, (probabilities * 1.7).astype(np.float32))
case("extreme", SPARSE, labels, extreme)
case("extreme, from_logits", SPARSE, labels, extreme_logits, from_logits)
case("softmax of logits", SPARSE, labels, logits, logits_of="softmax")
case("softmax of extreme logits", SPARSE, np.array([1, 1, 0, 0, 3], np.int32), extreme_logits,
     logits_of="softmax")
case("ignore_class 2", SPARSE, labels, probabilities, dict(ignore_class=2))
case("ignore_class 2, sample_weight", SPARSE, labels, probabilities, dict(ignore_class=2),
     np.array([1, 2, 3, 0.5, 1], np.float32))
case("ignore_class -1, from_logits", SPARSE, np.array([2, -1, 3, -1, 2], np.int32), logits,
     dict(ignore_class=-1, from_logits=True))
case("ignore_class -1, none", SPARSE, np.array([2, -1, 3, -1, 2], np.int32), probabilities,
     dict(ignore_class=-1, reduction="none"))
case("ignore_class of every label", SPARSE, np.full(5, 1, np.int32), probabilities,
     dict(ignore_class=1))
reductions(SPARSE, steps, step_logits, from_logits, title="steps, ")
case("steps, ignore_class 2, mask", SPARSE, steps, step_probabilities, dict(ignore_class=2), None,
     np.array([[1, 1, 0], [1, 1, 1]], bool))

CATEGORICAL = "CategoricalCrossentropy"
soft = softmax(normal(random, (5, 4)))
reductions(CATEGORICAL, one_hot(labels), probabilities)
reductions(CATEGORICAL, one_hot(steps), step_probabilities, title="steps, ")
case("from_logits", CATEGORICAL, one_hot(labels), logits, from_logits)
case("soft targets", CATEGORICAL, soft, probabilities)
case("soft targets, from_logits", CATEGORICAL, soft, logits, from_logits)
case("label_smoothing", CATEGORICAL, one_hot(labels), probabilities, dict(label_smoothing=0.1))
case("label_smoothing, from_logits", CATEGORICAL, one_hot(labels), logits,
     dict(label_smoothing=0.3, from_logits=True))
case("not normalized", CATEGORICAL, one_hot(labels), (probabilities * 1.7).astype(np.float32))
case("extreme", CATEGORICAL, one_hot(labels), summing)
case("row of zeros", CATEGORICAL, one_hot(labels), extreme, dict(reduction="none"))
case("extreme, label_smoothing", CATEGORICAL, one_hot(labels), summing, dict(label_smoothing=0.1))
case("extreme, from_logits", CATEGORICAL, one_hot(labels), extreme_logits, from_logits)
case("softmax of logits", CATEGORICAL, one_hot(labels), logits, logits_of="softmax")
case("softmax of extreme logits", CATEGORICAL, one_hot(labels), extreme_logits,
     logits_of="softmax")

BINARY = "BinaryCrossentropy"
bits = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0], [1, 0, 0]], np.float32)
bit_logits = normal(random, (5, 3), 2)
bit_probabilities = np.round(1 / (1 + np.exp(-bit_logits)), 3).astype(np.float32)
step_bits = (generator("step bits").random((2, 3, 2)) < 0.5).astype(np.float32)
step_bit_probabilities = np.round(generator("step bit").random((2, 3, 2)), 3).astype(np.float32)
reductions(BINARY, bits, bit_probabilities)
reductions(BINARY, step_bits, step_bit_probabilities, title="steps, ")
case("from_logits", BINARY, bits, bit_logits, from_logits)
case("label_smoothing", BINARY, bits, bit_probabilities, dict(label_smoothing=0.2))
case("label_smoothing, from_logits", BINARY, bits, bit_logits,
     dict(label_smoothing=0.2, from_logits=True))
case("vector of labels, column of predictions", BINARY, bits[:, 0], bit_probabilities[:, :1])
case("extreme", BINARY, bits[:2], np.array([[0, 1, 1], [0, 1, 0]], np.float32))
case("extreme, from_logits", BINARY, bits[:2],
     np.array([[-100, 100, 100], [0, 1000, -1000]], np.float32), from_logits)
case("sigmoid of logits", BINARY, bits, bit_logits, logits_of="sigmoid")
case("sigmoid of extreme logits", BINARY, bits[:2],
     np.array([[-100, 100, 100], [0, 40, -40]], np.float32), logits_of="sigmoid")

y_true, y_pred = normal(random, (5, 3)), normal(random, (5, 3))
positive_true = np.round(np.abs(y_true), 3)
positive_pred = np.round(np.abs(y_pred) + np.float32(0.1), 3)
step_true, step_pred = normal(random, (2, 3, 2)), normal(random, (2, 3, 2))
for loss in ("MeanSquaredError", "MeanAbsoluteError"):
    reductions(loss, y_true, y_pred)
    reductions(loss, step_true, step_pred, title="steps, ")
    case("vector and column", loss, y_true[:, 0], y_pred[:, :1])
    case("exact", loss, y_true, y_true)
for loss in ("Huber", "LogCosh", "CosineSimilarity"):
    case("default", loss, y_true, y_pred)
    case("large", loss, y_true * 30, y_pred * 30)
case("delta 0.3", "Huber", y_true, y_pred, dict(delta=0.3))
case("axis 0", "CosineSimilarity", y_true, y_pred, dict(axis=0))
case("zero row", "CosineSimilarity", y_true * np.array([[1, 1, 0, 1, 1]], np.float32).T, y_pred)
case("default", "MeanAbsolutePercentageError", y_true, y_pred)
case("default", "MeanSquaredLogarithmicError", positive_true, positive_pred)
case("default", "Poisson", positive_true, positive_pred)
case("default", "KLDivergence", soft, probabilities)
case("extreme", "KLDivergence", soft, extreme)
for loss in ("Hinge", "SquaredHinge"):
    case("labels 0 and 1", loss, bits, bit_logits)
    case("labels -1 and 1", loss, bits * 2 - 1, bit_logits)
case("one hot", "CategoricalHinge", one_hot(labels), logits)
FOCAL = "BinaryFocalCrossentropy"
case("default", FOCAL, bits, bit_probabilities)
case("balanced, gamma 3", FOCAL, bits, bit_probabilities,
     dict(apply_class_balancing=True, alpha=0.3, gamma=3.0))
case("from_logits", FOCAL, bits, bit_logits, from_logits)
case("default", "CategoricalFocalCrossentropy", one_hot(labels), probabilities)
write("losses", cases)
