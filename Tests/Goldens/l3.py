"""The lesson's classifier in small: initial weights, 30 steps of Adam, final weights."""

from common import generator, keras, np, number, tensor, write
from lesson_model import compile_and_check, lesson_model, train, weights

SIZES = dict(vocabulary_size=50, length=12, size=8, heads=2, inner_size=8)
BATCH, STEPS = 6, 30
cases = []

for name, learning_rate in (("learning rate 0.001", 0.001), ("learning rate 0.01", 0.01)):
    keras.utils.set_random_seed(7)
    random = generator("l3")
    model = lesson_model(**SIZES)
    model.set_weights([np.round(v, 4) for v in model.get_weights()])
    compile_and_check(model, keras.optimizers.Adam(learning_rate))
    rows = BATCH * 5
    ids = random.integers(0, SIZES["vocabulary_size"], (rows, SIZES["length"])).astype(np.int32)
    for row, count in enumerate(random.integers(0, 8, rows)):
        ids[row, SIZES["length"] - count:] = 0
    labels = (ids[:, 0] % 4).astype(np.int32)
    batches = [(ids[i:i + BATCH], labels[i:i + BATCH]) for i in range(0, rows, BATCH)] * 6
    initial = weights(model)
    first = model.predict(ids, verbose=0)
    losses = train(model, batches)
    assert len(losses) == STEPS and losses[-1] < losses[0]
    cases.append({
        "name": name, "sizes": dict(SIZES, hidden_units=20, classes=4),
        "batch_size": BATCH, "learning_rate": learning_rate,
        "ids": tensor(ids), "labels": tensor(labels),
        "initial_weights": [{"name": k, "tensor": tensor(v)} for k, v in initial.items()],
        "initial_predictions": tensor(first),
        "losses": [number(v) for v in losses],
        "final_weights": [{"name": k, "tensor": tensor(v)} for k, v in weights(model).items()],
        "predictions": tensor(model.predict(ids, verbose=0)),
    })
write("l3", cases)
