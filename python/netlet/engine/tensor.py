"""Tensor: the native array class, with the methods that NumPy's arrays have.

The class is `_core.Tensor`; this module gives it its Python side, so import it (or `ops`) wherever Tensors are made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet._core import Tensor

from .operators import Operators, Values, _table, attach, readable_dtype

__all__ = ["Tensor"]


def _from_parts(values: np.ndarray, dtype: str, requires_grad: bool, mask: Any) -> Tensor:
    """How a pickled Tensor is made again."""
    from netlet import _core

    tensor = _core.tensor(values, dtype)
    tensor.requires_grad = requires_grad
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def _one_or_many(given: tuple[Any, ...]) -> Any:
    """`x.reshape(2, 3)` and `x.reshape((2, 3))` mean the same."""
    return given[0] if len(given) == 1 else given


class ArrayMethods:
    """NumPy's array methods by means of `ops`: gradients flow through them, and they work in a recorded step."""

    def astype(self, dtype: Any) -> Any:
        """The values in another dtype: `ops.cast`."""
        return _table["cast"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape, given as a tuple or as several numbers."""
        return _table["reshape"](self, _one_or_many(shape))

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order, reversed if none is given."""
        return _table["transpose"](self, _one_or_many(axes) if axes else None)

    def flatten(self) -> Any:
        """All elements in one axis."""
        return _table["ravel"](self)

    def ravel(self) -> Any:
        """All elements in one axis."""
        return _table["ravel"](self)

    def squeeze(self, axis: Any = None) -> Any:
        """Without the axes of size 1."""
        return _table["squeeze"](self, axis)

    def copy(self) -> Any:
        """The same values in memory of their own."""
        return _table["copy"](self)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """The values limited to [min, max]."""
        return _table["clip"](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        """Rounded half to even."""
        return _table["round"](self, decimals)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The sum over the axes (all if None)."""
        return _table["sum"](self, axis, keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The product over the axes (all if None)."""
        return _table["prod"](self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The mean over the axes (all if None)."""
        return _table["mean"](self, axis, keepdims)

    def std(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The standard deviation over the axes (all if None)."""
        return _table["std"](self, axis, keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The variance over the axes (all if None)."""
        return _table["var"](self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The smallest element along the axes (of all if None)."""
        return _table["min"](self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest element along the axes (of all if None)."""
        return _table["max"](self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements along the axes are true."""
        return _table["all"](self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any element along the axes is true."""
        return _table["any"](self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the smallest element is along the axis."""
        return _table["argmin"](self, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the largest element is along the axis."""
        return _table["argmax"](self, axis, keepdims)

    def cumsum(self, axis: int | None = None) -> Any:
        """Sums up to and including each element."""
        return _table["cumsum"](self, axis)

    def dot(self, other: Any) -> Any:
        """NumPy's dot."""
        return _table["dot"](self, other)


class Exchange:
    """Handing a Tensor to other programs and processes."""

    def __str__(self: Any) -> str:
        return repr(self) if self.recorded else str(np.asarray(self, readable_dtype(self.dtype)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "A Tensor's elements cannot be assigned. Change a copy (a = np.array(tensor); a[...] = value), or use "
            "ops.slice_update or ops.scatter_update."
        )

    def __array_function__(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions read a Tensor as an ndarray, and what they return is NumPy's."""
        if function in (np.shape, np.ndim) and not kwargs:
            return self.shape if function is np.shape else self.ndim  # known in a recorded step, too
        return function(*_as_arrays(args), **_as_arrays(kwargs))

    def __dlpack__(
        self: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The memory as a DLPack capsule: `torch.as_tensor(t)`, `np.from_dlpack(t)`. A Variable's value is copied."""
        values = self.numpy()
        if copy or not values.flags.writeable:
            if copy is False:
                raise BufferError("This Tensor is a Variable's value, which DLPack receives as a copy only.")
            values = values.copy()
        return values.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # kDLCPU

    def __reduce__(self: Any) -> Any:
        values = np.array(self, readable_dtype(self.dtype))
        return _from_parts, (values, self.dtype, self.requires_grad, self._keras_mask)

    def tobytes(self: Any) -> bytes:
        """The values' bytes in row-major order."""
        return bytes(self.numpy().tobytes())


def _as_arrays(arguments: Any) -> Any:
    """The same arguments with every Tensor as the ndarray that shares its memory."""
    if isinstance(arguments, Tensor):
        return arguments.__array__()
    if type(arguments) in (list, tuple):
        return type(arguments)(_as_arrays(a) for a in arguments)
    if type(arguments) is dict:
        return {name: _as_arrays(a) for name, a in arguments.items()}
    return arguments


attach(Tensor, Operators, Values, ArrayMethods, Exchange)
