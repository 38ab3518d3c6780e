"""The losses of probabilities as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in crossentropy.py.
"""

from __future__ import annotations

from typing import Any

from . import crossentropy
from .function_loss import FunctionLoss


class KLDivergence(FunctionLoss):
    """Kullback-Leibler divergence of two distributions.

    Args:
        reduction, name, dtype: see `Loss`.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    _function = staticmethod(crossentropy.kl_divergence)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(FunctionLoss):
    """Crossentropy of independent binary targets.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; default 0.
        axis: axis of the mean; default the last.
        reduction, name, dtype: see `Loss`.

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


class BinaryFocalCrossentropy(FunctionLoss):
    """Binary crossentropy that down-weights easy examples.

    Args:
        apply_class_balancing: whether targets 1 are weighted by alpha and targets 0 by 1 - alpha.
        alpha: see apply_class_balancing; default 0.25.
        gamma: exponent of the weight of an example; default 2.
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; default 0.
        axis: axis of the mean; default the last.
        reduction, name, dtype: see `Loss`.

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


class CategoricalCrossentropy(FunctionLoss):
    """Crossentropy of exclusive classes with one-hot targets.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; default 0.
        axis: axis of the classes; default the last.
        reduction, name, dtype: see `Loss`.

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


class CategoricalFocalCrossentropy(FunctionLoss):
    """Categorical crossentropy that down-weights easy examples.

    Args:
        alpha: factor of the loss; default 0.25.
        gamma: exponent of the weight of an example; default 2.
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; default 0.
        axis: axis of the classes; default the last.
        reduction, name, dtype: see `Loss`.

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


class SparseCategoricalCrossentropy(FunctionLoss):
    """Crossentropy of exclusive classes with integer labels.

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        ignore_class: label whose samples do not count; None for none.
        axis: axis of the classes; default the last.
        reduction, name, dtype: see `Loss`.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.05, 0.95, 0.0]])), 4)
    0.0513
    """

    _function = staticmethod(crossentropy.sparse_categorical_crossentropy)
    _unsaved = {"axis": -1}  # noqa: RUF012

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


class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """Crossentropy of exclusive classes with integer labels, some of which may be wrong.

    Args:
        q: exponent in (0, 1); larger values give wrong labels less weight. Default 0.5.
        reduction, name, dtype: see `Loss`.

    Raises:
        ValueError: q outside of (0, 1).

    >>> round(float(CategoricalGeneralizedCrossEntropy()([0, 1], [[0.7, 0.3], [0.2, 0.8]])), 4)
    0.2689
    """

    _function = staticmethod(crossentropy.categorical_generalized_cross_entropy)

    def __init__(
        self,
        q: float = 0.5,
        reduction: Any = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: expected q in the interval (0, 1), received {q}.")
        super().__init__(reduction, name, dtype, q=q)
