"""Top-k accuracies: the fraction of rows with the target's class among the k largest scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core, config
from netlet.ops.core.dispatch import concrete, op

from .accuracy import as_floatx
from .reduction import FunctionMetric, Mean


@op
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Returns 1 where fewer than k scores are larger than the score of the target's class, else 0.

    Args:
        y_true: one-hot rows, (..., classes).
        y_pred: scores, (..., classes).
        k: number of scores; default 5.

    Returns:
        One value per row, (...), `config.floatx()`.

    Raises:
        ValueError: targets and scores of two shapes.

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.1]], k=2).numpy()
    array([1., 0.], dtype=float32)
    """
    return as_floatx(_in_top_k(y_true, y_pred, k))


@op
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """Returns 1 where fewer than k scores are larger than the score of the label's class, else 0.

    Args:
        y_true: labels, (...).
        y_pred: scores, (..., classes).
        k: number of scores; default 5.
        from_sorted_ids: whether y_pred holds classes, the best first, instead of the scores of all classes; False by
            default.

    Returns:
        One value per row, (...), `config.floatx()`.

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.1]], k=2).numpy()
    array([1., 0.], dtype=float32)
    """
    return as_floatx(_label_in_top_k(y_true, y_pred, k, from_sorted_ids))


def _in_top_k(y_true: Any, y_pred: Any, k: int) -> Any:
    y_true, y_pred = concrete(y_true), concrete(y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"top_k_categorical_accuracy: expected y_true and y_pred of one shape, received {tuple(y_true.shape)} and "
            f"{tuple(y_pred.shape)}."
        )
    return _core.in_top_k(_core.argmax(y_true, -1), y_pred, k)


def _label_in_top_k(y_true: Any, y_pred: Any, k: int, from_sorted_ids: bool) -> Any:
    labels, y_pred = concrete(y_true), concrete(y_pred)
    if len(labels.shape) == len(y_pred.shape) and labels.shape[-1] == 1:
        labels = _core.reshape(labels, tuple(labels.shape[:-1]))
    if from_sorted_ids:
        best = _core.getitem(y_pred, (Ellipsis, slice(0, k)))
        return _core.any(_core.equal(_core.expand_dims(labels, -1), best), -1)
    return _core.in_top_k(labels if "int" in str(labels.dtype) else _core.cast(labels, "int32"), y_pred, k)


class _TopK(FunctionMetric):
    _best = "up"
    _hits: Callable[..., Any]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        sample_weight = self._weight(sample_weight, y_pred)
        y_pred = concrete(y_pred)
        hits = type(self)._hits(y_true, y_pred, **self._fn_kwargs)
        dtype = str(y_pred.dtype) if config.is_float(str(y_pred.dtype)) else config.floatx()
        Mean.update_state(self, _core.cast(hits, dtype), sample_weight)


class TopKCategoricalAccuracy(_TopK):
    """Fraction of predictions with the target's class among the k largest scores, for one-hot targets.

    `update_state` takes one-hot targets and scores (batch, ..., classes); sample_weight is None, or weights of the
    samples.

    Args:
        k: number of scores, a positive integer; 5 by default.
        name: key in the logs; "top_k_categorical_accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: targets and scores of two shapes.

    Source: Keras 3, `keras.metrics.TopKCategoricalAccuracy`.

    >>> m = TopKCategoricalAccuracy(k=1)
    >>> m.update_state([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    >>> float(m.result())
    0.5
    """

    _function, _hits = staticmethod(top_k_categorical_accuracy), staticmethod(_in_top_k)

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype, k=k)


class SparseTopKCategoricalAccuracy(_TopK):
    """Fraction of predictions with the target's class among the k largest scores, for integer labels.

    `update_state` takes integer labels (batch, ...) or (batch, ..., 1) and scores (batch, ..., classes); sample_weight
    is None, or weights of the samples.

    Args:
        k: number of scores, a positive integer; 5 by default.
        from_sorted_ids: whether predictions are classes, the best first, instead of scores; False by default.
        name: key in the logs; "sparse_top_k_categorical_accuracy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    Source: Keras 3, `keras.metrics.SparseTopKCategoricalAccuracy`.

    >>> m = SparseTopKCategoricalAccuracy(k=1)
    >>> m.update_state([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    >>> float(m.result())
    0.5
    """

    _function, _hits = staticmethod(sparse_top_k_categorical_accuracy), staticmethod(_label_in_top_k)

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype, k=k, from_sorted_ids=from_sorted_ids)
