"""The losses of probabilities as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas stand with the functions.
"""

from __future__ import annotations

from typing import Any

from . import crossentropy
from .function_loss import FunctionLoss


class KLDivergence(FunctionLoss):
    """
    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    _function = staticmethod(crossentropy.kl_divergence)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(FunctionLoss):
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


class BinaryFocalCrossentropy(FunctionLoss):
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


class CategoricalCrossentropy(FunctionLoss):
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


class CategoricalFocalCrossentropy(FunctionLoss):
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


class SparseCategoricalCrossentropy(FunctionLoss):
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
