"""Losses of probabilities as metrics: the mean over all samples."""

from __future__ import annotations

from typing import Any

from netlet import losses, ops
from netlet.losses.arrays import as_tensor, match_ranks

from .reduction import FunctionMetric


class KLDivergence(FunctionMetric):
    """Kullback-Leibler divergence of predicted from true distributions.

    A sample has sum(y_true * log(y_true / y_pred)) over the last axis, both clipped to [epsilon, 1]. The metric is the
    mean over all samples since the last reset, weighted by `sample_weight`.

    `update_state` takes probabilities y_true, y_pred (..., classes), and sample_weight (None, or weights of the
    samples).

    Args:
        name: key in the logs; "kl_divergence" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not broadcast.

    >>> m = KLDivergence()
    >>> m.update_state([[0.5, 0.5]], [[0.25, 0.75]])
    >>> round(float(m.result()), 4)
    0.1438
    """

    _function = staticmethod(losses.kl_divergence)

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class BinaryCrossentropy(FunctionMetric):
    """Crossentropy of independent binary targets.

    A sample has mean(-t log p - (1 - t) log(1 - p)) over the last axis, t = y_true and p = y_pred. The metric is the
    mean over all samples since the last reset, weighted by `sample_weight`.

    `update_state` takes y_true in [0, 1] and y_pred (..., d), of one shape, and sample_weight (None, or weights of the
    samples).

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; 0 by default.
        name: key in the logs; "binary_crossentropy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: the shapes do not fit.

    >>> m = BinaryCrossentropy()
    >>> m.update_state([[0.0, 1.0]], [[0.4, 0.6]])
    >>> round(float(m.result()), 4)
    0.5108
    """

    _function = staticmethod(losses.binary_crossentropy)

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FunctionMetric):
    """Crossentropy of exclusive classes with one-hot targets.

    A sample has -sum(y_true * log(y_pred)) along `axis`. The metric is the mean over all samples since the last reset,
    weighted by `sample_weight`.

    `update_state` takes one-hot y_true and y_pred (..., classes), and sample_weight (None, or weights of the samples).

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; 0 by default.
        axis: axis of the classes; -1 by default.
        name: key in the logs; "categorical_crossentropy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: the shapes do not fit.

    >>> m = CategoricalCrossentropy()
    >>> m.update_state([[0.0, 1.0, 0.0]], [[0.05, 0.95, 0.0]])
    >>> round(float(m.result()), 4)
    0.0513
    """

    _function = staticmethod(losses.categorical_crossentropy)

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(FunctionMetric):
    """Crossentropy of exclusive classes with integer labels.

    A sample has -log(y_pred[label]). Samples of class `ignore_class` add 0 to the sum; as in Keras, they count in the
    mean unless there are sample weights. The metric is the mean over all samples since the last reset, weighted by
    `sample_weight`.

    `update_state` takes labels y_true (...) or (..., 1), y_pred (..., classes), and sample_weight (None, or weights of
    the samples).

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        ignore_class: label whose samples have loss 0; None (the default) for none.
        axis: axis of the classes; -1 by default.
        name: key in the logs; "sparse_categorical_crossentropy" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: when updated: shapes that do not fit.

    >>> m = SparseCategoricalCrossentropy()
    >>> m.update_state([1], [[0.05, 0.95, 0.0]])
    >>> round(float(m.result()), 4)
    0.0513
    """

    _function = staticmethod(losses.sparse_categorical_crossentropy)

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        ignore = self._fn_kwargs["ignore_class"]
        if sample_weight is not None and ignore is not None:
            labels = as_tensor(y_true)
            weight = as_tensor(sample_weight)
            shape = tuple(as_tensor(y_pred).shape[:-1])
            counts = ops.reshape(ops.not_equal(labels, ignore), shape)
            weight, counts = match_ranks(weight, counts)
            sample_weight = ops.multiply(weight, ops.cast(counts, str(weight.dtype)))
        super().update_state(y_true, y_pred, sample_weight)
