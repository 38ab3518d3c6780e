"""Tensor: the native array class, with the methods that NumPy's arrays have.

The class is `_core.Tensor`; this module adds its Python methods. Import this module (or `ops`) before using Tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet._core import Tensor, dlpack_device, tensor, to_dlpack
from netlet.base.device import is_cpu

from .operators import Operators, Values, _table, attach, readable_dtype

__all__ = ["Tensor"]


def _from_parts(values: np.ndarray, dtype: str, requires_grad: bool, mask: Any) -> Tensor:
    """Makes a Tensor from its pickled parts."""
    made = tensor(values, dtype)
    made.requires_grad = requires_grad
    if mask is not None:
        made._keras_mask = mask
    return made


def _one_or_many(given: tuple[Any, ...]) -> Any:
    """Makes `x.reshape(2, 3)` the same as `x.reshape((2, 3))`."""
    return given[0] if len(given) == 1 else given


class ArrayMethods:
    """Mixin with NumPy's array methods, which call `ops`: they are differentiable and can be recorded."""

    def astype(self, dtype: Any) -> Any:
        """Returns the values cast to `dtype`."""
        return _table["cast"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """Returns the same elements in another shape, which is a tuple or several integers."""
        return _table["reshape"](self, _one_or_many(shape))

    def transpose(self, *axes: Any) -> Any:
        """Returns the tensor with its axes in the given order; without arguments, in reverse order."""
        return _table["transpose"](self, _one_or_many(axes) if axes else None)

    def flatten(self) -> Any:
        """Returns all elements as a vector."""
        return _table["ravel"](self)

    def ravel(self) -> Any:
        """Returns all elements as a vector."""
        return _table["ravel"](self)

    def squeeze(self, axis: Any = None) -> Any:
        """Removes axes of size 1: those of `axis`, or all if None."""
        return _table["squeeze"](self, axis)

    def copy(self) -> Any:
        """Returns a copy."""
        return _table["copy"](self)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """Limits the values to [min, max]; None for no limit."""
        return _table["clip"](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        """Rounds half to even, to `decimals` decimals."""
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
        """The index of the smallest element along the axis (of all elements if None)."""
        return _table["argmin"](self, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The index of the largest element along the axis (of all elements if None)."""
        return _table["argmax"](self, axis, keepdims)

    def cumsum(self, axis: int | None = None) -> Any:
        """Cumulative sums along the axis (of all elements if None)."""
        return _table["cumsum"](self, axis)

    def dot(self, other: Any) -> Any:
        """The product of NumPy's `dot`."""
        return _table["dot"](self, other)


class Exchange:
    """Mixin with conversions: to text, for NumPy functions, DLPack, pickle and bytes."""

    def __str__(self: Any) -> str:
        return repr(self) if self.recorded else str(np.asarray(self, readable_dtype(self.dtype)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "A Tensor's elements cannot be assigned. Change a copy (a = np.array(tensor); a[...] = value), or use "
            "ops.slice_update or ops.scatter_update."
        )

    def __array_function__(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions convert Tensors to ndarrays and return NumPy's types."""
        if function in (np.shape, np.ndim) and not kwargs:
            return self.shape if function is np.shape else self.ndim  # known while a step is recorded, too
        return function(*_as_arrays(args), **_as_arrays(kwargs))

    def __dlpack__(
        self: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """The memory as a DLPack capsule: `torch.as_tensor(t)`, `np.from_dlpack(t)`. A Variable's value is copied."""
        if not is_cpu(self.device):
            return to_dlpack(tensor(self) if copy or self.variable else self)
        values = self.numpy()
        if copy or not values.flags.writeable:
            if copy is False:
                raise BufferError("This Tensor is a Variable's value, which DLPack can export only as a copy.")
            values = values.copy()
        return values.__dlpack__()

    def __dlpack_device__(self: Any) -> tuple[int, int]:
        return dlpack_device(self)

    def __reduce__(self: Any) -> Any:
        values = np.array(self, readable_dtype(self.dtype))
        return _from_parts, (values, self.dtype, self.requires_grad, self._keras_mask)

    def tobytes(self: Any) -> bytes:
        """The values' bytes in row-major order."""
        return bytes(self.numpy().tobytes())


def _as_arrays(arguments: Any) -> Any:
    """Replaces every Tensor in the arguments by the ndarray that shares its memory."""
    if isinstance(arguments, Tensor):
        return arguments.__array__()
    if type(arguments) in (list, tuple):
        return type(arguments)(_as_arrays(a) for a in arguments)
    if type(arguments) is dict:
        return {name: _as_arrays(a) for name, a in arguments.items()}
    return arguments


attach(Tensor, Operators, Values, ArrayMethods, Exchange)
