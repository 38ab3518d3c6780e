"""The progress bar: Keras's format, at most ten updates a second, a plain line if the output is not a terminal."""

from __future__ import annotations

import io
import re
import types

import keras
import pytest
from keras.src.utils import io_utils as keras_io
from keras.src.utils import progbar as keras_progbar

import netlet.callbacks
from netlet.base import messages
from netlet.utils import progbar as progbar_module
from netlet.utils.progbar import Progbar
from support.scripted_fit import scripted_fit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal that both libraries use as sys.stdout.

    sys.stdout itself cannot be replaced here: pytest restores its own between fixture and test.
    """
    out = Terminal()
    for module in (messages, progbar_module, keras_io, keras_progbar):
        monkeypatch.setattr(module, "sys", types.SimpleNamespace(stdout=out, modules={}))
    return out


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances only when a test sets it."""

    class Clock:
        now = 1000.0

        def time(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(progbar_module, "time", clock)
    return clock


def screen(text: str) -> list[str]:
    """The final lines on a terminal: without colours and trailing blanks, redrawn lines overwritten."""
    lines = []
    for line in re.sub(r"\x1b\[\d+m", "", text).replace("\b", "").split("\n"):
        shown = ""
        for drawn in line.split("\r"):
            shown = drawn + shown[len(drawn) :]
        lines.append(shown.rstrip())
    return lines


def without_times(text: str) -> list[str]:
    return [re.sub(r"\d+(s|ms|us)\b", "<time>", line) for line in screen(text)]


EPOCHS = [
    {"loss": 0.5, "accuracy": 0.875, "val_loss": 0.25, "val_accuracy": 1.0},
    {"loss": 1e-4, "accuracy": 0.9, "val_loss": 1234.56789, "val_accuracy": 0.0},
]
BATCHES = [{"loss": 1.0 / (i + 1), "accuracy": 0.5} for i in range(32)]


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_fit_shows_what_keras_shows(verbose, monkeypatch):
    shown = []
    for lib in (netlet.callbacks, keras.callbacks):
        monkeypatch.setattr(io, "StringIO", Terminal)  # scripted_fit captures the output with it
        result = scripted_fit(lib, lambda lib: [], EPOCHS, batches=BATCHES, verbose=verbose)
        assert result["error"] == ""
        shown.append(without_times(result["printed"]))
    assert shown[0] == shown[1]
    if verbose in (1, "auto"):
        bar = "━" * 20
        values = "accuracy: 0.8750 - loss: 0.5000 - val_accuracy: 1.0000 - val_loss: 0.2500"
        assert shown[0][:2] == ["Epoch 1/2", f"32/32 {bar} <time> <time>/step - {values}"]
        assert "loss: 1.0000e-04" in shown[0][3]
    if verbose == 0:
        assert shown[0] == [""]


def test_one_epoch_has_no_heading():
    result = scripted_fit(netlet.callbacks, lambda lib: [], EPOCHS[:1], verbose=2)
    assert "Epoch" not in result["printed"]
    assert result["printed"].startswith("2/2 - 0s - ")


def test_plain_line_where_the_output_is_no_terminal():
    result = scripted_fit(netlet.callbacks, lambda lib: [], EPOCHS[:1], batches=BATCHES, verbose=1)
    assert result["printed"].count("\n") == 1
    assert not set(result["printed"]) & {"\r", "\b", "\x1b"}
    line = result["printed"]
    assert line.startswith("32/32 " + "━" * 20)
    assert line.endswith("/step - accuracy: 0.8750 - loss: 0.5000 - val_accuracy: 1.0000 - val_loss: 0.2500\n")


@pytest.mark.parametrize("native", [False, True])
def test_at_most_ten_drawings_a_second(terminal, clock, native):
    """30,000 batches in ten seconds, reported by batch hooks or by `on_progress`."""
    read = []
    hooks = netlet.callbacks.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=30_000)
    hooks.on_epoch_begin(0)
    for batch in range(30_000):
        clock.now += 10 / 30_000
        if native:
            hooks.on_progress("train", batch + 1, lambda: read.append(1) or {"loss": 1.0})
        else:
            hooks.on_train_batch_end(batch, {"loss": 1.0})
    drawn = terminal.getvalue().count("\r")
    assert 50 <= drawn <= 101
    assert len(read) == (drawn if native else 0)  # the metrics are computed only when they are shown


def test_the_line_shows_time_left_then_time_taken(terminal, clock):
    bar = Progbar(100, stateless_metrics=())
    clock.now += 2.0
    bar.update(1, [("loss", 1.0)])
    clock.now += 49 * 3.0
    bar.update(50, [("loss", 0.5)])
    assert screen(terminal.getvalue())[-1] == " 50/100 " + "━" * 20 + " 2:30 3s/step - loss: 0.5000"
    clock.now += 50 * 3.0
    bar.update(100, [("loss", 0.25)])
    assert screen(terminal.getvalue())[0] == "100/100 " + "━" * 20 + " 299s 3s/step - loss: 0.2500"


def test_a_shorter_line_covers_a_longer_one(terminal, clock):
    bar = Progbar(2, stateless_metrics=())
    bar.update(1, [("a_long_name_of_a_metric", 123456.789)])
    clock.now += 1
    bar._values.clear()
    bar.update(2, [("x", 0.5)])
    assert screen(terminal.getvalue())[0].endswith("/step - x: 0.5000")


def test_unknown_number_of_steps(terminal, clock):
    result = []
    for lib in (netlet.callbacks, keras.callbacks):
        terminal.seek(0)
        terminal.truncate()
        hooks = lib.CallbackList(add_progbar=True, verbose=1, epochs=2, steps=None)
        hooks.on_train_begin()
        for epoch in range(2):
            hooks.on_epoch_begin(epoch)
            for i in range(7):
                hooks.on_train_batch_end(i, {"loss": 1.0})
            hooks.on_epoch_end(epoch, {"loss": 0.5})
        result.append(without_times(terminal.getvalue()))
    assert result[0] == result[1]
    assert result[0][1].startswith("7/7 ━")


@pytest.mark.parametrize("steps", [1, 9, 10, 11, 1000])
def test_averaging_progbar_is_keras_progbar(steps, terminal):
    shown = []
    for make in (Progbar, keras.utils.Progbar):
        terminal.seek(0)
        terminal.truncate()
        bar = make(steps, width=13, stateful_metrics=["b"], unit_name="image", interval=0.0)
        for i in range(0, steps, 3):
            bar.update(i, [("a", i), ("b", -i)], finalize=False)
        bar.add(steps - bar._seen_so_far, [("a", 2.0), ("b", 3.0)])
        shown.append(without_times(terminal.getvalue()))
    assert shown[0] == shown[1]


def test_progbar_refuses_both_kinds_of_lists():
    with pytest.raises(ValueError, match="only one of `stateful_metrics` and `stateless_metrics`"):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_evaluate_and_predict_have_a_line_and_validation_has_none(terminal):
    def drive(lib, inside_fit):
        terminal.seek(0)
        terminal.truncate()
        hooks = lib.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
        if inside_fit:
            hooks.on_train_begin()
        hooks.on_test_begin()
        for i in range(2):
            hooks.on_test_batch_end(i, {"loss": 1.0})
        hooks.on_test_end({"loss": 0.5})
        if not inside_fit:
            hooks.on_predict_begin()
            for i in range(2):
                hooks.on_predict_batch_end(i, {"outputs": [[1.0]]})
            hooks.on_predict_end()
        return without_times(terminal.getvalue())

    for inside_fit in (False, True):
        ours = drive(netlet.callbacks, inside_fit)
        assert ours == drive(keras.callbacks, inside_fit)
    assert ours == [""]


def test_validation_progress_is_silent_inside_fit(terminal, clock):
    hooks = netlet.callbacks.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_progress("test", 1, {"loss": 1.0})
    assert terminal.getvalue() == ""


def test_an_output_without_the_bars_character(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Progbar(1, stateless_metrics=()).update(1, [("größe", 1.0)])
    assert raw.getvalue().startswith(b"1/1 " + b"=" * 20)
    assert b"gr??e: 1.0000" in raw.getvalue()
