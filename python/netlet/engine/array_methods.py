"""The methods of NumPy's arrays, for Tensor, Variable and KerasTensor."""

from __future__ import annotations

from typing import Any

from .operators import _table


def _one_or_many(given: tuple[Any, ...]) -> Any:
    """Makes `x.reshape(2, 3)` the same as `x.reshape((2, 3))`."""
    return given[0] if len(given) == 1 else given


class ArrayMethods:
    """Mixin with the methods of NumPy's arrays, which call `ops`: they are differentiable and can be recorded.

    None of them changes the tensor: `sort` returns the sorted values.
    """

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

    def cumprod(self, axis: int | None = None) -> Any:
        """Cumulative products along the axis (of all elements if None)."""
        return _table["cumprod"](self, axis)

    def ptp(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest minus the smallest element along the axes (of all if None)."""
        return _table["ptp"](self, axis, keepdims)

    def sort(self, axis: int = -1) -> Any:
        """Returns the elements along the axis in increasing order."""
        return _table["sort"](self, axis)

    def argsort(self, axis: int = -1) -> Any:
        """The positions that sort the elements along the axis."""
        return _table["argsort"](self, axis)

    def argpartition(self, kth: int, axis: int = -1) -> Any:
        """Positions along the axis, with those of the kth smallest elements first."""
        return _table["argpartition"](self, kth, axis)

    def searchsorted(self, values: Any, side: str = "left") -> Any:
        """The positions at which values could be inserted into this sorted vector."""
        return _table["searchsorted"](self, values, side)

    def nonzero(self) -> Any:
        """The positions of the elements that are not 0, one Tensor for each axis. Not inside a recorded step."""
        return _table["nonzero"](self)

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """The slices at integer positions of the axis (of all elements if None)."""
        return _table["take"](self, indices, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each slice along the axis (each element if None) several times in a row."""
        return _table["repeat"](self, repeats, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Returns the tensor with two axes exchanged."""
        return _table["swapaxes"](self, axis1, axis2)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """A diagonal of the matrices that two axes span, as the last axis."""
        return _table["diagonal"](self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The sum of a diagonal of the matrices that two axes span."""
        return _table["trace"](self, offset, axis1, axis2)

    def view(self, *dtype_or_shape: Any) -> Any:
        """Returns the bytes read as another dtype; for integers, as in PyTorch, the elements in another shape."""
        first = dtype_or_shape[0] if dtype_or_shape else None
        if isinstance(first, (int, tuple, list)):
            return self.reshape(*dtype_or_shape)
        return _table["view"](self, *dtype_or_shape)

    def conj(self) -> Any:
        """The complex conjugates: the same numbers, since they are real."""
        return _table["conj"](self)

    conjugate = conj

    @property
    def real(self) -> Any:
        """The real parts: the same numbers."""
        return _table["real"](self)

    @property
    def imag(self) -> Any:
        """The imaginary parts: zeros."""
        return _table["imag"](self)

    @property
    def mT(self) -> Any:
        """The tensor with its last two axes exchanged: each matrix transposed."""
        return _table["swapaxes"](self, -1, -2)
