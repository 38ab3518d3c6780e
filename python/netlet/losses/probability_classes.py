"""The losses of probabilities as classes: a function, its options, and a reduction.

`reduction`, `name` and `dtype` are those of `Loss`; the formulas are in crossentropy.py.
"""

from __future__ import annotations

from typing import Any

from . import crossentropy
from .function_loss import FunctionLoss


class KLDivergence(FunctionLoss):
    """Kullback-Leibler divergence of the predicted from the true distribution.

    A sample has sum(t log(t / p)) over the last axis, t = y_true and p = y_pred, both clipped to [epsilon, 1].

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none". Both
    are probabilities (batch, ..., classes).

    Args:
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "kl_divergence" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not broadcast.

    Source: Keras 3, `keras.losses.KLDivergence`.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    _function = staticmethod(crossentropy.kl_divergence)

    def __init__(self, reduction: Any = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(FunctionLoss):
    """Crossentropy of independent binary targets.

    A sample has mean(-t log p - (1 - t) log(1 - p)) along `axis`, t = y_true and p = y_pred.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets in [0, 1] and predictions are (batch, ..., d), of one shape.

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; 0 by default.
        axis: axis of the mean; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "binary_crossentropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that differ.

    Source: Keras 3, `keras.losses.BinaryCrossentropy`.

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

    The crossentropy of each value is multiplied by (1 - p_t)**gamma, where p_t is p for targets 1 and 1 - p for targets
    0.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets in [0, 1] and predictions are (batch, ..., d), of one shape.

    Args:
        apply_class_balancing: whether targets 1 are weighted by alpha and targets 0 by 1 - alpha; False by default.
        alpha: see apply_class_balancing; 0.25 by default.
        gamma: exponent; 2 by default.
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; 0 by default.
        axis: axis of the mean; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "binary_focal_crossentropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that differ.

    Source: Lin et al., 2017; Keras 3, `keras.losses.BinaryFocalCrossentropy`.

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

    A sample has -sum(t log p) along `axis`, t = y_true and p = y_pred.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets (one-hot, or distributions) and predictions are (batch, ..., classes).

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; 0 by default.
        axis: axis of the classes; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "categorical_crossentropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that differ.

    Source: Keras 3, `keras.losses.CategoricalCrossentropy`.

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

    A sample has the sum of -t log p * alpha * (1 - p)**gamma along `axis`, t = y_true and p = y_pred.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets (one-hot, or distributions) and predictions are (batch, ..., classes).

    Args:
        alpha: factor of the loss; 0.25 by default.
        gamma: exponent; 2 by default.
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; 0 by default.
        axis: axis of the classes; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "categorical_focal_crossentropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that differ.

    Source: Lin et al., 2017; Keras 3, `keras.losses.CategoricalFocalCrossentropy`.

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

    A sample has -log(p[label]), p = y_pred. Samples with the label `ignore_class` do not count in the mean.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are integers in [0, classes), (batch, ...) or (batch, ..., 1); predictions are (batch, ..., classes).

    Args:
        from_logits: whether y_pred has logits instead of probabilities; False by default.
        ignore_class: label whose samples do not count; None (the default) for none.
        axis: axis of the classes; -1 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "sparse_categorical_crossentropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: an unknown reduction; when called: shapes that do not fit. `fit` also raises it for a label outside
            of the classes; elsewhere its loss is NaN.

    Source: Keras 3, `keras.losses.SparseCategoricalCrossentropy`.

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

    A sample has (1 - p[label]**q) / q, p = y_pred. It approaches the crossentropy for q towards 0 and the error 1 -
    p[label] for q towards 1.

    Called with (y_true, y_pred, sample_weight=None), it returns a scalar, or (batch, ...) with reduction "none".
    Targets are integers in [0, classes), (batch, ...) or (batch, ..., 1); predictions are probabilities (batch, ...,
    classes).

    Args:
        q: exponent in (0, 1); larger values give wrong labels less weight. 0.5 by default.
        reduction: how the samples' losses become one number: "sum_over_batch_size" (the default) and "mean": their
            mean; "sum"; "mean_with_sample_weight": divided by the sum of the weights; "none" or None: they stay.
        name: used in errors and configs; "categorical_generalized_cross_entropy" by default.
        dtype: dtype or policy that y_true and y_pred are cast to; None (the default): y_pred's, see `Loss`.

    Raises:
        ValueError: q outside of (0, 1); an unknown reduction.

    Source: Zhang and Sabuncu, 2018; Keras 3, `keras.losses.CategoricalGeneralizedCrossEntropy`.

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
