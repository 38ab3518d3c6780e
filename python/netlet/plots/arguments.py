"""Checks of the arguments of plots, whose errors name the function and the argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def numbers(function: str, argument: str, value: Any) -> NDArray[np.float64]:
    """The value as an array of floats.

    Args:
        function: name of the function, for the message.
        argument: name of the argument, for the message.
        value: anything.

    Raises:
        ValueError: it has no numbers, or rows of different lengths.

    >>> numbers("roc", "scores", [1, 2]).tolist()
    [1.0, 2.0]
    >>> numbers("roc", "scores", "high")
    Traceback (most recent call last):
        ...
    ValueError: roc: expected numbers as `scores`, received str.
    """
    try:
        return np.asarray(value, "float64")
    except (TypeError, ValueError):
        raise ValueError(f"{function}: expected numbers as `{argument}`, received {type(value).__name__}.") from None


def interval(function: str, argument: str, value: Any) -> tuple[float, float]:
    """The value as (smallest, largest).

    Args:
        function: name of the function, for the message.
        argument: name of the argument, for the message.
        value: anything.

    Raises:
        ValueError: it is not two finite numbers, the smaller one first.

    >>> interval("activation", "x", [-1, 1])
    (-1.0, 1.0)
    """
    found = numbers(function, argument, value)
    if found.shape != (2,) or not np.isfinite(found).all() or found[0] >= found[1]:
        raise ValueError(f"{function}: expected `{argument}` as (smallest, largest), received {value!r}.")
    return float(found[0]), float(found[1])


def at_least(function: str, argument: str, value: Any, least: int) -> int:
    """The value as an integer.

    Args:
        function: name of the function, for the message.
        argument: name of the argument, for the message.
        value: anything.
        least: the smallest integer that is accepted.

    Raises:
        ValueError: it is no integer, or a smaller one.

    >>> at_least("filters", "limit", 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: filters: expected an integer of at least 1 as `limit`, received 0.
    """
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{function}: expected an integer of at least {least} as `{argument}`, received {value!r}.")
    return int(value)
