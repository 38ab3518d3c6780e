"""Intersection over union of classes, for semantic segmentation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from netlet import _core, config, ops
from netlet.losses.arrays import as_tensor

from .class_pairs import ClassPairs


class IoU(ClassPairs):
    """Mean intersection over union, TP / (TP + FP + FN), of chosen classes.

    Classes that do not occur are left out. Labels and predictions outside [0, num_classes) do not count, as in Keras.

    `update_state` takes integer classes (batch, ...), or with a further axis of classes one-hot targets and scores;
    sample_weight is None, or weights of that shape.

    Args:
        num_classes: number of classes, a positive integer.
        target_class_ids: the classes to average over, each below num_classes.
        name: key in the logs; None (the default): "io_u", numbered.
        dtype: dtype that classes and weights are cast to; None (the default): "int", which cuts off fractions of
            weights, with a warning.
        ignore_class: a label that does not count; None (the default): all count.
        sparse_y_true: whether targets are classes (True, the default), not one-hot vectors.
        sparse_y_pred: whether predictions are classes (True, the default), not scores.
        axis: axis of one-hot vectors and scores; -1 by default.

    Raises:
        ValueError: a class that num_classes has no place for; when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.IoU`.

    >>> m = IoU(num_classes=2, target_class_ids=[0])
    >>> m.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(m.result()), 4)
    0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name=name, dtype=dtype or "int")
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"Target class id {max(target_class_ids)} is out of range, which is [0, {num_classes}).")
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = as_tensor(y_true) if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        predictions = as_tensor(y_pred) if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        if sample_weight is not None and not config.is_float(self.dtype):
            if "float" in str(getattr(sample_weight, "dtype", "")):
                warnings.warn(
                    "You are passing weight as `float`, but dtype is `int`. This may result in an incorrect weight due "
                    "to type casting. Consider using integer weights.",
                    stacklevel=2,
                )
            sample_weight = as_tensor(sample_weight, self.dtype)
        self._add_pairs(labels, predictions, sample_weight, ignore=self.ignore_class)

    def result(self) -> Any:
        matrix = self.total_cm.value
        hits = ops.diagonal(matrix)
        union = ops.subtract(ops.add(ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)), hits)
        hits, union = (ops.take(values, self.target_class_ids, axis=0) for values in (hits, union))
        occurs = ops.greater(union, 1e-9)
        iou = ops.where(occurs, ops.divide(hits, ops.add(union, config.epsilon())), 0.0)
        count = ops.sum(ops.cast(occurs, "float64"))
        return ops.divide(ops.sum(iou), ops.add(count, config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *names: str) -> dict[str, Any]:
        """The config without the options that a subclass fixes."""
        return {key: value for key, value in IoU.get_config(self).items() if key not in names}


class BinaryIoU(IoU):
    """Mean intersection over union of two classes, where predictions of at least `threshold` are class 1.

    `update_state` takes targets 0 or 1 and scores of one shape (batch, ...); sample_weight is None, or weights of that
    shape.

    Args:
        target_class_ids: the classes to average over; (0, 1) by default.
        threshold: least score of class 1; 0.5 by default.
        name: key in the logs; None (the default): "binary_io_u", numbered.
        dtype: dtype that classes and weights are cast to; None (the default): "int", which cuts off fractions of
            weights, with a warning.

    Raises:
        ValueError: a class other than 0 and 1; when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.BinaryIoU`.

    >>> m = BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
    >>> m.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    >>> round(float(m.result()), 4)
    0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes=2, target_class_ids=target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, _core.greater_equal(as_tensor(y_pred, "float32"), self.threshold), sample_weight)

    def get_config(self) -> dict[str, Any]:
        fixed = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**self._config_without(*fixed), "threshold": self.threshold}


class MeanIoU(IoU):
    """Mean intersection over union, TP / (TP + FP + FN), of all classes.

    Classes that do not occur are left out. Labels and predictions outside [0, num_classes) do not count, as in Keras.

    `update_state` takes integer classes (batch, ...), or with a further axis of classes one-hot targets and scores;
    sample_weight is None, or weights of that shape.

    Args:
        num_classes: number of classes, a positive integer.
        name: key in the logs; None (the default): "mean_io_u", numbered.
        dtype: dtype that classes and weights are cast to; None (the default): "int", which cuts off fractions of
            weights, with a warning.
        ignore_class: a label that does not count; None (the default): all count.
        sparse_y_true: whether targets are classes (True, the default), not one-hot vectors.
        sparse_y_pred: whether predictions are classes (True, the default), not scores.
        axis: axis of one-hot vectors and scores; -1 by default.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.MeanIoU`.

    >>> m = MeanIoU(num_classes=2)
    >>> m.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(m.result()), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """Mean intersection over union, TP / (TP + FP + FN), of chosen classes, for one-hot targets.

    Classes that do not occur are left out.

    `update_state` takes one-hot targets and scores (batch, ..., classes); sample_weight is None, or weights (batch,
    ...).

    Args:
        num_classes: number of classes, a positive integer.
        target_class_ids: the classes to average over, each below num_classes.
        name: key in the logs; None (the default): "one_hot_io_u", numbered.
        dtype: dtype that classes and weights are cast to; None (the default): "int", which cuts off fractions of
            weights, with a warning.
        ignore_class: a label that does not count; None (the default): all count.
        sparse_y_pred: whether predictions are classes, not scores; False by default.
        axis: axis of one-hot vectors and scores; -1 by default.

    Raises:
        ValueError: a class that num_classes has no place for; when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.OneHotIoU`.

    >>> m = OneHotIoU(num_classes=3, target_class_ids=[0, 2])
    >>> m.update_state([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]],
    ...                [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]])
    >>> round(float(m.result()), 4)
    0.1667
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """Mean intersection over union, TP / (TP + FP + FN), of all classes, for one-hot targets.

    Classes that do not occur are left out.

    `update_state` takes one-hot targets and scores (batch, ..., classes); sample_weight is None, or weights (batch,
    ...).

    Args:
        num_classes: number of classes, a positive integer.
        name: key in the logs; None (the default): "one_hot_mean_io_u", numbered.
        dtype: dtype that classes and weights are cast to; None (the default): "int", which cuts off fractions of
            weights, with a warning.
        ignore_class: a label that does not count; None (the default): all count.
        sparse_y_pred: whether predictions are classes, not scores; False by default.
        axis: axis of one-hot vectors and scores; -1 by default.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.OneHotMeanIoU`.

    >>> m = OneHotMeanIoU(num_classes=2)
    >>> m.update_state([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]])
    >>> round(float(m.result()), 4)
    0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
