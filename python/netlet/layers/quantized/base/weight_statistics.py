"""How well codes represent a weight: what the report and the plots of quantization show."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

BINS = 101


class WeightStatistics(NamedTuple):
    """A weight before and after quantization.

    Attributes:
        edges: (BINS + 1,), the bins' edges, symmetric about 0.
        before: (BINS,), the number of float weights in each bin.
        after: (BINS,), the number of dequantized weights in each bin.
        signal: sum of the squares of the weights.
        noise: sum of the squares of the errors.
    """

    edges: Any
    before: Any
    after: Any
    signal: float
    noise: float


def weight_statistics(weight: Any, rounded: Any) -> WeightStatistics:
    """The statistics of a weight.

    Args:
        weight: its floats.
        rounded: the values of its codes.

    >>> found = weight_statistics(np.array([1.0, -2.0]), np.array([1.0, -1.9]))
    >>> found.before.sum().item(), round(found.noise, 3)
    (2, 0.01)
    """
    weight, rounded = np.asarray(weight, "float64"), np.asarray(rounded, "float64")
    limit = max(np.abs(weight).max(initial=0), np.abs(rounded).max(initial=0)) or 1.0
    edges = np.linspace(-limit, limit, BINS + 1)
    before, after = (np.histogram(values, edges)[0] for values in (weight, rounded))
    return WeightStatistics(edges, before, after, float(np.sum(weight**2)), float(np.sum(np.square(weight - rounded))))


def decibels(signal: float, noise: float) -> float:
    """The ratio of two powers in decibels: 10 log10(signal / noise); infinity without noise.

    >>> decibels(100.0, 1.0)
    20.0
    """
    return math.inf if noise == 0 else 10 * math.log10(signal / noise) if signal else -math.inf
