"""CallbackList: the order of calls, logs, and what a native training loop asks it (batch hooks, NaN handling)."""

from __future__ import annotations

import inspect
import types

import keras
import numpy as np
import pytest
from keras.src.utils.python_utils import pythonify_logs

from netlet import callbacks as cb
from netlet.callbacks.callback_list import python_logs
from support.scripted_fit import ScriptedModel

HOOKS = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]


def test_every_hook_of_keras_exists_with_its_arguments():
    assert [name for name in dir(cb.Callback) if name.startswith("on_")] == HOOKS
    for name in HOOKS:
        ours = inspect.signature(getattr(cb.Callback, name)).parameters
        theirs = inspect.signature(getattr(keras.callbacks.Callback, name)).parameters
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", sorted(set(cb.__all__) & set(dir(keras.callbacks))))
def test_constructors_take_keras_arguments(name):
    ours = inspect.signature(getattr(cb, name).__init__).parameters
    theirs = inspect.signature(getattr(keras.callbacks, name).__init__).parameters
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


def test_calls_go_to_each_callback_in_order():
    seen = []

    class Recorder(cb.Callback):
        def __init__(self, label):
            super().__init__()
            self.label = label

        def __getattribute__(self, name):
            if name.startswith("on_") and name in HOOKS:
                seen.append((object.__getattribute__(self, "label"), name))
            return object.__getattribute__(self, name)

    hooks = cb.CallbackList([Recorder("a"), [Recorder("b"), (Recorder("c"),)]])
    for name in sorted(HOOKS, key=lambda name: name.endswith("_end")):
        arguments = () if "batch" not in name and "epoch" not in name else (0,)
        seen.clear()
        getattr(hooks, name)(*arguments, {"loss": 1.0})
        assert [entry for entry in seen if entry[1] == name] == [(label, name) for label in "abc"]


def test_train_batch_hooks_reach_their_older_names():
    seen = []

    class Old(cb.Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch, logs))

        def on_batch_end(self, batch, logs=None):
            seen.append(("end", batch, logs))

    hooks = cb.CallbackList(Old())
    hooks.on_train_batch_begin(3)
    hooks.on_train_batch_end(3, {"loss": np.float32(0.5)})
    assert seen == [("begin", 3, {}), ("end", 3, {"loss": 0.5})]


@pytest.mark.parametrize(
    "logs",
    [
        None,
        {},
        {"loss": np.float32(0.1), "accuracy": np.array(0.5), "b": 1, "a": "text", "c": None},
        {"z": {"y": 1, "x": {"w": np.array([1.0, 2.0])}}, "k": [1, 2], "one": np.array([3.0])},
    ],
)
def test_logs_are_made_plain_as_in_keras(logs):
    ours, theirs = python_logs(logs), pythonify_logs(logs)
    assert repr(ours) == repr(theirs)
    assert list(ours) == list(theirs)


def test_an_end_without_a_begin():
    for name in ("on_train_end", "on_test_end", "on_predict_end"):
        with pytest.raises(ValueError, match="called without corresponding `on_xxx_begin`"):
            getattr(cb.CallbackList(), name)()


def test_history_and_progress_are_added_once():
    mine = cb.History(), cb.ProgbarLogger()
    hooks = cb.CallbackList(mine, add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1)
    assert hooks.callbacks == list(mine)
    added = cb.CallbackList(add_history=True, add_progbar=True, verbose=0, epochs=1, steps=1).callbacks
    assert [type(c) for c in added] == [cb.History, cb.ProgbarLogger]


def test_params_and_model_reach_every_callback():
    model = ScriptedModel()
    one, two = cb.Callback(), cb.EarlyStopping()
    cb.CallbackList([one, two], add_history=True, model=model, verbose=0, epochs=3, steps=7)
    for callback in (one, two):
        assert callback.model is model
        assert callback.params == {"verbose": 0, "epochs": 3, "steps": 7}
    assert isinstance(model.history, cb.History)


class TrainBatch(cb.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class OldBatch(cb.Callback):
    def on_batch_begin(self, batch, logs=None):
        pass


class TestBatch(cb.Callback):
    __test__ = False

    def on_test_batch_begin(self, batch, logs=None):
        pass


class Checkpoint(cb.ModelCheckpoint):
    def on_train_batch_begin(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("callback", "wanted"),
    [
        (cb.Callback(), set()),
        (cb.History(), set()),
        (cb.ProgbarLogger(), set()),
        (cb.EarlyStopping(restore_best_weights=True), set()),
        (cb.ReduceLROnPlateau(), set()),
        (cb.LearningRateScheduler(lambda e: 0.1), set()),
        (cb.CSVLogger("log.csv"), set()),
        (cb.ModelCheckpoint("a.netlet"), set()),
        (cb.ModelCheckpoint("a.netlet", save_freq=10), {"train"}),
        (Checkpoint("a.netlet"), {"train"}),
        (cb.TerminateOnNaN(), {"train"}),
        (cb.LambdaCallback(on_epoch_end=print), set()),
        (cb.LambdaCallback(on_train_batch_end=print), {"train"}),
        (cb.LambdaCallback(on_predict_batch_end=print), {"predict"}),
        (TrainBatch(), {"train"}),
        (OldBatch(), {"train"}),
        (TestBatch(), {"test"}),
        (keras.callbacks.Callback(), {"train", "test", "predict"}),
        (types.SimpleNamespace(), {"train", "test", "predict"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_who_needs_batch_hooks(callback, wanted):
    hooks = cb.CallbackList([cb.History(), callback])
    assert {mode for mode in ("train", "test", "predict") if hooks.needs_batch_hooks(mode)} == wanted


def test_progress_reaches_who_listens_and_logs_are_made_only_if_read():
    seen = []

    class Listener(cb.Callback):
        def on_progress(self, mode, step, logs):
            seen.append((mode, step, logs()))

    hooks = cb.CallbackList([cb.History(), Listener()])
    hooks.on_progress("train", 5, lambda: {"loss": np.float32(0.5)})
    hooks.on_progress("test", 6, {"loss": 1})
    assert seen == [("train", 5, {"loss": 0.5}), ("test", 6, {"loss": 1.0})]

    def forbidden():
        raise AssertionError("nobody asked")

    cb.CallbackList([cb.History()]).on_progress("train", 5, forbidden)


def test_who_handles_nan():
    assert cb.handles_nan(cb.CallbackList([cb.TerminateOnNaN()]))
    assert not cb.handles_nan(cb.CallbackList([cb.EarlyStopping()]))


def test_keras_own_callbacks_work_too():
    """Callbacks need not inherit from netlet's Callback: Keras's are called in the same way."""
    stopper = keras.callbacks.EarlyStopping(monitor="loss", patience=1)
    model = ScriptedModel()
    hooks = cb.CallbackList([stopper], add_history=True, model=model, verbose=0, epochs=9, steps=1)
    hooks.on_train_begin()
    for epoch, loss in enumerate([1.0, 2.0, 3.0]):
        hooks.on_epoch_begin(epoch)
        hooks.on_epoch_end(epoch, {"loss": loss})
    assert model.stop_training


def test_unknown_direction_names_the_way_out():
    hooks = cb.CallbackList(
        [cb.EarlyStopping(monitor="val_strange")], model=ScriptedModel(), verbose=0, epochs=1, steps=1
    )
    with pytest.raises(ValueError, match="Pass `mode='max'`"):
        hooks.on_epoch_end(0, {"val_strange": 1.0})
