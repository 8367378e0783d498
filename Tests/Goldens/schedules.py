"""Learning-rate schedules: values over steps."""

from common import keras, np, number, tf, write

schedules = keras.optimizers.schedules


class WarmUp(schedules.LearningRateSchedule):
    """The WarmUp of TensorFlow Model Garden: init · (step / warmup)^power, then the other."""

    def __init__(self, initial_learning_rate, decay, warmup_steps, power=1.0):
        self.initial_learning_rate = initial_learning_rate
        self.decay = decay
        self.warmup_steps = warmup_steps
        self.power = power

    def __call__(self, step):
        global_step = tf.cast(step, tf.float32)
        warmup = tf.cast(self.warmup_steps, tf.float32)
        done = global_step / warmup
        rate = self.initial_learning_rate * tf.math.pow(done, self.power)
        return tf.cond(global_step < warmup, lambda: rate, lambda: self.decay(step))


def create_optimizer_schedule(init_lr, num_train_steps, num_warmup_steps, end_lr=0.0,
                              poly_power=1.0):
    """The schedule of TensorFlow Model Garden's `optimization.create_optimizer`."""
    decay = schedules.PolynomialDecay(init_lr, num_train_steps, end_lr, poly_power)
    return WarmUp(init_lr, decay, num_warmup_steps) if num_warmup_steps else decay


def transformers_rates(name, learning_rate, count, **config):
    """The rates PyTorch uses in the first `count` steps under a schedule of transformers."""
    import torch
    import transformers
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=learning_rate)
    scheduler = getattr(transformers, f"get_{name}")(optimizer, **config)
    rates = []
    for _ in range(count):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


def main():
    cases = []

    def add(name, schedule, config, steps, values):
        cases.append({
            "name": f"{schedule}/{name}", "schedule": schedule, "config": config,
            "steps": list(steps), "values": [number(v) for v in values]})

    def case(name, schedule, config, steps=range(0, 31)):
        function = getattr(schedules, schedule)(**config)
        add(name, schedule, config, steps,
            [np.float32(function(tf.constant(step, tf.int64))) for step in steps])

    far = [0, 1, 2, 5, 9, 10, 11, 99, 100, 101, 999, 1000, 1001, 10_000, 1_000_000]
    polynomial = dict(initial_learning_rate=0.1, decay_steps=10)
    case("default", "PolynomialDecay", polynomial)
    case("to zero, far", "PolynomialDecay",
         dict(initial_learning_rate=3e-5, decay_steps=1000, end_learning_rate=0.0), far)
    case("power 2", "PolynomialDecay", dict(**polynomial, power=2.0, end_learning_rate=0.01))
    case("power 0.5", "PolynomialDecay", dict(**polynomial, power=0.5, end_learning_rate=0.01))
    case("cycle", "PolynomialDecay", dict(**polynomial, cycle=True, end_learning_rate=0.01))
    case("cycle, power 3", "PolynomialDecay", dict(**polynomial, cycle=True, power=3.0))
    cosine = dict(initial_learning_rate=0.1, decay_steps=20)
    case("default", "CosineDecay", cosine)
    case("far", "CosineDecay", dict(initial_learning_rate=1e-3, decay_steps=1000), far)
    case("alpha", "CosineDecay", dict(**cosine, alpha=0.1))
    case("warm-up", "CosineDecay",
         dict(initial_learning_rate=0.0, decay_steps=15, warmup_target=0.1, warmup_steps=5))
    case("warm-up from above zero, alpha", "CosineDecay",
         dict(initial_learning_rate=0.02, decay_steps=15, alpha=0.2, warmup_target=0.1,
              warmup_steps=7))
    case("warm-up without target", "CosineDecay",
         dict(initial_learning_rate=0.1, decay_steps=15, warmup_steps=5))
    case("default", "CosineDecayRestarts",
         dict(initial_learning_rate=0.1, first_decay_steps=5))
    case("t_mul 1, m_mul 0.5, alpha", "CosineDecayRestarts",
         dict(initial_learning_rate=0.1, first_decay_steps=6, t_mul=1.0, m_mul=0.5, alpha=0.1))
    case("t_mul 1.5", "CosineDecayRestarts",
         dict(initial_learning_rate=0.1, first_decay_steps=4, t_mul=1.5, m_mul=0.9))
    exponential = dict(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5)
    case("default", "ExponentialDecay", exponential)
    case("staircase", "ExponentialDecay", dict(**exponential, staircase=True))
    case("default", "InverseTimeDecay", exponential)
    case("staircase", "InverseTimeDecay", dict(**exponential, staircase=True))
    case("three values", "PiecewiseConstantDecay",
         dict(boundaries=[5, 12], values=[0.1, 0.05, 0.01]))
    case("boundary 0", "PiecewiseConstantDecay", dict(boundaries=[0], values=[0.1, 0.05]))

    def model_garden(name, config, steps):
        function = create_optimizer_schedule(**config)
        add(name, "create_optimizer", config, steps,
            [np.float32(function(tf.constant(step, tf.int64))) for step in steps])

    model_garden("a tenth", dict(init_lr=3e-5, num_train_steps=30, num_warmup_steps=3), range(33))
    model_garden("end_lr, poly_power", dict(init_lr=1e-3, num_train_steps=20, num_warmup_steps=5,
                                            end_lr=1e-4, poly_power=2.0), range(25))
    model_garden("no warm-up", dict(init_lr=3e-5, num_train_steps=30, num_warmup_steps=0),
                 range(33))
    model_garden("the lesson: warm-up counts rows",
                 dict(init_lr=3e-5, num_train_steps=360_000, num_warmup_steps=36_000),
                 [0, 1, 2, 100, 937, 2813, 35_999, 36_000, 36_001, 359_999, 360_000, 400_000])

    def transformers_case(name, schedule, count=33, **config):
        add(name, schedule, dict(learning_rate=5e-5, **config), range(count),
            [np.float64(v) for v in transformers_rates(schedule, 5e-5, count, **config)])

    steps = dict(num_warmup_steps=4, num_training_steps=30)
    transformers_case("warm-up", "linear_schedule_with_warmup", **steps)
    transformers_case("no warm-up", "linear_schedule_with_warmup", num_warmup_steps=0,
                      num_training_steps=30)
    transformers_case("warm-up", "constant_schedule_with_warmup", num_warmup_steps=4)
    transformers_case("warm-up", "cosine_schedule_with_warmup", **steps)
    write("schedules", cases)


if __name__ == "__main__":
    main()
