"""Accuracies: the fraction of correct predictions. Each class updates its state with one kernel call per batch."""

from __future__ import annotations

from typing import Any

from netlet import _core, config
from netlet.losses.arrays import is_leading, match_ranks
from netlet.ops.core.dispatch import concrete, op

from .reduction import FunctionMetric


def as_floatx(values: Any) -> Any:
    """The values in `config.floatx()`."""
    return values if str(values.dtype) == config.floatx() else _core.cast(values, config.floatx())


@op
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns 1 where y_true equals y_pred, else 0.

    Args:
        y_true: any shape.
        y_pred: y_true's shape.

    Returns:
        y_pred's shape, `config.floatx()`.

    >>> accuracy([1, 2, 3], [1, 0, 3]).numpy()
    array([1., 0., 1.], dtype=float32)
    """
    y_true, y_pred = match_ranks(y_true, y_pred)
    return as_floatx(_core.accuracy("equal", y_true, y_pred))


@op
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Returns 1 where (y_pred > threshold) equals y_true, else 0.

    Args:
        y_true: 0 or 1, any shape.
        y_pred: scores, y_true's shape.
        threshold: scores above it are class 1; default 0.5.

    Returns:
        y_pred's shape, `config.floatx()`.

    >>> binary_accuracy([[1.0], [0.0]], [[0.7], [0.6]]).tolist()
    [[1.0], [0.0]]
    """
    y_true, y_pred = match_ranks(y_true, y_pred)
    return as_floatx(_core.accuracy("binary", y_true, y_pred, float(threshold)))


@op
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns 1 where the class of the largest score (the first of equal scores) is that of the target, else 0.

    Args:
        y_true: one-hot rows, (..., classes).
        y_pred: scores, (..., classes).

    Returns:
        One value per row, (...), `config.floatx()`.

    >>> categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).numpy()
    array([0., 1.], dtype=float32)
    """
    return as_floatx(_core.accuracy("categorical", y_true, y_pred))


@op
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Returns 1 where the class of the largest score (the first of equal scores) is the label, else 0.

    Args:
        y_true: labels, (...).
        y_pred: scores, (..., classes).

    Returns:
        One value per row, (...), `config.floatx()`.

    >>> sparse_categorical_accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).numpy()
    array([0., 1.], dtype=float32)
    """
    values = as_floatx(_core.accuracy("sparse", y_true, y_pred))
    if len(values.shape) > 1 and values.shape[-1] == 1:
        values = _core.reshape(values, tuple(values.shape[:-1]))
    return values


class _Accuracy(FunctionMetric):
    _best = "up"
    _kind: str

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        sample_weight = self._weight(sample_weight, y_pred)
        y_true, y_pred = concrete(y_true), concrete(y_pred)
        by_rows = self._kind in ("sparse", "categorical")
        if not by_rows:
            y_true, y_pred = match_ranks(y_true, y_pred)
        values = tuple(y_pred.shape[:-1] if by_rows else y_pred.shape)
        if len(values) == 0 or (by_rows and len(values) > 1 and values[-1] == 1):
            return self._update(y_true, y_pred, sample_weight)
        weight = sample_weight if sample_weight is None else concrete(sample_weight)
        if weight is not None and not (len(weight.shape) and is_leading(tuple(weight.shape), values)):
            return self._update(y_true, y_pred, sample_weight)
        threshold = float(getattr(self, "threshold", 0.5))
        with self._writing() as state:
            _core.accumulate_accuracy(self._kind, y_true, y_pred, weight, state, threshold)


class Accuracy(_Accuracy):
    """Fraction of predictions that equal the targets.

    `update_state` takes y_true and y_pred of one shape; sample_weight is None, or weights of the samples.

    Args:
        name: key in the logs; "accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.Accuracy`.

    >>> m = Accuracy()
    >>> m.update_state([[1], [2], [3], [4]], [[0], [2], [3], [4]])
    >>> float(m.result())
    0.75
    """

    _function, _kind = staticmethod(accuracy), "equal"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class BinaryAccuracy(_Accuracy):
    """Fraction of predictions whose class, 0 or 1, is that of the target.

    `update_state` takes targets 0 or 1 and scores of one shape, (batch, ...); sample_weight is None, or weights of the
    samples.

    Args:
        threshold: scores above it are class 1; 0.5 by default.
        name: key in the logs; "binary_accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.BinaryAccuracy`.

    >>> m = BinaryAccuracy()
    >>> m.update_state([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
    >>> float(m.result())
    0.75
    """

    _function, _kind = staticmethod(binary_accuracy), "binary"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype, threshold=threshold)


class CategoricalAccuracy(_Accuracy):
    """Fraction of predictions whose largest score is that of the target's class, for one-hot targets.

    `update_state` takes one-hot targets and scores (batch, ..., classes); sample_weight is None, or weights of the
    samples.

    Args:
        name: key in the logs; "categorical_accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.CategoricalAccuracy`.

    >>> m = CategoricalAccuracy()
    >>> m.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    >>> float(m.result())
    0.5
    """

    _function, _kind = staticmethod(categorical_accuracy), "categorical"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class SparseCategoricalAccuracy(_Accuracy):
    """Fraction of predictions whose largest score is that of the target's class, for integer labels.

    `update_state` takes integer labels (batch, ...) or (batch, ..., 1) and scores (batch, ..., classes); sample_weight
    is None, or weights of the samples.

    Args:
        name: key in the logs; "sparse_categorical_accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.SparseCategoricalAccuracy`.

    >>> m = SparseCategoricalAccuracy()
    >>> m.update_state([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
    >>> float(m.result())
    0.5
    """

    _function, _kind = staticmethod(sparse_categorical_accuracy), "sparse"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)
