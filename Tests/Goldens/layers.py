"""Layers: outputs, output masks, and gradients of sum(output · cotangent)."""

import inspect

from common import generator, keras, maybe_tensor, normal, np, tensor, tf, write

layers = keras.layers
cases = []


class Input:
    """One argument of a call: its value and the mask attached to it."""

    def __init__(self, value, mask=None):
        self.value = np.asarray(value)
        self.mask = None if mask is None else np.asarray(mask, bool)


def attach(value, mask):
    value = tf.convert_to_tensor(value)
    if mask is not None:
        keras.src.backend.set_keras_mask(value, tf.convert_to_tensor(mask))
    return value


def relative(path):
    """A variable's path below the layer: `query/kernel`."""
    return path.split("/", 1)[1]


def case(name, layer_class, config=None, inputs=None, call=None, training=False, weights=None):
    """Runs one layer. `inputs` is a dictionary argument → Input, or a list for merging layers."""
    random = generator(name)
    layer = getattr(layers, layer_class)(**(config or {}), name="layer")
    listed = isinstance(inputs, list)
    named = {f"inputs.{i}": x for i, x in enumerate(inputs)} if listed else inputs
    call = call or {}

    def run():
        values = {key: attach(x.value, x.mask) for key, x in named.items()}
        keywords = dict(call)
        if "training" in inspect.signature(layer.call).parameters:
            keywords["training"] = training
        if listed:
            return values, lambda: layer(list(values.values()), **keywords)
        first, *rest = values
        others = {key: values[key] for key in rest}
        return values, lambda: layer(values[first], **others, **keywords)

    run()[1]()
    layer.set_weights(
        [normal(random, v.shape, 0.7) if weights is None else weights[relative(v.path)]
         for v in layer.weights])

    values, forward = run()
    with tf.GradientTape(persistent=True) as tape:
        for value in values.values():
            if value.dtype.is_floating:
                tape.watch(value)
        outputs = forward()
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        cotangents = [normal(random, o.shape) for o in outputs]
        total = tf.add_n([tf.reduce_sum(o * c) for o, c in zip(outputs, cotangents)])
    trainable = [v.value for v in layer.trainable_weights]
    input_gradients = {
        key: tape.gradient(total, value) if value.dtype.is_floating else None
        for key, value in values.items()}
    cases.append({
        "name": f"{layer_class}/{name}",
        "layer": layer_class,
        "config": config or {},
        "call": call,
        "training": training,
        "inputs": [
            {"name": key, "tensor": tensor(x.value), "mask": maybe_tensor(x.mask),
             "gradient": maybe_tensor(input_gradients[key])} for key, x in named.items()],
        "weights": [
            {"name": relative(v.path), "tensor": tensor(v.numpy()), "gradient": tensor(g)}
            for v, g in zip(layer.trainable_weights, tape.gradient(total, trainable))],
        "outputs": [
            {"tensor": tensor(o.numpy()), "cotangent": tensor(c),
             "mask": maybe_tensor(keras.src.backend.get_keras_mask(o))}
            for o, c in zip(outputs, cotangents)],
    })


def x(name, *shape, mask=None, scale=1.0):
    return Input(normal(generator("input " + name), shape, scale), mask)


def embedding():
    ids = np.array([[1, 0, 4, 4, 2], [0, 6, 0, 3, 0], [0, 0, 0, 0, 0]], np.int32)
    for zero in (False, True):
        case("mask_zero" if zero else "plain", "Embedding",
             dict(input_dim=7, output_dim=3, mask_zero=zero), {"inputs": Input(ids)})
    case("rank 1", "Embedding", dict(input_dim=5, output_dim=1),
         {"inputs": Input(np.array([4, 0, 4, 4], np.int32))})
    case("rank 3", "Embedding", dict(input_dim=7, output_dim=2, mask_zero=True),
         {"inputs": Input(ids.reshape(3, 5, 1))})


ACTIVATIONS = [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "squareplus", "tanh", "tanh_shrink", "threshold"]


def dense():
    for activation in ACTIVATIONS:
        if activation == "threshold":  # has no defaults, so no layer can name it
            continue
        case(activation, "Dense", dict(units=3, activation=activation), {"inputs": x("d", 3, 5)})
    case("no activation", "Dense", dict(units=3), {"inputs": x("d", 3, 5)})
    case("no bias", "Dense", dict(units=4, use_bias=False), {"inputs": x("d", 3, 5)})
    case("rank 3", "Dense", dict(units=3, activation="relu"), {"inputs": x("d3", 2, 3, 5)})
    case("rank 3, no bias", "Dense", dict(units=1, use_bias=False), {"inputs": x("d3", 2, 3, 5)})
    case("rank 4, softmax", "Dense", dict(units=3, activation="softmax"),
         {"inputs": x("d4", 2, 1, 3, 2)})
    case("batch 1, units 1", "Dense", dict(units=1), {"inputs": x("d1", 1, 1)})
    case("masked", "Dense", dict(units=2, activation="tanh"),
         {"inputs": x("d3", 2, 3, 5, mask=[[1, 1, 0], [0, 0, 0]])})


def einsum_dense():
    a = x("e", 2, 3, 5)
    case("ab,bc->ac", "EinsumDense", dict(equation="ab,bc->ac", output_shape=4, bias_axes="c"),
         {"inputs": x("e2", 3, 5)})
    case("abc,cd->abd", "EinsumDense",
         dict(equation="abc,cd->abd", output_shape=[None, 4], bias_axes="d", activation="relu"),
         {"inputs": a})
    case("...x,xy->...y", "EinsumDense",
         dict(equation="...x,xy->...y", output_shape=4, bias_axes="y"), {"inputs": a})
    case("abc,cde->abde", "EinsumDense",
         dict(equation="abc,cde->abde", output_shape=[None, 2, 3], bias_axes="de"),
         {"inputs": a})
    case("abc,cde->abde, bias d", "EinsumDense",
         dict(equation="abc,cde->abde", output_shape=[None, 2, 3], bias_axes="d"), {"inputs": a})
    case("abc,cde->abde, no bias", "EinsumDense",
         dict(equation="abc,cde->abde", output_shape=[None, 2, 3]), {"inputs": a})
    case("abcd,cde->abe", "EinsumDense",
         dict(equation="abcd,cde->abe", output_shape=[None, 4], bias_axes="e"),
         {"inputs": x("e4", 2, 3, 2, 3)})
    case("abc,bd->adc", "EinsumDense",
         dict(equation="abc,bd->adc", output_shape=[4, None], bias_axes="d"), {"inputs": a})



def attention():
    layer = "MultiHeadAttention"
    q, v, k = x("q", 2, 3, 5), x("v", 2, 4, 6), x("k", 2, 4, 3)
    s = x("s", 2, 4, 5)
    same = lambda value: {"query": value, "value": value}
    sizes = dict(num_heads=2, key_dim=3)
    case("self", layer, sizes, same(s))
    case("self, key size above model size", layer, dict(num_heads=2, key_dim=7), same(s))
    case("one head", layer, dict(num_heads=1, key_dim=2), same(s))
    case("cross", layer, sizes, {"query": q, "value": v})
    case("cross with key", layer, sizes, {"query": q, "value": v, "key": k})
    case("value_dim", layer, dict(**sizes, value_dim=4), {"query": q, "value": v})
    case("no bias", layer, dict(**sizes, use_bias=False), same(s))
    case("output_shape", layer, dict(**sizes, output_shape=[2]), {"query": q, "value": v})
    case("output_shape of rank 2", layer, dict(**sizes, output_shape=[2, 3]),
         {"query": q, "value": v})
    causal = dict(use_causal_mask=True)
    scores = dict(return_attention_scores=True)
    case("causal", layer, sizes, same(s), causal)
    case("causal, 3 queries on 4 values", layer, sizes, {"query": q, "value": v}, causal)
    case("scores", layer, sizes, {"query": q, "value": v}, scores)
    case("scores, causal", layer, sizes, same(s), {**causal, **scores})
    given = Input(np.array([[[1, 1, 0, 1], [0, 1, 0, 0], [1, 0, 1, 1]],
                            [[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]]], bool))
    empty = Input(given.value.copy())
    empty.value[0, 1] = False
    for title, mask in (("attention_mask", given), ("fully masked row", empty)):
        tensors = {"query": q, "value": v, "attention_mask": mask}
        case(title, layer, sizes, tensors)
        case(title + ", scores", layer, sizes, tensors, scores)
        case(title + ", causal", layer, sizes, tensors, causal)
        case(title + ", dropout at inference", layer, dict(**sizes, dropout=0.5), tensors)
    masks = {"query": [[1, 1, 0], [1, 0, 0]], "value": [[1, 1, 1, 0], [0, 1, 1, 0]],
             "key": [[1, 0, 1, 1], [1, 1, 0, 1]]}
    masked = {name: Input(t.value, masks[name]) for name, t in zip(masks, (q, v, k))}
    for name in masks:
        tensors = {"query": q, "value": v, "key": k, name: masked[name]}
        case(f"{name} masked", layer, sizes, tensors)
        case(f"{name} masked, scores", layer, sizes, tensors, scores)
    case("query, value and key masked", layer, sizes, masked)
    case("all masks, causal, scores", layer, sizes, {**masked, "attention_mask": given},
         {**causal, **scores})
    self_masked = Input(s.value, [[1, 1, 0, 0], [1, 1, 1, 1]])
    case("self masked", layer, sizes, same(self_masked))
    case("self masked, scores", layer, sizes, same(self_masked), scores)
    case("self masked, causal", layer, sizes, same(self_masked), causal)
    nothing = Input(s.value, [[0, 0, 0, 0], [0, 1, 1, 0]])
    case("self masked, an empty row", layer, sizes, same(nothing))
    case("self masked, an empty row, scores", layer, sizes, same(nothing), scores)


def normalization():
    layer = "LayerNormalization"
    a = x("n", 2, 3, 5)
    case("default", layer, {}, {"inputs": a})
    case("rank 2", layer, {}, {"inputs": x("n2", 3, 5)})
    case("epsilon 1e-6", layer, dict(epsilon=1e-6), {"inputs": a})
    case("epsilon 1e-12, tiny input", layer, dict(epsilon=1e-12),
         {"inputs": Input(a.value * np.float32(0.001))})
    case("axes 1 and 2", layer, dict(axis=[1, 2]), {"inputs": a})
    case("axis 1", layer, dict(axis=1), {"inputs": a})
    case("no center", layer, dict(center=False), {"inputs": a})
    case("no scale", layer, dict(scale=False), {"inputs": a})
    case("no center, no scale", layer, dict(center=False, scale=False), {"inputs": a})
    case("constant row", layer, {}, {"inputs": Input(np.full((2, 5), 1.5, np.float32))})
    case("width 1", layer, {}, {"inputs": x("n1", 3, 1)})
    case("far from zero", layer, dict(epsilon=1e-6),
         {"inputs": Input(a.value + np.float32(100))})
    case("masked", layer, {}, {"inputs": Input(a.value, [[1, 0, 1], [0, 0, 0]])})


def elementwise():
    a, masked = x("a", 2, 3, 5), x("a", 2, 3, 5, mask=[[1, 0, 1], [1, 1, 0]])
    case("inference", "Dropout", dict(rate=0.4), {"inputs": masked})
    case("rate 0, training", "Dropout", dict(rate=0.0), {"inputs": a}, training=True)
    case("rate 1, training", "Dropout", dict(rate=1.0), {"inputs": a}, training=True)
    case("relu", "Activation", dict(activation="relu"), {"inputs": masked})
    case("softmax", "Activation", dict(activation="softmax"), {"inputs": a})
    case("default", "ReLU", {}, {"inputs": a})
    case("max, slope, threshold", "ReLU",
         dict(max_value=0.9, negative_slope=0.1, threshold=0.3), {"inputs": a})
    case("default", "LeakyReLU", {}, {"inputs": a})
    case("alpha 0.5", "ELU", dict(alpha=0.5), {"inputs": a})
    case("shared axis", "PReLU", dict(shared_axes=[1]), {"inputs": a})
    case("default", "Identity", {}, {"inputs": masked})
    case("default", "Softmax", {}, {"inputs": a})
    case("axis 1", "Softmax", dict(axis=1), {"inputs": a})
    case("axes 1 and 2", "Softmax", dict(axis=[1, 2]), {"inputs": a})
    keep = np.array([[[1, 1, 0, 1, 0]], [[0, 0, 0, 0, 0]]], bool)
    case("mask", "Softmax", {}, {"inputs": a, "mask": Input(np.tile(keep, (1, 3, 1)))})
    case("broadcast mask", "Softmax", {}, {"inputs": a, "mask": Input(keep)})
    case("axes 1 and 2, mask", "Softmax", dict(axis=[1, 2]), {"inputs": a, "mask": Input(keep)})
    case("large logits", "Softmax", {},
         {"inputs": Input(np.array([[1e4, -1e4, 9999], [88.8, 89.5, -200]], np.float32))})


def pooling():
    a = x("p", 2, 4, 3)
    mask = [[1, 0, 1, 1], [0, 1, 0, 0]]
    for layer in ("GlobalAveragePooling1D", "GlobalMaxPooling1D"):
        case("default", layer, {}, {"inputs": a})
        case("keepdims", layer, dict(keepdims=True), {"inputs": a})
        case("channels_first", layer, dict(data_format="channels_first"), {"inputs": a})
        case("length 1", layer, {}, {"inputs": x("p1", 2, 1, 3)})
        case("masked", layer, {}, {"inputs": Input(a.value, mask)})
        case("masked, keepdims", layer, dict(keepdims=True), {"inputs": Input(a.value, mask)})
    layer = "GlobalAveragePooling1D"
    case("masked, channels_first", layer, dict(data_format="channels_first", keepdims=True),
         {"inputs": Input(a.value, [[1, 0, 1], [0, 1, 0]])})
    case("all masked", layer, {}, {"inputs": Input(a.value, [[0, 0, 0, 0], [1, 1, 1, 1]])})


def merging():
    a, b, c = x("m1", 2, 3, 5), x("m2", 2, 3, 5), x("m3", 2, 3, 5)
    one, two = [[1, 0, 1], [0, 0, 0]], [[1, 1, 0], [0, 1, 0]]
    for layer in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        case("two", layer, {}, [a, b])
        if layer != "Subtract":
            case("three", layer, {}, [a, b, c])
        case("broadcast", layer, {}, [a, x("m4", 2, 1, 5)])
        case("broadcast, lower rank", layer, {}, [a, x("m5", 2, 5)])
        case("both masked", layer, {}, [Input(a.value, one), Input(b.value, two)])
        case("one masked", layer, {}, [Input(a.value, one), b])
    case("default", "Concatenate", {}, [a, x("m6", 2, 3, 2), c])
    case("axis 1", "Concatenate", dict(axis=1), [a, x("m7", 2, 1, 5)])
    case("rank 2", "Concatenate", {}, [x("m8", 3, 1), x("m9", 3, 4)])
    case("both masked", "Concatenate", {}, [Input(a.value, one), Input(b.value, two)])
    case("one masked", "Concatenate", {}, [Input(a.value, one), b])
    case("axis 1, both masked", "Concatenate", dict(axis=1),
         [Input(a.value, one), Input(b.value, two)])
    case("axis 1, one masked", "Concatenate", dict(axis=1), [a, Input(b.value, two)])
    case("axes 1", "Dot", dict(axes=1), [a, x("m10", 2, 3, 4)])
    case("axes 2 and 1", "Dot", dict(axes=[2, 1]), [a, x("m11", 2, 5, 4)])
    case("rank 2, normalized", "Dot", dict(axes=1, normalize=True),
         [x("m12", 3, 5), x("m13", 3, 5)])


def reshaping():
    a = x("r", 2, 3, 4)
    case("rank 3", "Flatten", {}, {"inputs": a})
    case("rank 2", "Flatten", {}, {"inputs": x("r2", 2, 3)})
    case("rank 1", "Flatten", {}, {"inputs": x("r1", 3)})
    case("channels_first", "Flatten", dict(data_format="channels_first"), {"inputs": a})
    case("given", "Reshape", dict(target_shape=[6, 2]), {"inputs": a})
    case("one inferred", "Reshape", dict(target_shape=[2, -1, 3]), {"inputs": a})
    case("all inferred", "Reshape", dict(target_shape=[-1]), {"inputs": a})
    case("2, 1", "Permute", dict(dims=[2, 1]), {"inputs": a})
    case("3, 1, 2", "Permute", dict(dims=[3, 1, 2]), {"inputs": x("r4", 2, 3, 4, 2)})
    case("3", "RepeatVector", dict(n=3), {"inputs": x("r2", 2, 3)})
    gaps = a.value.copy()
    gaps[0, 1] = 0
    gaps[1, 0, :2] = 0
    gaps[1, 2] = -1
    case("zero", "Masking", {}, {"inputs": Input(gaps)})
    case("minus one", "Masking", dict(mask_value=-1.0), {"inputs": Input(gaps)})


for make in (embedding, dense, einsum_dense, attention, normalization, elementwise, pooling,
             merging, reshaping):
    make()
write("layers", cases)
