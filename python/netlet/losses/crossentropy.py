"""Losses of probabilities. Predictions are probabilities, or with `from_logits` any real numbers.

As in Keras, probabilities of exclusive classes are divided by their sum; then probabilities are clipped to
[epsilon, 1 - epsilon]. Logits are not clipped. Targets may be smoothed: t (1 - label_smoothing) + label_smoothing /
number of classes.
"""

from __future__ import annotations

import warnings
from typing import Any

from netlet import _core, config, ops
from netlet.ops.core.dispatch import concrete, op

from .arrays import floating
from .fused import fused_by, last_axis, pointwise

_kernels = {False: pointwise("binary_crossentropy"), True: pointwise("binary_crossentropy_logits")}
_kl = pointwise("kl_divergence")


def _binary(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    reduction: str = "none",
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    y_true, y_pred = concrete(y_true), floating(y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"binary_crossentropy: y_true and y_pred must have the same shape, received {tuple(y_true.shape)} and "
            f"{tuple(y_pred.shape)}."
        )
    y_true, y_pred = last_axis(y_true, axis), last_axis(y_pred, axis)
    return _kernels[bool(from_logits)](
        y_true, y_pred, sample_weight, reduction, label_smoothing=float(label_smoothing or 0.0)
    )


@fused_by(_binary)
@op
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Crossentropy of independent binary targets: mean(-t log p - (1 - t) log(1 - p)) along `axis`.

    Args:
        y_true: targets in [0, 1], y_pred's shape.
        y_pred: probabilities, or logits with `from_logits`.
        from_logits: whether y_pred holds logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; default 0.
        axis: axis of the mean; default the last.

    Returns:
        One value per sample: y_pred's shape without `axis`.

    Raises:
        ValueError: the shapes differ.

    >>> binary_crossentropy([[0.0, 1.0]], [[0.4, 0.6]]).round(4).numpy()
    array([0.5108], dtype=float32)
    """
    return _binary(y_true, y_pred, None, "none", from_logits, label_smoothing, axis)


def _categorical(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    reduction: str = "none",
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    y_true, y_pred = concrete(y_true), floating(y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        hint = ""
        if len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1:] == (1,):
            hint = " For integer labels use sparse_categorical_crossentropy or utils.to_categorical."
        raise ValueError(
            f"categorical_crossentropy: y_true and y_pred must have the same shape, received {tuple(y_true.shape)} "
            f"and {tuple(y_pred.shape)}.{hint}"
        )
    if tuple(y_pred.shape[-1:]) == (1,):
        warnings.warn(
            "In loss categorical_crossentropy, expected y_pred.shape to be (batch_size, num_classes) with num_classes "
            f"> 1. Received: y_pred.shape={tuple(y_pred.shape)}. Consider using 'binary_crossentropy' if you only have "
            "2 classes.",
            SyntaxWarning,
            stacklevel=3,
        )
    y_true, y_pred = last_axis(y_true, axis), last_axis(y_pred, axis)
    return _core.loss_categorical_crossentropy(
        y_true, y_pred, sample_weight, reduction, bool(from_logits), float(label_smoothing or 0.0), config.epsilon()
    )


@fused_by(_categorical)
@op
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Crossentropy of exclusive classes with one-hot targets: -sum(t log p) along `axis`.

    Args:
        y_true: one-hot rows or distributions, y_pred's shape.
        y_pred: probabilities, or logits with `from_logits`; (batch, ..., classes).
        from_logits: whether y_pred holds logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; default 0.
        axis: axis of the classes; default the last.

    Returns:
        One value per sample: y_pred's shape without `axis`.

    Raises:
        ValueError: the shapes differ.

    >>> categorical_crossentropy([[0.0, 1.0, 0.0]], [[0.05, 0.95, 0.0]]).round(4).numpy()
    array([0.0513], dtype=float32)
    """
    return _categorical(y_true, y_pred, None, "none", from_logits, label_smoothing, axis)


def _sparse(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    reduction: str = "none",
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    y_true, y_pred = concrete(y_true), last_axis(floating(y_pred), axis)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = last_axis(y_true, axis)
    ignore = None if ignore_class is None else int(ignore_class)
    return _core.loss_sparse_categorical_crossentropy(
        y_true, y_pred, sample_weight, reduction, bool(from_logits), ignore, config.epsilon()
    )


@fused_by(_sparse, wants_integer_labels=True)
@op
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Crossentropy of exclusive classes with integer labels: -log p[label].

    Args:
        y_true: labels in [0, classes), y_pred's shape without `axis` (or with size 1 there). The loss of any other
            label is NaN.
        y_pred: probabilities, or logits with `from_logits`; (batch, ..., classes).
        from_logits: whether y_pred holds logits instead of probabilities; False by default.
        ignore_class: label whose samples have loss 0; None (the default) for none. The class
            `SparseCategoricalCrossentropy` also excludes them from the mean.
        axis: axis of the classes; default the last.

    Returns:
        One value per sample: y_pred's shape without `axis`.

    Raises:
        ValueError: the shapes do not fit, or an axis out of bounds.

    >>> sparse_categorical_crossentropy([1], [[0.05, 0.95, 0.0]]).round(4).numpy()
    array([0.0513], dtype=float32)
    """
    values = _sparse(y_true, y_pred, None, "none", from_logits, ignore_class, axis)
    if ignore_class is not None and isinstance(values, _core.Tensor):
        values._keras_mask = _core.reshape(ops.not_equal(y_true, ignore_class), tuple(values.shape))
    return values


@fused_by(_kl)
@op
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence: sum(t log(t / p)) over the last axis, both clipped to [epsilon, 1].

    Args:
        y_true: probabilities t, (batch, ..., classes).
        y_pred: probabilities p, y_true's shape.

    Returns:
        One value per sample: the shape without the last axis.

    Raises:
        ValueError: shapes that do not broadcast.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4).numpy()
    array([0.1438], dtype=float32)
    """
    return _kl(y_true, y_pred)


@op
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary crossentropy times (1 - p_t)**gamma, which down-weights easy examples (Lin et al., 2017).

    p_t is p for targets 1 and 1 - p for targets 0.

    Args:
        y_true: targets in [0, 1], y_pred's shape.
        y_pred: probabilities, or logits with `from_logits`.
        apply_class_balancing: whether targets 1 are weighted by alpha and targets 0 by 1 - alpha; False by default.
        alpha: see apply_class_balancing; default 0.25.
        gamma: exponent; default 2.
        from_logits: whether y_pred holds logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 0.5; default 0.
        axis: axis of the mean; default the last.

    Returns:
        One value per sample: y_pred's shape without `axis`.

    Raises:
        ValueError: shapes that do not fit, or an axis out of range.

    >>> binary_focal_crossentropy([[0.0, 1.0]], [[0.4, 0.6]]).round(4).numpy()
    array([0.0817], dtype=float32)
    """
    p = floating(y_pred)
    t = ops.cast_if_needed(y_true, str(p.dtype))
    if label_smoothing:
        t = ops.add(ops.multiply(t, 1.0 - label_smoothing), 0.5 * label_smoothing)
    if from_logits:
        p = ops.sigmoid(p)
    clipped = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    rest = ops.subtract(1.0, t)
    entropy = ops.negative(
        ops.add(ops.multiply(t, ops.log(clipped)), ops.multiply(rest, ops.log(ops.subtract(1.0, clipped))))
    )
    p_t = ops.add(ops.multiply(t, p), ops.multiply(rest, ops.subtract(1.0, p)))
    focal = ops.multiply(ops.power(ops.subtract(1.0, p_t), float(gamma)), entropy)
    if apply_class_balancing:
        focal = ops.multiply(ops.add(ops.multiply(t, alpha), ops.multiply(rest, 1.0 - alpha)), focal)
    return ops.mean(focal, axis=axis)


@op
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Categorical crossentropy that down-weights easy examples (Lin et al., 2017).

    The sum of -t log p * alpha * (1 - p)**gamma along `axis`.

    Args:
        y_true: one-hot rows or distributions, y_pred's shape.
        y_pred: probabilities, or logits with `from_logits`; (batch, ..., classes).
        alpha: factor of the loss; default 0.25.
        gamma: exponent; default 2.
        from_logits: whether y_pred holds logits instead of probabilities; False by default.
        label_smoothing: fraction in [0, 1] by which targets move towards 1 / classes; default 0.
        axis: axis of the classes; default the last.

    Returns:
        One value per sample: y_pred's shape without `axis`.

    Raises:
        ValueError: shapes that do not fit, or an axis out of range.

    >>> categorical_focal_crossentropy([[0.0, 1.0, 0.0]], [[0.1, 0.8, 0.1]]).round(5).numpy()
    array([0.00223], dtype=float32)
    """
    p = floating(y_pred)
    t = ops.cast_if_needed(y_true, str(p.dtype))
    if label_smoothing:
        t = ops.add(ops.multiply(t, 1.0 - label_smoothing), label_smoothing / t.shape[-1])
    if from_logits:
        p = ops.softmax(p, axis=axis)
    p = ops.divide(p, ops.sum(p, axis=axis, keepdims=True))
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    entropy = ops.negative(ops.multiply(t, ops.log(p)))
    factor = ops.multiply(ops.power(ops.subtract(1.0, p), float(gamma)), alpha)
    return ops.sum(ops.multiply(factor, entropy), axis=axis)


@op
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """Generalized crossentropy (Zhang and Sabuncu, 2018), which tolerates wrong labels: (1 - p[label]**q) / q.

    It approaches the crossentropy -log p[label] for q towards 0 and the error 1 - p[label] for q towards 1.

    Args:
        y_true: labels in [0, classes), y_pred's shape without the last axis (or with size 1 there). Any other label
            counts as p = 0.
        y_pred: probabilities, (batch, ..., classes).
        q: exponent in (0, 1).

    Returns:
        One value per sample: y_pred's shape without the last axis.

    Raises:
        ValueError: the shapes do not fit.

    >>> categorical_generalized_cross_entropy([0, 1], [[0.7, 0.3], [0.2, 0.8]], q=0.5).round(4).numpy()
    array([0.3267, 0.2111], dtype=float32)
    """
    y_true, y_pred = concrete(y_true), floating(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)  # Keras documents this shape, but returns (batch, batch) values for it
    one_hot = ops.one_hot(ops.cast(y_true, "int32"), int(y_pred.shape[-1]), dtype=str(y_pred.dtype))
    p = ops.sum(ops.multiply(y_pred, one_hot), axis=-1)
    return ops.divide(ops.subtract(1.0, ops.power(p, float(q))), float(q))
