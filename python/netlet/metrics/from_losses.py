"""Losses as metrics: the mean over all samples. The reduction of the trained loss has no effect on it."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, ops
from netlet.losses.arrays import as_tensor, floating, match_ranks
from netlet.ops.core.dispatch import op

from .metric import quotient
from .reduction import FunctionMetric, Mean


class MeanSquaredError(FunctionMetric):
    """Mean of `losses.mean_squared_error` over all samples.

    Args:
        name, dtype: see `Metric`.

    >>> m = MeanSquaredError()
    >>> m.update_state([[0.0, 1.0]], [[1.0, 3.0]])
    >>> float(m.result())
    2.5
    """

    _function = staticmethod(losses.mean_squared_error)

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanAbsoluteError(FunctionMetric):
    """Mean of `losses.mean_absolute_error` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.mean_absolute_error)

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanAbsolutePercentageError(FunctionMetric):
    """Mean of `losses.mean_absolute_percentage_error` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.mean_absolute_percentage_error)

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanSquaredLogarithmicError(FunctionMetric):
    """Mean of `losses.mean_squared_logarithmic_error` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.mean_squared_logarithmic_error)

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class LogCoshError(FunctionMetric):
    """Mean of `losses.log_cosh` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.log_cosh)

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class KLDivergence(FunctionMetric):
    """Mean of `losses.kl_divergence` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.kl_divergence)

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class Poisson(FunctionMetric):
    """Mean of `losses.poisson` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.poisson)

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class Hinge(FunctionMetric):
    """Mean of `losses.hinge` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.hinge)

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class SquaredHinge(FunctionMetric):
    """Mean of `losses.squared_hinge` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.squared_hinge)

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class CategoricalHinge(FunctionMetric):
    """Mean of `losses.categorical_hinge` over all samples.

    Args:
        name, dtype: see `Metric`.
    """

    _function = staticmethod(losses.categorical_hinge)

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class BinaryCrossentropy(FunctionMetric):
    """Mean of `losses.binary_crossentropy` over all samples.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets are smoothed; default 0.
        name, dtype: see `Metric`.
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
    """Mean of `losses.categorical_crossentropy` over all samples.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets are smoothed; default 0.
        axis: axis of the classes; default the last.
        name, dtype: see `Metric`.
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
    """Mean of `losses.sparse_categorical_crossentropy` over all samples.

    Samples of class `ignore_class` add 0 to the sum. As in Keras, they count in the mean unless there are sample
    weights.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        ignore_class: label whose samples have loss 0; None for none.
        axis: axis of the classes; default the last.
        name, dtype: see `Metric`.
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


@op
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Returns the cosine of the angle between target and prediction, the negative of the loss of this name.

    Args:
        y_true: targets.
        y_pred: predictions, y_true's shape.
        axis: axis of the vectors; default the last.

    Returns:
        The shape without `axis`: 1 for the same direction, -1 for the opposite direction.

    >>> cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).round(6).numpy()
    array([1.], dtype=float32)
    """
    return ops.negative(losses.cosine_similarity(y_true, y_pred, axis))


class CosineSimilarity(FunctionMetric):
    """Mean cosine of the angle between target and prediction.

    Args:
        axis: axis of the vectors; default the last.
        name, dtype: see `Metric`.
    """

    _function = staticmethod(cosine_similarity)
    _best = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """Square root of the mean squared error over all samples.

    Args:
        name, dtype: see `Metric`.

    >>> m = RootMeanSquaredError()
    >>> m.update_state([[0.0, 1.0]], [[0.0, 3.0]])
    >>> round(float(m.result()), 4)
    1.4142
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_pred = as_tensor(floating(y_pred))
        y_true, y_pred = match_ranks(as_tensor(y_true, y_pred.dtype), y_pred)
        super().update_state(_core.square(_core.subtract(y_pred, y_true)), sample_weight)

    def result(self) -> Any:
        return ops.sqrt(quotient(self.total, self.count))  # type: ignore[attr-defined]
