"""ClassPairs: base of the metrics that count pairs (class of the target, class of the prediction)."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core
from netlet.losses.arrays import as_tensor, is_leading

from .metric import Metric


class ClassPairs(Metric):
    """Base of metrics whose state is a confusion matrix, (classes, classes): a row per class of the targets.

    One kernel adds a batch. The matrix is a float64 Variable, so counts are exact up to 2^53.

    Args:
        num_classes: number of classes, at least 1.
        name: key in the logs; None (the default): "class_pairs", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        if num_classes < 1:
            raise ValueError(f"{type(self).__name__}: expected num_classes of at least 1, received {num_classes}.")
        self.num_classes = num_classes
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", "float64", name="total_confusion_matrix")

    def _add_pairs(
        self, labels: Any, predictions: Any, sample_weight: Any, ignore: int | None = None, outside: Any = None
    ) -> None:
        """Adds pairs of classes; pairs with a class outside [0, num_classes) are left out.

        Args:
            labels, predictions: classes, the same number of them, any shape and dtype.
            sample_weight: a number, one weight per pair, or one per sample (leading axes of labels); None for 1.
            ignore: a label; its pairs are left out.
            outside: float64 Tensor (2,): the number of pairs left out is added to it, and the first such class.

        Raises:
            ValueError: shapes that do not fit.
        """
        count = math.prod(labels.shape)
        if count != math.prod(predictions.shape):
            shapes = f"{tuple(labels.shape)} and {tuple(predictions.shape)}"
            raise self._error("as many labels as predicted classes", f"shapes {shapes}")
        if sample_weight is not None:
            sample_weight = self._weights(as_tensor(sample_weight), tuple(labels.shape), count)
        ignored = -1 if ignore is None else ignore
        _core.accumulate_confusion_matrix(labels, predictions, sample_weight, self.total_cm._tensor, outside, ignored)

    def _weights(self, weight: Any, shape: tuple[int, ...], count: int) -> Any:
        given = tuple(weight.shape)
        if math.prod(given) == 1:
            return _core.reshape(weight, ())
        if is_leading(given, shape):
            return weight
        if math.prod(given) == count:
            return _core.reshape(weight, shape)
        raise self._error(f"sample_weight with one number, one per sample or one per label {shape}", f"shape {given}")
