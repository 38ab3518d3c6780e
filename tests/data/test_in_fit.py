"""Data sets in fit, evaluate, predict and adapt; trainings that go on after an interruption."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.data import Dataset
from netlet.utils import timeseries_dataset_from_array

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def model():
    made = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(1, kernel_initializer="zeros")])
    made.compile("sgd", "mse")
    return made


def weights(made):
    return made.get_weights()[0].tobytes()


def test_fit_evaluate_predict_as_with_arrays():
    data = Dataset.from_tensor_slices((X, Y)).batch(16)
    a, b = model(), model()
    history = a.fit(data, epochs=3, validation_data=data.take(1), verbose=0).history
    plain = b.fit(X, Y, batch_size=16, epochs=3, shuffle=False, validation_data=(X[:16], Y[:16]), verbose=0).history
    assert history == plain and weights(a) == weights(b)
    assert a.evaluate(data, verbose=0) == b.evaluate(X, Y, batch_size=16, verbose=0)
    np.testing.assert_array_equal(a.predict(data, verbose=0), b.predict(X, batch_size=16, verbose=0))
    weighted = a.fit(data, class_weight={0: 1.0, 1: 3.0}, verbose=0).history
    assert weighted == b.fit(X, Y, batch_size=16, shuffle=False, class_weight={0: 1.0, 1: 3.0}, verbose=0).history
    prefetched = data.map(lambda x, y: (x, y), num_parallel_calls=2).prefetch(2)
    a.fit(prefetched, epochs=2, verbose=0), b.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert weights(a) == weights(b)


def test_each_epoch_has_a_new_order():
    seen = []

    class Seen(netlet.Sequential):
        def train_step(self, data):
            seen.append(data[0].numpy()[:, 0].tolist())
            return super().train_step(data)

    made = Seen([netlet.Input((3,)), netlet.layers.Dense(1)])
    made.compile("sgd", "mse", run_eagerly=True)
    made.fit(Dataset.from_tensor_slices((X, Y)).shuffle(40, seed=1).batch(40), epochs=2, verbose=0)
    passes = [order for order in seen if len(order) == 40][-2:]
    assert passes[0] != passes[1] and sorted(passes[0]) == sorted(passes[1])


def test_endless_data_need_steps():
    data = Dataset.from_tensor_slices((X, Y)).batch(10).repeat()
    made = model()
    for call in (
        lambda: made.fit(data),
        lambda: made.evaluate(data),
        lambda: made.predict(data),
        lambda: made.fit(X, Y, validation_data=data, verbose=0),
    ):
        with pytest.raises(ValueError, match="because the data set is endless"):
            call()
    made.fit(data, steps_per_epoch=3, epochs=2, validation_data=data, validation_steps=1, verbose=0)
    assert made.predict(data, steps=5, verbose=0).shape == (50, 1)


class Interrupt(netlet.callbacks.Callback):
    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


PIPELINES = {
    "shuffled": lambda d: d.shuffle(40, seed=1).batch(8),
    "augmented": lambda d: (
        d.shuffle(9, seed=1)
        .map(lambda x, y: (x + netlet.ops.convert_to_numpy(netlet.random.normal((3,), seed=None)), y), 2)
        .batch(8)
        .prefetch(2)
    ),
    "kept": lambda d: d.shuffle(40, seed=2).batch(8).cache().shuffle(5, seed=3),
    "endless": lambda d: d.shuffle(40, seed=1).repeat().batch(8),
}


@pytest.mark.parametrize("after", [4, 8, 10])
@pytest.mark.parametrize("kind", PIPELINES)
def test_a_training_that_was_interrupted_reads_the_same_items(kind, after, tmp_path):
    steps = 4 if kind == "endless" else None

    def run(*callbacks):
        netlet.utils.set_random_seed(7)
        made = model()
        data = PIPELINES[kind](Dataset.from_tensor_slices((X, Y)))
        backup = netlet.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=1)
        made.fit(data, epochs=3, steps_per_epoch=steps, callbacks=[backup, *callbacks], verbose=0)
        return weights(made)

    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(Interrupt(after))
    assert run() == whole


def test_epochs_that_were_saved_whole(tmp_path):
    def run(stop):
        made = model()
        data = PIPELINES["shuffled"](Dataset.from_tensor_slices((X, Y)))
        backup = netlet.callbacks.BackupAndRestore(tmp_path / "backup")
        made.fit(data, epochs=4, callbacks=[backup, Interrupt(stop)], verbose=0)
        return weights(made)

    whole = run(0)
    with pytest.raises(KeyboardInterrupt):
        run(13)
    assert run(0) == whole


def test_adapt():
    normalization = netlet.layers.Normalization()
    normalization.adapt(Dataset.from_tensor_slices((X, Y)).batch(7).map(lambda x, y: x))
    np.testing.assert_allclose(normalization(X), (X - X.mean(0)) / X.std(0), atol=1e-4)
    text = netlet.layers.TextVectorization()
    text.adapt(Dataset.from_tensor_slices(["a b", "b c"]).batch(2))
    assert set(text.get_vocabulary()[2:]) == {"a", "b", "c"}
    lookup = netlet.layers.StringLookup()
    lookup.adapt(Dataset.from_tensor_slices(["x", "y", "x"]))
    assert lookup.get_vocabulary() == ["[UNK]", "x", "y"]


def test_windows_of_a_series_are_shuffled_anew():
    data = timeseries_dataset_from_array(np.arange(30), np.arange(30), 2, batch_size=4, shuffle=True, seed=3)
    first, second = ([int(y) for _, batch in data for y in batch] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(29)) and first != second
