"""Optimizers: parameters and slots after each of ten steps on given gradients."""

from common import generator, keras, normal, np, number, tensor, tf, write
from schedules import create_optimizer_schedule

cases = []
STEPS = 10
SHAPES = {"dense/kernel": (2, 3), "dense/bias": (3,), "layer_normalization/gamma": (3,),
          "embedding/embeddings": (3, 2)}
random = generator("optimizers")
INITIAL = {path: normal(random, shape) for path, shape in SHAPES.items()}
# Some steps have gradients that every clipping changes, some that none does.
SIZES = [1, 0.05, 3, 0.5, 0.01, 10, 1, 0.2, 1, 2]
GRADIENTS = [{path: np.round(size * normal(random, shape), 4) for path, shape in SHAPES.items()}
             for size in SIZES]
GRADIENTS[4]["dense/bias"][:] = 0


def variables():
    made = []
    for path, value in INITIAL.items():
        scope, name = path.split("/")
        with keras.name_scope(scope):
            made.append(keras.Variable(value, name=name))
    assert [v.path for v in made] == list(SHAPES)
    return made


def described(value):
    """A schedule in a configuration, as its class and its own configuration."""
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        config = {k: v for k, v in value.get_config().items() if k != "name" and v is not None}
        return {"schedule": type(value).__name__, "config": config}
    return value


def case(name, optimizer, config, exclude=None, exclude_paths=None, schedule=None):
    """`schedule` replaces how a learning rate that Keras has no class for is described."""
    function = getattr(keras.optimizers, optimizer)(**config)
    made = variables()
    if exclude or exclude_paths:
        function.exclude_from_weight_decay(
            var_list=[v for v in made if v.path in (exclude_paths or [])] or None,
            var_names=exclude)
    function.build(made)
    slots = [v for v in function.variables if v.name not in ("iteration", "learning_rate")]
    steps = []
    for gradients in GRADIENTS:
        rate = np.float32(function.learning_rate)
        function.apply([tf.constant(g) for g in gradients.values()], made)
        steps.append({
            "learning_rate": number(rate),
            "parameters": [tensor(v.numpy()) for v in made],
            "slots": [tensor(v.numpy()) for v in slots]})
    shown = dict(config, learning_rate=schedule) if schedule else {
        key: described(value) for key, value in config.items()}
    cases.append({
        "name": f"{optimizer}/{name}",
        "optimizer": optimizer,
        "config": shown,
        "excluded_names": exclude,
        "excluded_variables": exclude_paths,
        "variables": [{"name": path, "tensor": tensor(value)} for path, value in INITIAL.items()],
        "gradients": [[tensor(g) for g in step.values()] for step in GRADIENTS],
        "slot_names": [v.path.split("/", 1)[1] for v in slots],
        "steps": steps,
    })


schedules = keras.optimizers.schedules
polynomial = schedules.PolynomialDecay(0.1, 6, 0.01)
cosine = schedules.CosineDecay(0.0, 6, warmup_target=0.1, warmup_steps=3)
clips = {"clipnorm": 0.5, "clipvalue": 0.3, "global_clipnorm": 1.0}

case("default", "SGD", {})
case("momentum", "SGD", dict(learning_rate=0.1, momentum=0.9))
case("nesterov", "SGD", dict(learning_rate=0.1, momentum=0.9, nesterov=True))
case("polynomial", "SGD", dict(learning_rate=polynomial, momentum=0.5))
case("weight_decay", "SGD", dict(learning_rate=0.1, weight_decay=0.05))
case("momentum, weight_decay, global_clipnorm", "SGD",
     dict(learning_rate=0.1, momentum=0.9, weight_decay=0.05, global_clipnorm=1.0))
case("default", "Adam", {})
case("fast", "Adam", dict(learning_rate=0.1))
case("betas, epsilon", "Adam", dict(learning_rate=0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3))
case("amsgrad", "Adam", dict(learning_rate=0.1, amsgrad=True))
case("weight_decay", "Adam", dict(learning_rate=0.1, weight_decay=0.1))
case("polynomial", "Adam", dict(learning_rate=polynomial))
case("cosine with warm-up", "Adam", dict(learning_rate=cosine))
for optimizer in ("SGD", "Adam", "AdamW"):
    for clip, limit in clips.items():
        case(clip, optimizer, {"learning_rate": 0.1, clip: limit})
case("default", "AdamW", {})
case("fast", "AdamW", dict(learning_rate=0.1, weight_decay=0.1))
case("bias excluded by name", "AdamW", dict(learning_rate=0.1, weight_decay=0.5), ["bias"])
case("bias and gamma excluded by name", "AdamW", dict(learning_rate=0.1, weight_decay=0.5),
     ["bias", "gamma"])
case("layer_normalization excluded by path", "AdamW", dict(learning_rate=0.1, weight_decay=0.5),
     ["layer_normalization"])
case("pattern anchored to the name", "AdamW", dict(learning_rate=0.1, weight_decay=0.5), ["^b.*s$"])
case("excluded by variable", "AdamW", dict(learning_rate=0.1, weight_decay=0.5), None,
     ["dense/kernel"])
case("cosine with warm-up", "AdamW", dict(learning_rate=cosine, weight_decay=0.1))
garden = dict(init_lr=0.1, num_train_steps=10, num_warmup_steps=3)
case("create_optimizer", "AdamW",
     dict(learning_rate=create_optimizer_schedule(**garden), weight_decay=0.01, epsilon=1e-6,
          global_clipnorm=1.0),
     ["bias", "gamma"], schedule={"schedule": "create_optimizer", "config": garden})
case("ema", "SGD", dict(learning_rate=0.1, use_ema=True, ema_momentum=0.8))
case("ema overwriting", "SGD",
     dict(learning_rate=0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3))
case("accumulation", "Adam", dict(learning_rate=0.1, gradient_accumulation_steps=2))
case("accumulation, polynomial, global_clipnorm", "AdamW",
     dict(learning_rate=polynomial, gradient_accumulation_steps=3, global_clipnorm=1.0))
case("default", "RMSprop", {})
case("momentum, centered", "RMSprop", dict(learning_rate=0.05, momentum=0.7, centered=True))
for optimizer in ("Adagrad", "Adadelta", "Adamax", "Nadam", "Lion", "Ftrl", "Adafactor", "Lamb"):
    case("default", optimizer, {})
    case("fast", optimizer, dict(learning_rate=0.1))
case("relative steps off", "Adafactor", dict(learning_rate=0.05, relative_step=False))
write("optimizers", cases)
