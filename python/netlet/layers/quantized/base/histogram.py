"""A histogram that grows with its values, and the ranges that follow from it."""

from __future__ import annotations

import math

import numpy as np

BINS = 4096  # on either side of 0; at least half of them are used
FRACTIONS = 100


class Histogram:
    """Counts of finite values in bins of one width, BINS on either side of 0.

    If a value is beyond the last bin, the width doubles and neighbouring bins are joined, which loses nothing.

    Attributes:
        width: of a bin; 0 before the first value that is not 0.

    >>> histogram = Histogram()
    >>> histogram.add(np.array([0.5, 1.0, 4.0], "float32"))
    >>> histogram.quantile(1.0) >= 4.0
    True
    """

    def __init__(self) -> None:
        self.width = 0.0
        self._counts = np.zeros((2, BINS))  # of values below 0, of values from 0 on; by magnitude
        self._zeros = 0

    def add(self, values: np.ndarray) -> None:
        """Counts the values of an array."""
        flat = np.asarray(values, "float64").ravel()
        most = float(np.abs(flat).max(initial=0.0))
        if most == 0.0 and self.width == 0.0:
            self._zeros += flat.size
            return
        if self.width == 0.0:
            self.width = 2.0 ** (math.frexp(most)[1]) / BINS
            self._counts[1, 0] = self._zeros
        while most >= self.width * BINS:
            joined = self._counts.reshape(2, BINS // 2, 2).sum(axis=2)
            self._counts = np.concatenate([joined, np.zeros_like(joined)], axis=1)
            self.width *= 2.0
        bins = (np.abs(flat) / self.width).astype(np.int64)
        for side, chosen in enumerate((flat < 0, flat >= 0)):
            self._counts[side] += np.bincount(bins[chosen], minlength=BINS)

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """(centers, counts) of all bins that are not empty, in ascending order of the values."""
        magnitudes = (np.arange(BINS) + 0.5) * self.width
        centers = np.concatenate([-magnitudes[::-1], magnitudes])
        counts = np.concatenate([self._counts[0][::-1], self._counts[1]])
        return centers[counts > 0], counts[counts > 0]

    def magnitudes(self) -> tuple[np.ndarray, float]:
        """(counts of |x|, width of a bin), up to the last bin that is not empty."""
        counts = self._counts.sum(axis=0)
        last = int(np.flatnonzero(counts).max(initial=0))
        return counts[: last + 1].copy(), self.width

    def quantile(self, share: float) -> float:
        """The value that this share of the values is below, to the accuracy of a bin."""
        centers, counts = self.values()
        if not len(centers):
            return 0.0
        place = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
        center = float(centers[min(place, len(centers) - 1)])
        return center + math.copysign(self.width / 2, center)


def least_divergent(counts: np.ndarray, width: float, levels: int) -> float:
    """The threshold of |x| whose `levels` codes have the smallest Kullback-Leibler divergence from the distribution.

    For each threshold, p is the distribution up to it, with everything beyond in its last bin; q is the distribution
    without that, averaged over the bins of each code.

    Args:
        counts: of |x|, by bin.
        width: of a bin.
        levels: number of codes.

    Returns:
        The threshold.

    Source: Migacz, "8-bit inference with TensorRT", GTC 2017.

    >>> least_divergent(np.ones(64), 0.5, levels=128)
    32.0
    """
    best, found = math.inf, len(counts)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    filled = np.concatenate([[0], np.cumsum(counts > 0)])
    step = max(1, len(counts) // 1024)
    for bins in range(levels, len(counts) + 1, step):
        edges = np.arange(levels + 1) * bins // levels
        sums, used = np.diff(total[edges]), np.diff(filled[edges])
        q = np.repeat(sums / np.maximum(used, 1), np.diff(edges))
        p = counts[:bins].copy()
        q[p == 0] = 0.0
        p[-1] += total[-1] - total[bins]
        if q[-1] == 0.0 and p[-1] > 0.0:
            continue  # q gives no probability to the values beyond the threshold
        there = p > 0
        p, q = p[there] / p.sum(), q[there] / q.sum()
        divergence = float(np.sum(p * np.log(p / q)))
        if divergence < best:
            best, found = divergence, bins
    return found * width


def least_squares(centers: np.ndarray, counts: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The range, of FRACTIONS multiples of (low, high) up to 1, whose 256 codes have the smallest mean squared error.

    Args:
        centers, counts: a histogram.
        low, high: smallest and largest value; low <= 0 <= high.

    Returns:
        (low, high).

    >>> least_squares(np.array([1.0, 2.0]), np.array([1.0, 1.0]), 0.0, 2.0)
    (0.0, 2.0)
    """
    best, found = math.inf, 1.0
    if not len(centers) or low == high:
        return low, high
    for part in range(FRACTIONS, FRACTIONS // 5 - 1, -1):
        fraction = part / FRACTIONS
        scale = (high - low) * fraction / 255.0
        zero = np.rint(-low * fraction / scale)
        values = (np.clip(np.rint(centers / scale) + zero, 0, 255) - zero) * scale
        error = float(np.sum(counts * (values - centers) ** 2))
        if error < best:
            best, found = error, fraction
    return low * found, high * found
