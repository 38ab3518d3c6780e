"""A `fit` without a real model: drives a CallbackList of netlet or Keras through predefined logs."""

from __future__ import annotations

import contextlib
import io
import pathlib
import types
import warnings
from collections.abc import Callable
from typing import Any


class Metric:
    """The attributes of a metric that callbacks read."""

    def __init__(self, name: str, direction: str) -> None:
        self.name, self._direction = name, direction


class ScriptedModel:
    """The attributes of a model that callbacks read and change. Its weights are the number of epochs begun."""

    def __init__(self, rate: float = 0.1, metrics: tuple[Metric, ...] = ()) -> None:
        self.stop_training = False
        self.optimizer = types.SimpleNamespace(learning_rate=rate, name="sgd")
        self.metrics = list(metrics)
        self.weights = 0
        self.saved: list[tuple[str, str, int]] = []
        self.history: Any = None

    def get_weights(self) -> int:
        return self.weights

    def set_weights(self, weights: int) -> None:
        self.weights = weights

    def save(self, path: str, overwrite: bool) -> None:
        self._write("model", path, overwrite)

    def save_weights(self, path: str, overwrite: bool) -> None:
        self._write("weights", path, overwrite)

    def _write(self, kind: str, path: str, overwrite: bool) -> None:
        assert overwrite
        pathlib.Path(path).write_text(str(self.weights))
        self.saved.append((kind, pathlib.Path(path).name, self.weights))


def scripted_fit(
    library: Any,
    callbacks: Callable[[Any], list[Any]],
    epochs: list[dict[str, float]],
    batches: list[dict[str, float]] | None = None,
    model: ScriptedModel | None = None,
    fits: int = 1,
    verbose: Any = 0,
) -> dict[str, Any]:
    """Runs a scripted fit and returns its visible effects: history, weights, learning rates, output, warnings, files.

    Args:
        library: `netlet.callbacks` or `keras.callbacks`.
        callbacks: function of the library that makes the callbacks.
        epochs: the logs of each epoch.
        batches: the logs of each batch of every epoch.
        fits: how many times to train with the same callbacks.
    """
    model = model or ScriptedModel()
    batches = batches or [{"loss": 1.0}, {"loss": 0.5}]
    rates: list[float] = []
    out = io.StringIO()
    error = ""
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = callbacks(library)
            for _ in range(fits):
                hooks = library.CallbackList(
                    made,
                    add_history=True,
                    add_progbar=verbose != 0,
                    model=model,
                    verbose=verbose,
                    epochs=len(epochs),
                    steps=len(batches),
                )
                model.stop_training = False
                hooks.on_train_begin()
                for epoch, logs in enumerate(epochs):
                    model.weights += 1
                    hooks.on_epoch_begin(epoch)
                    rates.append(float(model.optimizer.learning_rate))
                    for i, batch in enumerate(batches):
                        hooks.on_train_batch_begin(i)
                        hooks.on_train_batch_end(i, batch)
                        if model.stop_training:
                            break
                    hooks.on_epoch_end(epoch, dict(logs))
                    if model.stop_training:
                        break
                hooks.on_train_end(dict(logs))
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
    return {
        "history": model.history.history if model.history is not None else None,
        "epochs": model.history.epoch if model.history is not None else None,
        "weights": model.weights,
        "rates": rates,
        "stopped": model.stop_training,
        "saved": model.saved,
        "printed": out.getvalue(),
        "warned": [str(w.message) for w in caught],
        "error": error,
    }
