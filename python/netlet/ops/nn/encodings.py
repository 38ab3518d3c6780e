"""Class numbers as vectors."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype

from ..core.dispatch import op, shape_of

__all__ = ["multi_hot", "one_hot"]


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A new axis with 1 at the position that each integer names, and 0 elsewhere.

    Args:
        x: integers of any shape; those outside [0, num_classes) give zeros.
        num_classes: size of the new axis.
        axis: position of the new axis; -1 (the default): last.
        dtype: name of the dtype; None (the default): floatx.
        sparse: False, the default; there are dense tensors only.

    Returns:
        Tensor with one axis more than x.

    Raises:
        NotImplementedError: sparse is True.

    >>> one_hot([0, 2], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise NotImplementedError("ops.one_hot: sparse=True is not supported.")
    return _core.one_hot(x, int(num_classes), standardize_dtype(dtype), int(axis))


@op
def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """Sets of integers as vectors: 1 at the positions of the integers that occur, and 0 elsewhere.

    Args:
        inputs: integers (N,), a set; or (batch, N, ...), whose second axis goes through a set. Integers outside
            [0, num_classes) count for nothing.
        num_classes: number of classes; it must be given, by this name or the older one; None by default.
        axis: position of the new axis before the sets' axis is removed; -1 (the default): last.
        dtype: name of the dtype; None (the default): floatx.
        sparse: False, the default; there are dense tensors only.
        **kwargs: `num_tokens`, an older name of num_classes.

    Returns:
        Tensor (num_classes,) or (batch, ..., num_classes).

    Raises:
        ValueError: num_classes is missing.
        NotImplementedError: sparse is True.
        TypeError: an argument that it does not have.

    >>> multi_hot([0, 2], num_classes=4).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    num_classes = kwargs.pop("num_tokens", None) if num_classes is None else num_classes
    if kwargs:
        raise TypeError(f"ops.multi_hot: there is no argument {sorted(kwargs)[0]!r}.")
    if num_classes is None:
        raise ValueError("ops.multi_hot: expected num_classes, received None.")
    if sparse:
        raise NotImplementedError("ops.multi_hot: sparse=True is not supported.")
    vectors = one_hot(inputs, num_classes, axis, dtype)
    over = 1 if len(shape_of(inputs)) > 1 else 0
    if shape_of(vectors)[over] == 0:  # sets without elements
        return _core.sum(vectors, [over], False)
    return _core.max(vectors, [over], False)
