"""A training that goes on in the other library, or after a load, goes on as it would have without the save."""

from __future__ import annotations

import inspect
import json
import zipfile

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((32, 4)).astype("float32")
Y = RNG.integers(0, 3, 32)


def small(lib):
    stack = [lib.Input((4,)), lib.layers.Dense(5, "tanh"), lib.layers.BatchNormalization(), lib.layers.Dense(3)]
    return lib.Sequential(stack)


def loss(lib):
    return lib.losses.SparseCategoricalCrossentropy(from_logits=True)


def arguments(cls):
    return inspect.signature(cls).parameters


CLASSES = {
    name: cls
    for name, cls in sorted(vars(netlet.optimizers).items())
    if inspect.isclass(cls) and issubclass(cls, netlet.optimizers.Optimizer) and cls is not netlet.optimizers.Optimizer
}
# Those that take a rate or another optimizer; a function of the variables (MultiOptimizer) is not saved.
OPTIMIZERS = [name for name, cls in CLASSES.items() if {"learning_rate", "inner_optimizer"} & set(arguments(cls))]
OPTIONS = {"SGD": {"momentum": 0.9, "nesterov": True}, "RMSprop": {"centered": True, "momentum": 0.5}}


def optimizer_of(lib, name):
    cls = getattr(lib.optimizers, name)
    wraps = "inner_optimizer" in arguments(CLASSES[name])
    return cls(lib.optimizers.Adam(0.01)) if wraps else cls(learning_rate=0.01, **OPTIONS.get(name, {}))


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A Keras model, not compiled."""
    path = tmp_path_factory.mktemp("start") / "start.keras"
    small(keras).save(path)
    return path


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_in_netlet_as_in_keras(name, start, tmp_path):
    """Trained in netlet, saved, then one more epoch in netlet and in Keras: the same weights and state.

    For an optimizer that Keras does not have, netlet takes Keras's place.
    """
    ours = netlet.models.load_model(start)
    ours.compile(optimizer_of(netlet, name), loss(netlet))
    ours.fit(X, Y, batch_size=16, verbose=0)
    ours.save(tmp_path / "m.keras")
    library = keras if hasattr(keras.optimizers, name) else netlet
    theirs = library.models.load_model(tmp_path / "m.keras")
    assert type(theirs.optimizer).__name__ == name
    for model in (ours, theirs):
        for at in (0, 16):
            model.train_on_batch(X[at : at + 16], Y[at : at + 16])
    for a, b in zip(ours.weights + ours.optimizer.variables, theirs.weights + theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-6, err_msg=b.path)


def test_a_fit_that_keras_began_goes_on_with_metrics_and_a_schedule(start, tmp_path):
    theirs = keras.models.load_model(start)
    rate = keras.optimizers.schedules.ExponentialDecay(0.02, 2, 0.5)
    theirs.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        loss(keras),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)],
        weighted_metrics=["sparse_categorical_crossentropy"],
    )
    theirs.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    theirs.save(tmp_path / "m.keras")
    ours = netlet.models.load_model(tmp_path / "m.keras")
    a, b = (m.fit(X, Y, batch_size=16, shuffle=False, verbose=0, epochs=2).history for m in (ours, theirs))
    assert set(a) == set(b)
    for key in b:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-4, err_msg=key)


@pytest.mark.parametrize("ending", [".keras", ".netlet"])
def test_in_netlet_it_goes_on_to_the_bit(ending, tmp_path):
    """Also with dropout, shuffling, and variables without weight decay."""

    def make():
        netlet.utils.set_random_seed(0)
        model = netlet.Sequential([netlet.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(3)])
        optimizer = netlet.optimizers.AdamW(0.01, weight_decay=0.1)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.compile(optimizer, loss(netlet))
        return model

    whole = make()
    whole.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    half = make()
    half.fit(X, Y, batch_size=16, epochs=1, verbose=0)
    half.save(tmp_path / f"m{ending}")
    again = netlet.models.load_model(tmp_path / f"m{ending}")
    again.fit(X, Y, batch_size=16, epochs=3, initial_epoch=1, verbose=0)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_not_restored(start, tmp_path):
    model = netlet.models.load_model(start)
    assert not model.compiled
    model.compile("adam", loss(netlet))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "with.keras")
    model.save(tmp_path / "without.keras", include_optimizer=False)
    assert not netlet.models.load_model(tmp_path / "with.keras", compile=False).compiled
    assert not netlet.models.load_model(tmp_path / "without.keras").compiled
    assert not keras.models.load_model(tmp_path / "without.keras").compiled
    with zipfile.ZipFile(tmp_path / "with.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json"))["keras_version"] == "3.15.1"


def test_weights_with_an_optimizers_state(start, tmp_path):
    model = netlet.models.load_model(start)
    model.compile("adam", loss(netlet))
    model.fit(X, Y, batch_size=16, verbose=0)
    model.save_weights(tmp_path / "m.weights.h5")
    again = netlet.models.load_model(start)
    again.compile("adam", loss(netlet))
    again.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    other = netlet.models.load_model(start)
    other.compile("sgd", loss(netlet))
    with pytest.warns(UserWarning, match=r"state of optimizer 'sgd.*' was not loaded: expected 2"):
        other.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_model_checkpoint(start, tmp_path):
    model = netlet.models.load_model(start)
    model.compile("sgd", loss(netlet))
    checkpoints = [
        netlet.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True),
        netlet.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
    ]
    model.fit(X, Y, verbose=0, epochs=2, callbacks=checkpoints)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.weights.h5", "2.weights.h5", "best.keras"]
    np.testing.assert_array_equal(
        netlet.models.load_model(tmp_path / "best.keras").get_weights()[0], model.get_weights()[0]
    )
