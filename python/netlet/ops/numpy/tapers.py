"""Windows that taper a signal towards its ends: constants of a given length, computed by NumPy in float64."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import floatx

from ..core.dispatch import known_values, op

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


def _taper(x: Any, name: str, make: Callable[[int], Any]) -> Any:
    """The window of x points in floatx."""
    try:
        points = operator.index(x) if isinstance(x, (int, np.integer)) else known_values(x, f"ops.{name}").item()
    except ValueError:
        points = None
    if isinstance(x, bool) or isinstance(points, bool) or not isinstance(points, int):
        raise ValueError(f"ops.{name}: expected one integer, the number of points, received {x!r}.")
    if points > np.iinfo(np.int64).max // 8:
        raise ValueError(f"ops.{name}: {points} points are too many elements.")
    return _core.tensor(make(points), floatx())


@op
def bartlett(x: Any) -> Any:
    """The Bartlett window, a triangle that is 0 at both ends.

    Args:
        x: number of points, an integer.

    Returns:
        Tensor (x,) of floatx; without elements for x below 1.

    Raises:
        ValueError: x is not an integer.
        NeedsValues: x is computed by a recorded step: the result's shape depends on its value.

    >>> bartlett(5).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _taper(x, "bartlett", np.bartlett)


@op
def blackman(x: Any) -> Any:
    """The Blackman window: 0.42 - 0.5 cos(2 pi n / (x - 1)) + 0.08 cos(4 pi n / (x - 1)).

    Args:
        x: number of points, an integer.

    Returns:
        Tensor (x,) of floatx; without elements for x below 1.

    Raises:
        ValueError: x is not an integer.
        NeedsValues: x is computed by a recorded step: the result's shape depends on its value.

    >>> abs(blackman(5).numpy()).round(4).tolist()
    [0.0, 0.3400000035762787, 1.0, 0.3400000035762787, 0.0]
    """
    return _taper(x, "blackman", np.blackman)


@op
def hamming(x: Any) -> Any:
    """The Hamming window: 0.54 - 0.46 cos(2 pi n / (x - 1)).

    Args:
        x: number of points, an integer.

    Returns:
        Tensor (x,) of floatx; without elements for x below 1.

    Raises:
        ValueError: x is not an integer.
        NeedsValues: x is computed by a recorded step: the result's shape depends on its value.

    >>> hamming(3).numpy().round(2)
    array([0.08, 1.  , 0.08], dtype=float32)
    """
    return _taper(x, "hamming", np.hamming)


@op
def hanning(x: Any) -> Any:
    """The Hann window: 0.5 - 0.5 cos(2 pi n / (x - 1)).

    Args:
        x: number of points, an integer.

    Returns:
        Tensor (x,) of floatx; without elements for x below 1.

    Raises:
        ValueError: x is not an integer.
        NeedsValues: x is computed by a recorded step: the result's shape depends on its value.

    >>> hanning(5).numpy().round(2)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    return _taper(x, "hanning", np.hanning)


@op
def kaiser(x: Any, beta: Any) -> Any:
    """The Kaiser window: i0(beta sqrt(1 - (2 n / (x - 1) - 1)**2)) / i0(beta), with i0 the modified Bessel function.

    Args:
        x: number of points, an integer.
        beta: how narrow the window is: 0 is a rectangle, 8.6 is near to a Blackman window.

    Returns:
        Tensor (x,) of floatx; without elements for x below 1.

    Raises:
        ValueError: x is not an integer, or beta not a number.
        NeedsValues: an argument is computed by a recorded step.

    >>> kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    shape = known_values(beta, "ops.kaiser")
    if shape.size != 1:
        raise ValueError(f"ops.kaiser: expected a number beta, received shape {shape.shape}.")
    return _taper(x, "kaiser", lambda points: np.kaiser(points, float(shape.reshape(()))))
