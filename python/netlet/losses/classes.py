"""The losses as classes: a function, its options, how its values are reduced. `reduction`, `name`, `dtype` are those
of `Loss`; the formulas stand with the functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import crossentropy, margin, regression
from .loss import Loss, LossFunctionWrapper


class _FunctionLoss(LossFunctionWrapper):
    """A loss whose function is known by its class, so that its config holds the options alone."""

    _function: Callable[..., Any]

    def __init__(self, reduction: Any, name: str, dtype: Any, **options: Any) -> None:
        super().__init__(type(self)._function, reduction=reduction, name=name, dtype=dtype, **options)
        for key, value in options.items():
            setattr(self, key, value)

    def get_config(self) -> dict[str, Any]:
        return {**Loss.get_config(self), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        return cls(**config)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({options})"


class MeanSquaredError(_FunctionLoss):
    """
    >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    _function = staticmethod(regression.mean_squared_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsoluteError(_FunctionLoss):
    """
    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    _function = staticmethod(regression.mean_absolute_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsolutePercentageError(_FunctionLoss):
    """
    >>> float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 2.0]]))
    25.0
    """

    _function = staticmethod(regression.mean_absolute_percentage_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanSquaredLogarithmicError(_FunctionLoss):
    """
    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)
    0.4805
    """

    _function = staticmethod(regression.mean_squared_logarithmic_error)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class Huber(_FunctionLoss):
    """Quadratic up to an error of `delta`, linear beyond.

    >>> float(Huber()([[0.0, 0.0]], [[0.5, 3.0]]))
    1.3125
    """

    _function = staticmethod(regression.huber)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Any = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class LogCosh(_FunctionLoss):
    """
    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _function = staticmethod(regression.log_cosh)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class Poisson(_FunctionLoss):
    """
    >>> round(float(Poisson()([[2.0]], [[1.0]])), 5)
    1.0
    """

    _function = staticmethod(regression.poisson)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CosineSimilarity(_FunctionLoss):
    """The negative cosine of the angle between target and prediction, along `axis`.

    >>> round(float(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]])), 5)
    -1.0
    """

    _function = staticmethod(regression.cosine_similarity)

    def __init__(
        self,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Hinge(_FunctionLoss):
    """
    >>> float(Hinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.0
    """

    _function = staticmethod(margin.hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class SquaredHinge(_FunctionLoss):
    """
    >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.25
    """

    _function = staticmethod(margin.squared_hinge)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class CategoricalHinge(_FunctionLoss):
    """
    >>> round(float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.9]])), 5)
    0.6
    """

    _function = staticmethod(margin.categorical_hinge)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class Dice(_FunctionLoss):
    """
    >>> round(float(Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    _function = staticmethod(margin.dice)

    def __init__(
        self, reduction: Any = "sum_over_batch_size", name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Tversky(_FunctionLoss):
    """
    >>> round(float(Tversky()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
    0.3333
    """

    _function = staticmethod(margin.tversky)

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: Any = "sum_over_batch_size",
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class KLDivergence(_FunctionLoss):
    """
    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    _function = staticmethod(crossentropy.kl_divergence)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(_FunctionLoss):
    """Crossentropy of independent yes/no targets.

    >>> round(float(BinaryCrossentropy()([[0.0, 1.0]], [[0.4, 0.6]])), 4)
    0.5108
    """

    _function = staticmethod(crossentropy.binary_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


class BinaryFocalCrossentropy(_FunctionLoss):
    """Binary crossentropy that makes light of easy samples.

    >>> round(float(BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.4, 0.6]])), 4)
    0.0817
    """

    _function = staticmethod(crossentropy.binary_focal_crossentropy)

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        balance = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        super().__init__(reduction, name, dtype, **options, **balance)


class CategoricalCrossentropy(_FunctionLoss):
    """Crossentropy of exclusive classes given as one-hot rows.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0, 0.0]], [[0.05, 0.95, 0.0]])), 4)
    0.0513
    """

    _function = staticmethod(crossentropy.categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options)


class CategoricalFocalCrossentropy(_FunctionLoss):
    """Categorical crossentropy that makes light of easy samples.

    >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0, 0.0]], [[0.1, 0.8, 0.1]])), 5)
    0.00223
    """

    _function = staticmethod(crossentropy.categorical_focal_crossentropy)

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Any = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(reduction, name, dtype, **options, alpha=alpha, gamma=gamma)


class SparseCategoricalCrossentropy(_FunctionLoss):
    """Crossentropy of exclusive classes given as integers; samples of class `ignore_class` do not count.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.05, 0.95, 0.0]])), 4)
    0.0513
    """

    _function = staticmethod(crossentropy.sparse_categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Any = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(reduction, name, dtype, **options)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if config["axis"] == -1:
            del config["axis"]  # which Keras's config does not have
        return config
