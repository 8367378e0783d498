"""Metrics: the result after each of several updates, and after a reset."""

from common import generator, keras, maybe_tensor, normal, np, tensor, tf, write

cases = []


def case(name, metric, updates, config=None):
    """`updates`: dictionaries of y_true, y_pred, sample_weight, mask; or values, sample_weight."""
    config = config or {}
    function = getattr(keras.metrics, metric)(**config)
    results = []
    for update in updates:
        arguments = {key: tf.constant(value) for key, value in update.items() if key != "mask"}
        if "mask" in update:
            keras.src.backend.set_keras_mask(arguments["y_pred"], tf.constant(update["mask"]))
        function.update_state(**arguments)
        results.append(tensor(function.result()))
    function.reset_state()
    cases.append({
        "name": f"{metric}/{name}",
        "metric": metric,
        "config": config,
        "updates": [
            {**{key: tensor(value) for key, value in update.items()}, "result": result}
            for update, result in zip(updates, results)],
        "empty_result": tensor(function.result()),
    })


random = generator("metrics")
CLASSES = 6
BATCHES = (5, 3, 4)
WEIGHTS = [np.round(random.random(size) * 2, 2).astype(np.float32) for size in BATCHES]
WEIGHTS[0][1] = 0


def updates(make, weighted=False):
    return [dict(make(size), **({"sample_weight": WEIGHTS[i]} if weighted else {}))
            for i, size in enumerate(BATCHES)]


def sparse(size):
    scores = normal(random, (size, CLASSES))
    return {"y_true": random.integers(0, CLASSES, size).astype(np.int32), "y_pred": scores}


def one_hot(size):
    data = sparse(size)
    return dict(data, y_true=np.eye(CLASSES, dtype=np.float32)[data["y_true"]])


def binary(size):
    return {"y_true": (random.random((size, 1)) < 0.5).astype(np.float32),
            "y_pred": np.round(random.random((size, 1)), 2).astype(np.float32)}


def multilabel(size):
    return {"y_true": (random.random((size, 3)) < 0.5).astype(np.float32),
            "y_pred": np.round(random.random((size, 3)), 2).astype(np.float32)}


def steps(size):
    return {"y_true": random.integers(0, CLASSES, (size, 3)).astype(np.int32),
            "y_pred": normal(random, (size, 3, CLASSES)), "mask": random.random((size, 3)) < 0.6}


def masked_bits(size):
    return dict(multilabel(size), mask=random.random((size, 3)) < 0.6)


def masked_rows(make):
    return lambda size: dict(make(size), mask=random.random(size) < 0.6)


for weighted in (False, True):
    title = "sample_weight" if weighted else "plain"
    case(title, "SparseCategoricalAccuracy", updates(sparse, weighted))
    case(title, "CategoricalAccuracy", updates(one_hot, weighted))
    case(title, "BinaryAccuracy", updates(binary, weighted))
    case(f"{title}, multilabel", "BinaryAccuracy", updates(multilabel, weighted))
    case(f"{title}, threshold 0.8", "BinaryAccuracy", updates(binary, weighted),
         dict(threshold=0.8))
    case(f"{title}, k 2", "SparseTopKCategoricalAccuracy", updates(sparse, weighted), dict(k=2))
    case(f"{title}, k 2", "TopKCategoricalAccuracy", updates(one_hot, weighted), dict(k=2))
    case(title, "SparseTopKCategoricalAccuracy", updates(sparse, weighted))
    for metric in ("Precision", "Recall"):
        case(title, metric, updates(binary, weighted))
        case(f"{title}, multilabel", metric, updates(multilabel, weighted))
        case(f"{title}, threshold 0.3", metric, updates(binary, weighted), dict(thresholds=0.3))
        case(f"{title}, two thresholds", metric, updates(multilabel, weighted),
             dict(thresholds=[0.25, 0.75]))
        case(f"{title}, top 2", metric, updates(one_hot, weighted), dict(top_k=2))
        case(f"{title}, class 1", metric, updates(multilabel, weighted), dict(class_id=1))
        case(f"{title}, top 2 of class 1", metric, updates(one_hot, weighted),
             dict(top_k=2, class_id=1))
    for average in (None, "micro", "macro", "weighted"):
        case(f"{title}, {average}", "F1Score", updates(one_hot, weighted), dict(average=average))
        case(f"{title}, {average}, threshold 0.4", "F1Score", updates(multilabel, weighted),
             dict(average=average, threshold=0.4))
    case(f"{title}, beta 2", "FBetaScore", updates(one_hot, weighted),
         dict(average="macro", beta=2.0))
    case(title, "AUC", updates(binary, weighted))
    case(f"{title}, PR", "AUC", updates(binary, weighted), dict(curve="PR", num_thresholds=20))
    for metric in ("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError"):
        case(title, metric, updates(multilabel, weighted))
    for metric in ("SparseCategoricalCrossentropy", "CategoricalCrossentropy"):
        make = sparse if metric[0] == "S" else one_hot
        case(f"{title}, from_logits", metric, updates(make, weighted), dict(from_logits=True))
    case(title, "BinaryCrossentropy", updates(binary, weighted))

for metric in ("Mean", "Sum"):
    case("numbers", metric, [dict(values=np.float32(v)) for v in (1.5, -2, 0.25)])
    case("weighted numbers", metric,
         [dict(values=np.float32(v), sample_weight=np.float32(w))
          for v, w in ((1.5, 3), (-2, 0), (0.25, 1.5))])
    case("tensors", metric, [dict(values=normal(random, (4, 2))), dict(values=normal(random, 3))])
    case("weighted tensors", metric,
         [dict(values=normal(random, (size, 2)), sample_weight=WEIGHTS[i])
          for i, size in enumerate(BATCHES)])
    case("weights of zero", metric,
         [dict(values=np.ones(3, np.float32), sample_weight=np.zeros(3, np.float32))])

case("labels", "Accuracy", updates(lambda size: {
    "y_true": random.integers(0, 3, size).astype(np.float32),
    "y_pred": random.integers(0, 3, size).astype(np.float32)}))
case("column of labels", "SparseCategoricalAccuracy", updates(
    lambda size: {k: v[:, None] if k == "y_true" else v for k, v in sparse(size).items()}))
case("steps, mask", "SparseCategoricalAccuracy", updates(steps))
case("steps, mask, sample_weight of steps", "SparseCategoricalAccuracy", updates(
    lambda size: dict(steps(size), sample_weight=normal(random, (size, 3)) ** 2)))
case("rows masked", "SparseCategoricalAccuracy", updates(masked_rows(sparse)))
case("rows masked", "CategoricalAccuracy", updates(masked_rows(one_hot)))
case("all masked", "SparseCategoricalAccuracy",
     [dict(sparse(4), mask=np.zeros(4, bool))])
case("rows masked", "Precision", updates(masked_rows(binary)))
case("rows masked", "Recall", updates(masked_rows(binary)))
case("rows masked", "F1Score", updates(masked_rows(one_hot)))
tied = np.array([[1, 1, 0], [0, 2, 2], [3, 3, 3], [0, 0, 0]], np.float32)
case("ties", "SparseCategoricalAccuracy", [dict(y_true=np.array([1, 2, 0, 0], np.int32),
                                                y_pred=tied)])
case("ties, k 1", "SparseTopKCategoricalAccuracy",
     [dict(y_true=np.array([1, 2, 2, 0], np.int32), y_pred=tied)], dict(k=1))
case("ties, k 2", "SparseTopKCategoricalAccuracy",
     [dict(y_true=np.array([2, 0, 2, 0], np.int32), y_pred=tied)], dict(k=2))
case("ties", "F1Score", [dict(y_true=np.eye(3, dtype=np.float32)[[1, 2, 0, 0]], y_pred=tied)])
case("at the threshold", "BinaryAccuracy",
     [dict(y_true=np.array([1, 0], np.float32), y_pred=np.array([0.5, 0.5], np.float32))])
zeros, ones = np.zeros((3, 1), np.float32), np.ones((3, 1), np.float32)
for metric in ("Precision", "Recall", "F1Score", "AUC"):
    config = dict(threshold=0.5) if metric == "F1Score" else {}
    case("no positives", metric, [dict(y_true=zeros, y_pred=np.full((3, 1), 0.7, np.float32))],
         config)
    case("none predicted", metric, [dict(y_true=ones, y_pred=np.full((3, 1), 0.2, np.float32))],
         config)
    case("neither", metric, [dict(y_true=zeros, y_pred=np.full((3, 1), 0.2, np.float32))], config)
    case("at the threshold", metric, [dict(y_true=ones, y_pred=np.full((3, 1), 0.5, np.float32))],
         config)
case("a row of zeros", "F1Score",
     [dict(y_true=np.eye(3, dtype=np.float32), y_pred=np.array(
         [[0.2, 0.1, 0], [0, 0, 0], [0.5, 0.5, 0.1]], np.float32))])
write("metrics", cases)
