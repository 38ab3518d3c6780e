"""The weights that compute an axis of m entries from an axis of n entries.

Resampling an axis is a product with a band matrix: entry i of the new axis is the sum, for t < count[i], of
weights[i, t] times entry first[i] + t of the old one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

Bands = tuple[np.ndarray, np.ndarray, np.ndarray]  # first (m,), count (m,), weights (m, taps)


def _triangle(x: np.ndarray) -> np.ndarray:
    """Linear interpolation's weight at distance x."""
    return np.maximum(0.0, 1.0 - x)


def _cubic(x: np.ndarray) -> np.ndarray:
    """The cubic weight at distance x of Keys, 1981, with a = -1/2."""
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(radius: float) -> Callable[[np.ndarray], np.ndarray]:
    """The Lanczos weight at distance x."""
    return lambda x: np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


# Method -> (radius, in entries, beyond which the weight is 0; weight at a distance).
FILTERS: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _cubic),
    "lanczos3": (3.0, _lanczos(3.0)),
    "lanczos5": (5.0, _lanczos(5.0)),
}
INTERPOLATIONS = ("nearest", *FILTERS)


@functools.lru_cache(maxsize=256)
def interpolation(n: int, m: int, method: str, antialias: bool = False) -> Bands:
    """The weights that resize an axis of n entries to m.

    Pixels are areas: entry i is at (i + 1/2) n / m - 1/2 of the old axis.

    Args:
        n: old size.
        m: new size.
        method: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether the filter gets n / m times as wide when the axis shrinks, so that every entry counts; False
            by default.

    Returns:
        (first, count, weights): (m,) int32, (m,) int32 and (m, taps) float64.

    >>> first, count, weights = interpolation(2, 4, "bilinear")
    >>> first, weights[1]
    (array([0, 0, 0, 1], dtype=int32), array([0.75, 0.25]))
    """
    if method == "nearest":  # in float32, as JAX and Keras compute it, so that ties are rounded as theirs
        offsets = (np.arange(m, dtype="float32") + np.float32(0.5)) * np.float32(n) / np.float32(m)
        first = np.minimum(np.floor(offsets).astype("int32"), n - 1)
        return first, np.ones(m, "int32"), np.ones((m, 1))
    radius, kernel = FILTERS[method]
    scale = max(n / m, 1.0) if antialias else 1.0
    at = (np.arange(m) + 0.5) * n / m - 0.5
    low = np.maximum(np.ceil(at - radius * scale - 1e-9), 0).astype("int32")
    high = np.minimum(np.floor(at + radius * scale + 1e-9), n - 1).astype("int32")
    taps = int((high - low).max(initial=0)) + 1
    entries = low[:, None] + np.arange(taps)
    weights = np.where(entries <= high[:, None], kernel(np.abs(at[:, None] - entries) / scale), 0.0)
    weights /= weights.sum(1, keepdims=True)  # near the border, part of the filter is outside the axis
    return trimmed(low, weights)


@functools.lru_cache(maxsize=256)
def means(n: int, m: int) -> Bands:
    """The weights of m means over an axis of n entries.

    Mean i is over the entries from floor(i n / m) to ceil((i + 1) n / m) - 1.

    Args:
        n: old size.
        m: new size.

    Returns:
        (first, count, weights): (m,) int32, (m,) int32 and (m, taps) float64.

    >>> means(3, 2)[2]
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    first, count = windows(n, m)
    inside = np.arange(int(count.max(initial=0))) < count[:, None]
    return first, count, inside / count[:, None]


def windows(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """First entry and number of entries of m windows over an axis of n. Neighbouring windows may overlap by one entry.

    Args:
        n: old size.
        m: number of windows.

    Returns:
        (first, count): (m,) int32 each.

    >>> windows(3, 2)
    (array([0, 1], dtype=int32), array([2, 2], dtype=int32))
    """
    begin = np.array([i * n // m for i in range(m)], "int32")
    end = np.array([math.ceil((i + 1) * n / m) for i in range(m)], "int32")
    return begin, end - begin


def trimmed(first: np.ndarray, weights: np.ndarray) -> Bands:
    """The bands without zero weights at either end of a row: the entries that they multiply may be infinite.

    Args:
        first: (m,): the first entry of each row.
        weights: (m, taps).

    Returns:
        (first, count, weights); a row of zeros has count 0.

    >>> trimmed(np.array([2, 0]), np.array([[0.0, 1.0], [0.0, 0.0]]))[1]
    array([1, 0], dtype=int32)
    """
    there = weights != 0
    some = there.any(1)
    skipped = np.where(some, there.argmax(1), 0)
    count = np.where(some, weights.shape[1] - there[:, ::-1].argmax(1) - skipped, 0).astype("int32")
    taps = int(count.max(initial=1))
    at = np.minimum(skipped[:, None] + np.arange(taps), weights.shape[1] - 1)
    inside = np.arange(taps) < count[:, None]
    return (first + skipped).astype("int32"), count, np.where(inside, np.take_along_axis(weights, at, 1), 0.0)
