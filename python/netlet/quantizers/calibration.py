"""Calibration: runs a float model on typical data and observes the inputs of the layers that are quantized."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.layers.quantized.base.observers import observer
from netlet.training.eager_here import eager_here


class Repeatable:
    """The batches of a generator, for several runs.

    Args:
        batches: the generator.

    >>> data = Repeatable(iter("ab"))
    >>> list(data) == list(data)
    True
    """

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = list(batches)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)


def ranges_of(model: Any, layers: Sequence[Any], config: Any) -> dict[int, tuple[float, float]]:
    """The range of the inputs of each layer, from a run of the model on the calibration data.

    Args:
        model: the float model.
        layers: the layers whose inputs are observed.
        config: an Int8Config.

    Returns:
        {id of a layer: (low, high)} of the layers that the run called; empty without static activations.

    Raises:
        ValueError: no calibration data, or none of its rows; data that do not fit the model; NaN or infinite values.
    """
    if config.activations != "static" or not layers:
        return {}
    if config.calibration is None:
        raise ValueError(
            f"Model '{model.name}': expected Int8Config(calibration=) with typical inputs for activations=\"static\", "
            "received None."
        )
    observers = [observer(config.observer) for _ in layers]
    _observe(model, layers, observers, config.calibration)
    return {id(layer): seen.range() for layer, seen in zip(layers, observers, strict=True) if seen.count}


def saturation_of(
    model: Any, layers: Sequence[Any], ranges: Mapping[int, tuple[float, float]], config: Any
) -> dict[int, float]:
    """The fraction of the inputs of each layer that lie beyond its range, from a second run on the calibration data.

    Args:
        model: the float model.
        layers: the layers.
        ranges: what `ranges_of` returned.
        config: an Int8Config.

    Returns:
        {id of a layer: fraction} of the layers with a range.
    """
    layers = [layer for layer in layers if id(layer) in ranges]
    if not layers or config.observer == "minmax":
        return dict.fromkeys(map(id, layers), 0.0)
    counters = [_Beyond(*ranges[id(layer)]) for layer in layers]
    _observe(model, layers, counters, config.calibration)
    return {id(layer): seen.beyond / seen.count for layer, seen in zip(layers, counters, strict=True)}


class _Beyond:
    """Counts the values beyond a range.

    Args:
        low, high: the range.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = np.float32(low), np.float32(high)
        self.beyond = self.count = 0

    def add(self, values: Any) -> None:
        self.beyond += int(np.count_nonzero((values < self.low) | (values > self.high)))
        self.count += values.size


def _observe(model: Any, layers: Sequence[Any], observers: Sequence[Any], data: Any) -> None:
    """Runs the model on the data; each observer's `add` is called with the inputs of its layer."""
    with contextlib.ExitStack() as watched:
        for layer, seen in zip(layers, observers, strict=True):
            watched.enter_context(_watched(layer, seen))
        watched.enter_context(eager_here())  # plans do not call layers
        try:
            outputs = model.predict(data, verbose=0)
        except (TypeError, ValueError) as error:
            if "expected calibration data" in str(error):
                raise  # of a layer that is watched
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"Model '{model.name}': expected calibration data that `predict` takes, inputs without labels, as "
                f"arrays or a generator of batches. {error}"
            ) from error
    if not all(len(rows) for rows in tree.flatten(outputs)):
        raise ValueError(f"Model '{model.name}': expected calibration data with at least one row, received none.")


@contextlib.contextmanager
def _watched(layer: Any, seen: Any) -> Iterator[None]:
    """A context in which `seen` is given the inputs of each call of the layer in this thread."""
    call, thread = layer.call, threading.get_ident()
    _ = layer._takes_training  # cached now, from the true `call`

    @functools.wraps(call)
    def watching(*args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:  # a prediction, of other data
            return call(*args, **kwargs)
        values = np.asarray(args[0] if args else next(iter(kwargs.values())), "float32")
        if not np.isfinite(values).all():
            raise ValueError(
                f"Layer '{layer.name}': expected calibration data with finite inputs of each layer, received NaN or "
                "infinite values."
            )
        seen.add(values)
        return call(*args, **kwargs)

    own = layer.__dict__.get("call")
    object.__setattr__(layer, "call", watching)
    try:
        yield
    finally:
        if own is None:
            object.__delattr__(layer, "call")
        else:
            object.__setattr__(layer, "call", own)
