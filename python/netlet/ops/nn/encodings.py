"""Class numbers as vectors."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import standardize_dtype

from ..core.dispatch import op

__all__ = ["one_hot"]


@op
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A new axis with 1 at the position that each integer names, and 0 elsewhere.

    Args:
        x: integers of any shape; those outside [0, num_classes) give zeros.
        num_classes: size of the new axis.
        axis: position of the new axis; -1 (the default): last.
        dtype: name of the dtype; None (the default): floatx.
        sparse: False; there are dense tensors only.

    Returns:
        Tensor with one axis more than x.

    Raises:
        NotImplementedError: sparse is True.

    >>> one_hot(np.array([0, 2]), 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise NotImplementedError("ops.one_hot: sparse=True is not supported.")
    return _core.one_hot(x, int(num_classes), standardize_dtype(dtype), int(axis))
