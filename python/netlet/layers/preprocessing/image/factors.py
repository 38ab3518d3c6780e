"""Checks of arguments such as `factor` and `value_range`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def pair(layer: Any, name: str, value: Any) -> Any:
    """The argument of a layer itself, which must be a pair of numbers."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError(f"{type(layer).__name__}: expected `{name}` to be a pair of numbers, received {value!r}.")
    return value


def whole_number(layer: Any, name: str, value: Any, least: int) -> int:
    """The argument of a layer itself, which must be an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(
            f"{type(layer).__name__}: expected `{name}` to be an integer of at least {least}, received {value!r}."
        )
    return int(value)


def interval(
    layer: Any,
    name: str,
    value: Any,
    low: float,
    high: float,
    *,
    low_is_open: bool = False,
    clipped: bool = False,
    overlapping: bool = False,
) -> tuple[float, float]:
    """The bounds (lower, upper) of a `factor` argument: a pair, in any order, or one number f for (-f, f).

    Args:
        layer: whose argument it is, for errors.
        name: of the argument, for errors.
        value: the argument.
        low, high: the allowed range of the numbers.
        low_is_open: whether `low` itself is not allowed.
        clipped: whether the lower bound -f is clipped to `low`.
        overlapping: whether a pair only has to overlap [low, high].

    Raises:
        ValueError: not a number or pair of numbers, or out of range.
    """
    bracket = "(" if low_is_open else "["
    message = (
        f"{type(layer).__name__}: expected `{name}` to be a number, or a pair of them, in {bracket}{low}, {high}], "
        f"received {value!r}."
    )
    is_pair = isinstance(value, (tuple, list))
    numbers = list(value) if is_pair else [value]
    if (is_pair and len(numbers) != 2) or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in numbers):
        raise ValueError(message)
    below, above = min(numbers), max(numbers)
    if is_pair and overlapping:
        inside = below <= high and above >= low
    else:
        inside = (low < below if low_is_open else low <= below) and above <= high
    if not inside or not all(map(math.isfinite, numbers)):
        raise ValueError(message)
    if is_pair:
        return below, above
    size = abs(value)
    return (max(-size, low) if clipped else -size), size
