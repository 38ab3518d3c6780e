"""Times a layer in float32 and in 8 bits on this machine, for `only_if_faster`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from netlet import _core
from netlet.layers.rnn import native
from netlet.layers.rnn.gated import GatedCell

from .record import LayerRecord

BATCH = 32  # that of `predict`
UNKNOWN = 32  # for an axis whose size the layer does not know
ROUNDS = 15
SECONDS = 0.002  # of one round, at least one run


def slower(record: LayerRecord, layer: Any, twin: Any) -> str | None:
    """Why a layer stays float because its quantized form takes longer; None if it is faster, or not for speed.

    Args:
        record: its record, to which the times are added.
        layer: the float layer.
        twin: its quantized form.
    """
    if twin.quantization_config is None or twin.quantization_config.activations is None:
        return None  # only weights: for small files
    record.seconds_before, record.seconds_after = before, after = measure(layer, twin)
    if after < before:
        return None
    return f"{twin.quantization_mode} is not faster ({seconds_text(after)}, float {seconds_text(before)})"


def measure(layer: Any, twin: Any) -> tuple[float, float]:
    """Seconds of the float layer and of its quantized form for a batch, each in a plan of its own.

    The two alternate, so that both see the same clock frequency; the shortest run counts, which other load disturbs
    least.

    Args:
        layer: the float layer, built.
        twin: its quantized form.
    """
    shape = input_shape(layer)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    plans = [_plan(one, shape) for one in (layer, twin)]
    for plan in plans:
        plan.run([x])  # packs the weights
    repeats = [max(1, int(SECONDS / _seconds(plan, x, 1))) for plan in plans]
    times = [[_seconds(p, x, n) for p, n in zip(plans, repeats, strict=True)] for _ in range(ROUNDS)]
    before, after = (min(column) for column in zip(*times, strict=True))
    return before, after


def input_shape(layer: Any) -> tuple[int, ...]:
    """The shape of the input with which a layer is timed: the one that it was built for, with a batch of 32.

    Args:
        layer: a built layer with one input.

    >>> from netlet import Sequential, Input, layers
    >>> input_shape(Sequential([Input((None, 3)), layers.Dense(4)]).layers[0])
    (32, 32, 3)
    """
    shapes = dict(layer._build_arguments or {})
    shape = next(iter(shapes.values()))
    if isinstance(layer, GatedCell):  # one step of a sequence
        shape = (None, None, *shape[1:])
    return (BATCH, *(UNKNOWN if n is None else int(n) for n in shape[1:]))


def _plan(layer: Any, shape: tuple[int, ...]) -> Any:
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input(shape, "float32", "x")
        if isinstance(layer, GatedCell):
            return tape.compile([native.walk(layer, x, None, None, False, False, True)[1]])
        return tape.compile([layer(x)])


def _seconds(plan: Any, x: Any, repeats: int) -> float:
    """The shortest of several runs."""
    shortest = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        plan.run([x])
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def seconds_text(seconds: float) -> str:
    """A time with a unit and three digits.

    >>> seconds_text(0.00012345), seconds_text(2.5), seconds_text(0.0345)
    ('123 µs', '2.5 s', '34.5 ms')
    """
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
