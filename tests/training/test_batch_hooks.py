"""Batch hooks: called for the batches of Keras, with the logs of the batches so far, at little cost."""

import sys
import warnings

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops

X = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
Y = X[:, :1] * 2


def make(library=netlet, **arguments):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(1)])
    arguments = {"loss": "mse", "metrics": ["mae"], **arguments}
    # Otherwise Keras compiles each step, which takes longer than running it.
    model.compile(library.optimizers.SGD(0.05), run_eagerly=library is keras, **arguments)
    model.set_weights([np.linspace(-1, 1, 4)[:, None], np.zeros(1)])
    return model


def recorder(library):
    class Recorder(library.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls, self.logs, self.stop_at = [], [], None

    def hook(name):
        def call(self, batch, logs=None):
            self.calls.append((name, batch))
            if name.endswith("end"):
                self.logs.append({key: np.array(value) for key, value in logs.items()})
            if (name, batch) == self.stop_at:
                self.model.stop_training = self.model.stop_evaluating = self.model.stop_predicting = True

        return call

    for mode in ("train", "test", "predict"):
        for end in ("begin", "end"):
            setattr(Recorder, f"on_{mode}_batch_{end}", hook(f"{mode} {end}"))
    return Recorder()


def batches(count=5, rows=3):
    for i in range(count):
        yield X[rows * i : rows * i + rows], Y[rows * i : rows * i + rows]


@pytest.mark.parametrize("every", [2, 3, 50])
@pytest.mark.parametrize("source", ["arrays", "generator"])
def test_executions_of_several_steps_are_those_of_keras(every, source):
    seen = []
    for library in (netlet, keras):
        model, record = make(library, steps_per_execution=every), recorder(library)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if source == "arrays":
                keywords = {"batch_size": 3, "verbose": 0, "callbacks": [record]}
                model.fit(X, Y, shuffle=False, epochs=2, **keywords)
                model.evaluate(X, Y, **keywords)
                model.predict(X, **keywords)
            else:
                keywords = {"verbose": 0, "callbacks": [record]}
                model.fit(batches(), shuffle=False, **keywords)
                model.evaluate(batches(), **keywords)
                model.predict(((x,) for x, _ in batches()), **keywords)
        # Keras also calls a begin hook where a generator has no more batches.
        seen.append(([c for c in record.calls if source == "arrays" or c[0].endswith("end")], record.logs))
    (ours, our_logs), (theirs, their_logs) = seen
    assert ours == theirs
    for a, b in zip(our_logs, their_logs, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("eager", [False, True])
def test_a_stop_takes_effect_at_the_end_of_an_execution(eager):
    model, record = make(steps_per_execution=2, metrics=None), recorder(netlet)
    model.run_eagerly = eager
    record.stop_at = ("train begin", 2)
    model.fit(X, Y, batch_size=3, epochs=3, verbose=0, callbacks=[record])
    assert record.calls == [("train begin", 0), ("train end", 1), ("train begin", 2), ("train end", 3)]
    assert int(model.optimizer.iterations) == 4
    record.calls.clear()
    record.stop_at = ("predict end", 3)
    assert len(model.predict(X, batch_size=3, verbose=0, callbacks=[record])) == 12


def test_steps_per_execution_is_a_whole_number():
    for value in (0, 1.5, "auto", True):
        with pytest.raises(ValueError, match=r"compile\(steps_per_execution=\): expected a whole number of at least 1"):
            make(steps_per_execution=value)


def test_outputs_of_one_row_stay_arrays():
    record = recorder(netlet)
    make().predict(X[:3], batch_size=1, verbose=0, callbacks=[record])
    assert [logs["outputs"].shape for logs in record.logs] == [(1, 1)] * 3


class Largest(netlet.metrics.Metric):
    """Its result is no mean, and it starts again at -1."""

    def __init__(self, name="largest"):
        super().__init__(name=name)
        self.value = self.add_weight(name="value", initializer="zeros")

    def reset_state(self):
        self.value.assign(-1.0)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value.assign(ops.maximum(self.value, ops.max(y_true)))

    def result(self):
        return self.value


class Two(netlet.metrics.Metric):
    """Has two results."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        pass

    def result(self):
        return {"one": ops.convert_to_tensor(1.0), "two": ops.convert_to_tensor(2.0)}


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        ["mae", "mae", "mse"],
        [Largest(), "mae"],
        [Two(name="numbers"), "mae"],
        [netlet.metrics.RootMeanSquaredError(), netlet.metrics.MeanAbsoluteError(name="loss")],
    ],
    ids=["none", "means", "own", "dict", "taken name"],
)
def test_logs_of_each_batch_are_the_metrics_results(metrics):
    class Compare(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            expected = self.model.get_metrics_result()
            assert {k: float(v) for k, v in expected.items()} == logs and list(logs) == sorted(expected)

    model = make(metrics=metrics)
    model.fit(X, Y, batch_size=3, epochs=2, verbose=0, callbacks=[Compare()])
    for _ in range(3):
        logs = model.train_on_batch(X[:3], Y[:3], return_dict=True)
        assert logs == model.get_metrics_result() and list(logs) == list(model.get_metrics_result())


def test_an_overridden_reset_metrics_is_called_for_every_batch():
    class Own(netlet.Model):
        resets = 0

        def reset_metrics(self):
            self.resets += 1
            super().reset_metrics()

    inputs = netlet.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse")
    for _ in range(4):
        model.train_on_batch(X, Y)
    assert model.resets == 4


def test_a_hook_that_moves_weights_leaves_the_loop_with_a_fresh_plan():
    class Recompile(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                netlet.optimizers.Adam().build(self.model.trainable_variables)  # moves the weights in memory

    ours, plain = make(), make()
    ours.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[Recompile()])
    plain.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), plain.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_callbacks_without_batch_hooks_are_skipped():
    class Count(netlet.callbacks.Callback):
        count = 0

        def on_batch_end(self, batch, logs=None):  # the older name
            self.count += 1

    count, quiet = Count(), netlet.callbacks.EarlyStopping("loss")
    callbacks = netlet.callbacks.CallbackList([quiet, count])
    assert callbacks.batch_hooks("test") == (None, None)
    begin, end = callbacks.batch_hooks("train")
    assert begin is None and end is not None
    make().fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[quiet, count])
    assert count.count == 10


def calls_during(work):
    """How many functions the calling thread calls, in Python and C."""
    count = 0

    def profile(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_a_batch_hook_costs_few_calls():
    class Hook(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.last = logs["loss"]

    model, hook = make(), Hook()

    def calls(batches):
        x, y = np.resize(X, (2 * batches, 4)), np.resize(Y, (2 * batches, 1))
        return calls_during(lambda: model.fit(x, y, batch_size=2, shuffle=False, verbose=0, callbacks=[hook]))

    calls(10)
    # 42, or 4 to 8 us (AMD EPYC, 2026-11). Before the hooks had a path of their own, a batch took 45 us.
    assert (calls(110) - calls(10)) / 100 < 60


def test_averaged_weights_are_set_also_when_a_callback_raises():
    class Fail(netlet.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("enough")

    weights = []
    for library in (netlet, keras):
        model = make(library)
        model.compile(library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse", run_eagerly=library is keras)
        fail = Fail() if library is netlet else type("Fail", (keras.callbacks.Callback,), dict(vars(Fail)))()
        with pytest.raises(RuntimeError, match="enough"):
            model.fit(X, Y, batch_size=5, shuffle=False, verbose=0, callbacks=[fail])
        weights.append(model.get_weights())
    for a, b in zip(*weights):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
