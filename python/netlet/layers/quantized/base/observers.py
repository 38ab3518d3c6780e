"""Observers: the range of a layer's input, from the values of several batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .histogram import Histogram, least_divergent, least_squares

BATCH_SHARE = 0.1  # of a new batch in a moving average


class Observer:
    """Base of observers. The range includes 0, whose code is then exact.

    Attributes:
        count: number of values seen.
    """

    def __init__(self) -> None:
        self.count = 0
        self.low = self.high = 0.0

    def add(self, values: Any) -> None:
        """Takes the values of one batch, finite floats."""
        values = np.asarray(values, "float32")
        if values.size:
            self._add(values, float(values.min()), float(values.max()))
            self.count += values.size

    def _add(self, values: np.ndarray, low: float, high: float) -> None:
        raise NotImplementedError

    def range(self) -> tuple[float, float]:
        """(low, high): the values to which the smallest and the largest code are given."""
        return min(self.low, 0.0), max(self.high, 0.0)


class MinMax(Observer):
    """The smallest and the largest value.

    >>> seen = MinMax()
    >>> seen.add([1.0, 3.0])
    >>> seen.range()
    (0.0, 3.0)
    """

    def _add(self, values: np.ndarray, low: float, high: float) -> None:
        self.low = low if not self.count else min(self.low, low)
        self.high = high if not self.count else max(self.high, high)


class MovingAverage(Observer):
    """Moving averages of the smallest and the largest value of a batch: a tenth of each new batch.

    Source: Jacob et al., 2018, section 3.1.

    >>> seen = MovingAverage()
    >>> seen.add([-1.0, 1.0])
    >>> seen.add([-2.0, 1.0])
    >>> seen.range()
    (-1.1, 1.0)
    """

    def _add(self, values: np.ndarray, low: float, high: float) -> None:
        share = BATCH_SHARE if self.count else 1.0
        self.low += share * (low - self.low)
        self.high += share * (high - self.high)


class FromHistogram(Observer):
    """Base of observers that need the distribution of the values."""

    def __init__(self) -> None:
        super().__init__()
        self.histogram = Histogram()

    def _add(self, values: np.ndarray, low: float, high: float) -> None:
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.histogram.add(values)

    def _cut(self) -> tuple[float, float]:
        """The range, before it is limited to the values that were seen."""
        raise NotImplementedError

    def range(self) -> tuple[float, float]:
        low, high = self._cut()
        return max(low, min(self.low, 0.0)), min(high, max(self.high, 0.0))


class Percentile(FromHistogram):
    """The range without the 0.01 % of the values that are farthest out on either side.

    Source: McKinstry et al., "Discovering low-precision networks close to full-precision networks", 2018.
    """

    share = 1e-4

    def _cut(self) -> tuple[float, float]:
        return min(self.histogram.quantile(self.share), 0.0), max(self.histogram.quantile(1.0 - self.share), 0.0)


class Entropy(FromHistogram):
    """The range whose codes lose the least information about the distribution of |x|.

    It needs many values, a hundred thousand or more; of few values it cuts off too much.

    Source: Migacz, "8-bit inference with TensorRT", GTC 2017.
    """

    def _cut(self) -> tuple[float, float]:
        counts, width = self.histogram.magnitudes()
        if len(counts) > 1:
            counts[0] = counts[1]  # 0 has an exact code; the many zeros after a relu would outweigh everything else
        most = least_divergent(counts, width, levels=256 if self.low >= 0 or self.high <= 0 else 128)
        return max(self.low, -most), min(self.high, most)


class MeanSquaredError(FromHistogram):
    """The range, of those proportional to the seen one, with the smallest mean squared error of the codes.

    Source: Banner et al., "Post training 4-bit quantization of convolutional networks", 2019 (there in closed form).
    """

    def _cut(self) -> tuple[float, float]:
        centers, counts = self.histogram.values()
        return least_squares(centers, counts, min(self.low, 0.0), max(self.high, 0.0))


_OBSERVERS: dict[str, type[Observer]] = {
    "minmax": MinMax,
    "moving_average": MovingAverage,
    "percentile": Percentile,
    "entropy": Entropy,
    "mse": MeanSquaredError,
}


def observer(name: str) -> Observer:
    """A new observer.

    Args:
        name: "minmax", "moving_average", "percentile", "entropy" or "mse".

    >>> type(observer("mse")).__name__
    'MeanSquaredError'
    """
    return _OBSERVERS[name]()
