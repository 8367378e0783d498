"""The rules of `fit`: histories of small trainings with given weights, in the order of the rows."""

import warnings

from common import generator, keras, maybe_tensor, normal, np, number, tensor, write

cases = []
random = generator("fit rules")
ROWS = 22
X = normal(random, (ROWS, 3))
Y = (X[:, 0] + 0.5 * X[:, 1] + normal(random, ROWS, 0.5) > 0).astype(np.int32)
Y[X[:, 2] > 0.8] = 2
KERNEL, BIAS = normal(random, (3, 3), 0.5), np.array([0.1, -0.2, 0.05], np.float32)
WEIGHT = np.round(random.random(ROWS) * 2, 2).astype(np.float32)
VALIDATION_X, VALIDATION_Y = normal(random, (7, 3)), random.integers(0, 3, 7).astype(np.int32)
VALIDATION_WEIGHT = np.round(random.random(7) * 2, 2).astype(np.float32)


class Rates(keras.callbacks.Callback):
    """Sets the learning rate of each epoch: a large one makes a loss worse on purpose."""

    def __init__(self, rates):
        super().__init__()
        self.rates = rates

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = self.rates[min(epoch, len(self.rates) - 1)]


def case(name, fit, compiled=None, early_stopping=None, rates=None, weighted=False,
         sample_weight=None, validation=False, validation_weight=None, class_weight=None):
    model = keras.Sequential([keras.layers.Input((3,)),
                              keras.layers.Dense(3, activation="softmax", name="dense")])
    model.set_weights([KERNEL, BIAS])
    model.compile(keras.optimizers.SGD(0.3), "sparse_categorical_crossentropy",
                  metrics=["accuracy"], weighted_metrics=["accuracy"] if weighted else None,
                  **(compiled or {}))
    callbacks = []
    if rates:
        callbacks.append(Rates(rates))
    stopping = keras.callbacks.EarlyStopping(**early_stopping) if early_stopping else None
    if stopping:
        callbacks.append(stopping)
    batches = []
    callbacks.append(keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append(
            {"batch": batch, **{k: number(np.float32(v)) for k, v in sorted(logs.items())}})))
    keywords = dict(fit)
    if sample_weight is not None:
        keywords["sample_weight"] = sample_weight
    if class_weight:
        keywords["class_weight"] = class_weight
    if validation:
        data = (VALIDATION_X, VALIDATION_Y)
        keywords["validation_data"] = data if validation_weight is None else (
            *data, validation_weight)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(X, Y, shuffle=False, verbose=0, callbacks=callbacks, **keywords)
    ran_out = any("ran out of data" in str(w.message) for w in caught)
    cases.append({
        "name": name,
        "fit": fit,
        "compile": compiled or {},
        "class_weight": class_weight and {str(k): v for k, v in class_weight.items()},
        "sample_weight": maybe_tensor(sample_weight),
        "validation_sample_weight": maybe_tensor(validation_weight),
        "weighted_metrics": weighted,
        "early_stopping": early_stopping,
        "learning_rates": rates,
        "x": tensor(X), "y": tensor(Y),
        "validation_x": tensor(VALIDATION_X) if validation else None,
        "validation_y": tensor(VALIDATION_Y) if validation else None,
        "initial_weights": [tensor(KERNEL), tensor(BIAS)],
        "epochs": history.epoch,
        "history": {k: [number(np.float32(v)) for v in values]
                    for k, values in history.history.items()},
        "history_keys": list(history.history),
        "batches": batches,
        "ran_out_of_data": ran_out,
        "stopped_epoch": stopping.stopped_epoch if stopping else None,
        "best_epoch": stopping.best_epoch if stopping else None,
        "final_weights": [tensor(v) for v in model.get_weights()],
    })


plain = dict(batch_size=5, epochs=3)
case("plain, a short last batch", plain)
case("batch size above the rows", dict(batch_size=100, epochs=2))
case("class_weight", plain, class_weight={0: 1.0, 1: 2.5, 2: 0.5})
case("class_weight of some classes", plain, class_weight={1: 3.0})
case("class_weight, weighted_metrics", plain, weighted=True, class_weight={0: 0.5, 1: 2.0, 2: 1.0})
case("sample_weight", plain, sample_weight=WEIGHT)
case("sample_weight, weighted_metrics", plain, weighted=True, sample_weight=WEIGHT)
case("sample_weight, validation_data", plain, sample_weight=WEIGHT, validation=True)
case("validation_data", plain, validation=True)
case("validation_data with weights", plain, weighted=True, sample_weight=WEIGHT, validation=True,
     validation_weight=VALIDATION_WEIGHT)
case("validation_split 0.25", dict(**plain, validation_split=0.25))
case("validation_split 0.1", dict(**plain, validation_split=0.1))
case("validation_split 0.3, sample_weight", dict(**plain, validation_split=0.3),
     sample_weight=WEIGHT)
case("validation_split 0.25, class_weight", dict(**plain, validation_split=0.25),
     class_weight={0: 1.0, 1: 2.5, 2: 0.5})
case("validation_batch_size 3", dict(**plain, validation_batch_size=3), validation=True)
case("validation_steps 1", dict(**plain, validation_steps=1), validation=True)
case("validation_freq 2", dict(batch_size=5, epochs=5, validation_freq=2), validation=True)
case("validation_freq of epochs 1 and 4", dict(batch_size=5, epochs=5, validation_freq=[1, 4]),
     validation=True)
case("initial_epoch 2 of 4", dict(batch_size=5, epochs=4, initial_epoch=2))
case("initial_epoch at epochs", dict(batch_size=5, epochs=2, initial_epoch=2))
case("steps_per_epoch 2", dict(batch_size=5, epochs=2, steps_per_epoch=2))
case("steps_per_epoch 2, data run out in epoch 3", dict(batch_size=5, epochs=4, steps_per_epoch=2))
case("steps_per_epoch above the batches", dict(batch_size=5, epochs=2, steps_per_epoch=9))
case("steps_per_execution 2", plain, compiled=dict(steps_per_execution=2))

epochs = dict(batch_size=11, epochs=8)
up_and_down = [0.3, 0.3, 6.0, 0.3, 0.3, 9.0, 0.3, 12.0]
val_loss = dict(monitor="val_loss")
case("stop: patience 0", epochs, early_stopping=val_loss, rates=up_and_down, validation=True)
case("stop: patience 1", epochs, early_stopping=dict(**val_loss, patience=1), rates=up_and_down,
     validation=True)
case("stop: patience 2, restored", epochs,
     early_stopping=dict(**val_loss, patience=2, restore_best_weights=True), rates=up_and_down,
     validation=True)
case("stop: never, restored", epochs,
     early_stopping=dict(**val_loss, patience=20, restore_best_weights=True), rates=up_and_down,
     validation=True)
case("stop: start_from_epoch 3", epochs, early_stopping=dict(**val_loss, start_from_epoch=3),
     rates=up_and_down, validation=True)
case("stop: baseline not met", epochs,
     early_stopping=dict(monitor="loss", baseline=0.01, patience=2), rates=[0.05])
case("stop: baseline not met, restored", epochs,
     early_stopping=dict(monitor="loss", baseline=0.01, patience=3, restore_best_weights=True),
     rates=up_and_down)
case("stop: baseline met", epochs, early_stopping=dict(monitor="loss", baseline=2.0, patience=1),
     rates=up_and_down)
case("stop: min_delta 0.2", epochs,
     early_stopping=dict(monitor="loss", min_delta=0.2, patience=2), rates=[0.05])
case("stop: accuracy, found to be better when greater", epochs,
     early_stopping=dict(monitor="accuracy", patience=1), rates=[1.0])
case("stop: accuracy, mode min", epochs,
     early_stopping=dict(monitor="accuracy", mode="min", patience=1), rates=[1.0])
case("stop: patience 0 never stops after the first epoch", dict(batch_size=11, epochs=3),
     early_stopping=dict(monitor="loss", baseline=0.001), rates=[30.0])
write("fit_rules", cases)
