"""Eight threads call all methods of one model at once, in a child with a watchdog: no deadlock, no other error."""

from __future__ import annotations

import pytest

from support.child import run_child
from support.repo import ROOT

CODE = """
    import io, pickle, random, sys, tempfile, threading, warnings
    sys.path.insert(0, {tests!r})
    import numpy as np, netlet
    from netlet import layers
    from support.threads import at_once

    sys.setswitchinterval(1e-6)
    warnings.simplefilter("ignore")
    folder = tempfile.mkdtemp()
    x = np.linspace(-1, 1, 32 * 8, dtype="float32").reshape(32, 8)
    y = x[:, :2]
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8, "relu"), layers.Dropout(0.2), layers.Dense(2)])
    model.compile(netlet.optimizers.SGD(0.0), "mse", metrics=["mae"])
    # Learning rate 0 and all weights equal: whatever order the calls have, outputs and files have one value.
    weights = [[np.full_like(w, v) for w in model.get_weights()] for v in (0.5, 0.25)]
    answers = set()
    for w in weights:
        model.set_weights(w)
        answers.add(model.predict(x, verbose=0).tobytes())
    model.save_weights(folder + "/w.weights.netlet")
    steps = [0] * 8
    spot = threading.local()

    def fit(**more):
        model.fit(x, y, batch_size=8, verbose=0, **more)
        steps[spot.i] += 4

    def train():
        model.train_on_batch(x, y)
        steps[spot.i] += 1

    def save():
        path = f"{{folder}}/{{spot.i}}.netlet"
        model.save(path)
        answer(netlet.models.load_model(path))

    def answer(model):
        assert model.predict(x, verbose=0).tobytes() in answers

    def batches():
        yield x, y
        yield x, y

    def fit_batches():
        model.fit(batches(), verbose=0)
        steps[spot.i] += 2

    calls = [
        fit,
        lambda: fit(validation_data=(x, y)),
        fit_batches,
        train,
        save,
        lambda: answer(model),
        lambda: answer(model),
        lambda: model.predict_on_batch(x).tobytes() in answers or 1 / 0,
        lambda: model.predict(iter([x, x]), verbose=0),
        lambda: model.set_weights(weights[0]),
        lambda: model.set_weights(weights[1]),
        lambda: model.load_weights(folder + "/w.weights.netlet"),
        lambda: answer(pickle.loads(pickle.dumps(model))),
        lambda: [len(set(w.ravel())) == 1 or 1 / 0 for w in model.get_weights()],
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.evaluate(batches(), verbose=0),
        lambda: model.test_on_batch(x, y),
        lambda: model.summary(print_fn=lambda text: None),
        lambda: model.plan(x).describe(),
        lambda: model.count_params() == 90 or 1 / 0,
        lambda: model.get_config(),
        lambda: model.get_state_tree(),
        lambda: model.to("cpu"),
    ]

    def work(i):
        spot.i, order, refused = i, random.Random({seed} * 8 + i), 0
        for _ in range({rounds}):
            try:
                order.choice(calls)()
            except RuntimeError as error:
                assert " needs what " in str(error), error
                refused += 1
        return refused

    refused = at_once(*[lambda i=i: work(i) for i in range(8)])
    assert int(model.optimizer.iterations) == sum(steps), (int(model.optimizer.iterations), steps)
    answer(model)
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)
    model.quantize("int8", only_if_faster=False)
    print("done", sum(refused))
"""


@pytest.mark.parametrize(
    ("seed", "rounds"), [(1, 25), *[pytest.param(seed, 300, marks=pytest.mark.slow) for seed in range(2, 6)]]
)
def test_all_methods(seed, rounds):
    code = CODE.format(tests=str(ROOT / "tests"), seed=seed, rounds=rounds)
    assert run_child(code).stdout.startswith("done")
