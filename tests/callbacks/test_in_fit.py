"""Callbacks in real training: netlet's `fit` against Keras's, from the same weights on the same data."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

import netlet

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype("float32")
Y = np.tanh(X[:, :2] @ RNG.standard_normal((2, 1))).astype("float32")
START = [(RNG.standard_normal(s) * 0.5).astype("float32") for s in ((6, 8), (8,), (8, 1), (1,))]


def make(lib, rate=0.05):
    model = lib.Sequential([lib.Input((6,)), lib.layers.Dense(8, "tanh"), lib.layers.Dense(1)])
    # Keras runs eagerly: compiling each of these small models with JAX would take longer than training it.
    model.compile(lib.optimizers.SGD(rate), loss="mse", metrics=["mae"], run_eagerly=lib is keras)
    model.set_weights(START)
    return model


def fit(lib, *callbacks, **kwargs):
    model = make(lib, kwargs.pop("rate", 0.05))
    settings = {"epochs": 8, "batch_size": 16, "shuffle": False, "verbose": 0, "validation_split": 0.2, **kwargs}
    history = model.fit(X, Y, callbacks=list(callbacks), **settings)
    return model, history


def both(make_callbacks, **kwargs):
    (a, ours), (b, theirs) = (fit(lib, *make_callbacks(lib.callbacks), **kwargs) for lib in (netlet, keras))
    assert ours.epoch == theirs.epoch
    assert set(ours.history) == set(theirs.history)
    for name in theirs.history:
        np.testing.assert_allclose(ours.history[name], theirs.history[name], rtol=2e-4, err_msg=name)
    for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(v, w, atol=1e-5)
    return ours


def test_no_callbacks():
    assert len(both(lambda cb: []).epoch) == 8


@pytest.mark.parametrize("restore", [False, True])
def test_early_stopping(restore):
    history = both(
        lambda cb: [cb.EarlyStopping("val_loss", min_delta=0.02, patience=2, restore_best_weights=restore)], epochs=40
    )
    assert 3 < len(history.epoch) < 40


def test_learning_rate_scheduler_and_plateau():
    history = both(
        lambda cb: [
            cb.LearningRateScheduler(lambda epoch, rate: rate * 0.9 if epoch % 2 else rate),
            cb.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.05, min_lr=1e-3),
        ],
        epochs=15,
    )
    assert len(set(history.history["learning_rate"])) > 4


def test_direction_of_a_compiled_metric_is_known():
    both(lambda cb: [cb.EarlyStopping("val_mae", patience=1, min_delta=0.02)], epochs=30)


def test_direction_of_accuracy_is_known():
    for lib in (netlet, keras):
        model = lib.Sequential([lib.Input((6,)), lib.layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=lib is keras)
        stopper = lib.callbacks.EarlyStopping("accuracy", patience=1)
        model.fit(X, np.arange(50) % 3, epochs=2, verbose=0, callbacks=[stopper])
        assert bool(stopper.monitor_op(2.0, 1.0))


def test_csv_logger(tmp_path):
    both(lambda cb: [cb.CSVLogger(tmp_path / cb.__name__)], epochs=4)
    ours, theirs = ((tmp_path / f"{lib}.callbacks").read_text().splitlines() for lib in ("netlet", "keras"))
    assert ours[0] == theirs[0] == "epoch,loss,mae,val_loss,val_mae"
    assert len(ours) == len(theirs) == 5


@pytest.mark.parametrize("batch_hooks", [False, True])
def test_hooks_come_in_keras_order(batch_hooks):
    seen: dict[str, list] = {}

    def callbacks(cb):
        calls = seen.setdefault(cb.__name__, [])
        names = [name for name in dir(cb.Callback) if name.startswith("on_") and (batch_hooks or "batch" not in name)]
        names = [name for name in names if name not in ("on_batch_begin", "on_batch_end")]

        def note(name):
            def hook(*args, **kwargs):
                logs = kwargs.get("logs", args[-1])
                calls.append((name, args[0] if isinstance(args[0], int) else None, sorted(logs or {})))

            return hook

        return [cb.LambdaCallback(**{name: note(name) for name in names})]

    both(callbacks, epochs=3)
    assert seen["netlet.callbacks"] == seen["keras.callbacks"]


def test_batch_hooks_do_not_change_the_training():
    """Many batches per native call, or one batch at a time for a callback: the weights are bitwise equal."""
    plain, _ = fit(netlet)
    watched, _ = fit(netlet, netlet.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None))
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("raise_error", [False, True])
def test_terminate_on_nan(raise_error, capsys):
    def run(lib):
        fit(lib, lib.callbacks.TerminateOnNaN(raise_error=raise_error), rate=1e20, epochs=20)

    printed = []
    for lib in (netlet, keras):
        if raise_error:
            with pytest.raises(RuntimeError, match="NaN or Inf loss encountered at batch"):
                run(lib)
        else:
            run(lib)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert ("Invalid loss, terminating training" in printed[0]) is not raise_error


def test_stopping_from_a_callback():
    def stop(cb):
        holder = cb.Callback()
        holder.on_epoch_end = lambda epoch, logs=None: setattr(holder.model, "stop_training", epoch == 2)
        return [holder]

    assert both(stop).epoch == [0, 1, 2]


def plain(text):
    """The printed lines without colours and overwritten parts, each number replaced by "#"."""
    lines = [line.split("\r")[-1] for line in re.sub(r"\x1b\[\d+m", "", text).replace("\b", "").strip("\n").split("\n")]
    return [re.sub(r"\d+(\.\d+)?(e-\d+)?(s|ms|us)?", "#", line).rstrip() for line in lines]


@pytest.mark.parametrize("verbose", [1, 2])
def test_what_is_printed(verbose, capsys):
    shown = []
    for lib in (netlet, keras):
        model, _ = fit(lib, epochs=2, verbose=verbose)
        model.evaluate(X, Y, verbose=verbose)
        model.predict(X, verbose=verbose)
        shown.append(plain(capsys.readouterr().out))
    assert shown[0] == shown[1]
    assert len(shown[0]) == 6


def test_verbose_0_prints_nothing(capsys):
    model, _ = fit(netlet)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr().out == ""
