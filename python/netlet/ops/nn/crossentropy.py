"""Crossentropies of targets and outputs, as ops: one number for each element or sample, without means.

`netlet.losses` has the losses of the same names, with means, label smoothing and ignored classes.
"""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import HALVES, epsilon

from ..core.dispatch import as_float, axis_in, concrete, nearest_dtype, op, shape_of

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]


def _of_one_shape(target: Any, output: Any, name: str) -> None:
    a, b = shape_of(target), shape_of(output)
    if a != b:
        raise ValueError(f"ops.{name}: expected target and output of one shape, received {a} and {b}.")


def _classes_last(x: Any, axis: int, name: str) -> Any:
    """x with the axis of the classes moved to the end."""
    shape = shape_of(x)
    if not shape:
        raise ValueError(f"ops.{name}: expected an output of at least one axis, received shape ().")
    at = axis_in(axis, len(shape), f"ops.{name}")
    rest = [i for i in range(len(shape)) if i != at]
    return x if at == len(shape) - 1 else _core.transpose(x, [*rest, at])


@op
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Crossentropy of each element: -t log p - (1 - t) log(1 - p).

    Args:
        target: numbers t in [0, 1].
        output: probabilities p, clipped to [epsilon, 1 - epsilon]; or logits of them.
        from_logits: whether output holds logits; False by default.

    Returns:
        Tensor of output's shape.

    Raises:
        ValueError: target and output have different shapes.

    >>> binary_crossentropy([0.0, 1.0], [0.5, 0.8]).numpy().round(4)
    array([0.6931, 0.2231], dtype=float32)
    """
    _of_one_shape(target, output, "binary_crossentropy")
    output = as_float(output)
    target = _core.cast(concrete(target), nearest_dtype(output))
    if from_logits:  # log(1 + exp(x)) - t x
        return _core.subtract(_core.activation(output, "softplus"), _core.multiply(target, output))
    output = _core.clip(output, epsilon(), 1.0 - epsilon())
    yes = _core.multiply(target, _core.log(output))
    no = _core.multiply(_core.subtract(1.0, target), _core.log(_core.subtract(1.0, output)))
    return _core.negative(_core.add(yes, no))


@op
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Crossentropy of exclusive classes: -sum(t log p) along an axis.

    Args:
        target: one-hot vectors or distributions t.
        output: probabilities p, divided by their sum and clipped to [epsilon, 1 - epsilon]; or logits of them.
        from_logits: whether output holds logits; False by default.
        axis: axis of the classes; -1 by default.

    Returns:
        Tensor of output's shape without the axis.

    Raises:
        ValueError: target and output have different shapes, or no axis.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]]).numpy().round(4)
    array([0.2231], dtype=float32)
    """
    _of_one_shape(target, output, "categorical_crossentropy")
    target, output = (_classes_last(x, axis, "categorical_crossentropy") for x in (concrete(target), as_float(output)))
    loss = _core.loss_categorical_crossentropy(target, output, None, "none", bool(from_logits), 0.0, epsilon())
    dtypes = {nearest_dtype(target), nearest_dtype(output)}
    return _core.cast(loss, dtypes.pop()) if len(dtypes) == 1 and dtypes <= set(HALVES) else loss


@op
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Crossentropy of exclusive classes with integer labels: -log p[label].

    Args:
        target: labels: output's shape without the axis, or with size 1 there. Labels that are no class give NaN.
        output: probabilities p, divided by their sum and clipped to [epsilon, 1 - epsilon]; or logits of them.
        from_logits: whether output holds logits; False by default.
        axis: axis of the classes; -1 by default.

    Returns:
        Tensor of output's shape without the axis.

    Raises:
        ValueError: target does not fit output.

    >>> sparse_categorical_crossentropy([1], [[0.2, 0.8]]).numpy().round(4)
    array([0.2231], dtype=float32)
    """
    name = "sparse_categorical_crossentropy"
    output = _classes_last(as_float(output), axis, name)
    labels, samples = shape_of(target), shape_of(output)[:-1]
    if len(labels) == len(samples) + 1 and labels[axis_in(axis, len(labels), f"ops.{name}")] == 1:
        target = _core.reshape(target, samples)
    elif labels != samples:
        raise ValueError(
            f"ops.{name}: expected labels of shape {samples} for an output of shape {(*samples, shape_of(output)[-1])} "
            f"(the classes last), received shape {labels}."
        )
    return _core.loss_sparse_categorical_crossentropy(target, output, None, "none", bool(from_logits), None, epsilon())
