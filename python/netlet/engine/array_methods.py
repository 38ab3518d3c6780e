"""The methods of NumPy's arrays, for Tensor, Variable and KerasTensor."""

from __future__ import annotations

from typing import Any

from .array_reductions import ArrayReductions
from .operators import _table


def _one_or_many(given: tuple[Any, ...]) -> Any:
    """Makes `x.reshape(2, 3)` the same as `x.reshape((2, 3))`."""
    return given[0] if len(given) == 1 else given


class ArrayMethods(ArrayReductions):
    """Mixin with the methods of NumPy's arrays, which call `ops`: they are differentiable and can be recorded.

    None of them changes the tensor: `sort` returns the sorted values.
    """

    def astype(self, dtype: Any) -> Any:
        """The values in another dtype.

        Args:
            dtype: name of the dtype, or a NumPy or Python type. Floats become integers by rounding towards 0.

        Returns:
            Tensor of the same shape.

        Raises:
            ValueError: netlet does not support the dtype.
        """
        return _table["cast"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """The same elements, in row-major order, in another shape.

        Args:
            *shape: a tuple, or several integers; -1 stands for the size that is left.

        Returns:
            Tensor of that shape.

        Raises:
            ValueError: the shape has another number of elements.
        """
        return _table["reshape"](self, _one_or_many(shape))

    def transpose(self, *axes: Any) -> Any:
        """The tensor with its axes in another order.

        Args:
            *axes: a tuple, or several integers: axis i of the result is axes[i]. None: the reverse order.

        Returns:
            Tensor: axis i has the size of axis axes[i].

        Raises:
            ValueError: not each axis once.
        """
        return _table["transpose"](self, _one_or_many(axes) if axes else None)

    def flatten(self) -> Any:
        """All elements as a vector, in row-major order.

        Returns:
            Tensor (size,).
        """
        return _table["ravel"](self)

    def ravel(self) -> Any:
        """All elements as a vector, in row-major order; the same as `flatten`.

        Returns:
            Tensor (size,).
        """
        return _table["ravel"](self)

    def squeeze(self, axis: Any = None) -> Any:
        """The tensor without axes of size 1.

        Args:
            axis: axis or axes to remove; None (the default): all of size 1.

        Returns:
            Tensor of the same elements with fewer axes.

        Raises:
            ValueError: an axis has another size.
        """
        return _table["squeeze"](self, axis)

    def copy(self) -> Any:
        """A copy, with memory of its own.

        Returns:
            Tensor of the same shape and dtype.
        """
        return _table["copy"](self)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """The values limited to [min, max].

        Args:
            min: lower limit, a number or an array that broadcasts to the shape; None (the default): no limit.
            max: upper limit, likewise.

        Returns:
            Tensor of the same shape.
        """
        return _table["clip"](self, min, max)

    def round(self, decimals: int = 0) -> Any:
        """The values rounded, halves to even.

        Args:
            decimals: number of decimals; 0 by default, below 0 for tens, hundreds, ...

        Returns:
            Tensor of the same shape and dtype.
        """
        return _table["round"](self, decimals)

    def dot(self, other: Any) -> Any:
        """The product of NumPy's `dot`.

        Args:
            other: array or Tensor: the sum is over the last axis of this tensor and the second-to-last one of `other`,
                or its only one. A number multiplies each element.

        Returns:
            Tensor: the axes of this tensor without the last one, then those of `other` without that of the sum.

        Raises:
            ValueError: the two axes have different sizes.
        """
        return _table["dot"](self, other)

    def sort(self, axis: int = -1) -> Any:
        """The elements in increasing order along an axis; NaN is last. The tensor itself does not change.

        Args:
            axis: the axis; the last by default, None for the flattened tensor.

        Returns:
            Tensor of the same shape, or a vector for None.

        Raises:
            ValueError: the axis is out of range.
        """
        return _table["sort"](self, axis)

    def argsort(self, axis: int = -1) -> Any:
        """The positions that sort the elements along an axis; those of equal elements stay in order.

        Args:
            axis: the axis; the last by default, None for the flattened tensor.

        Returns:
            Tensor of integers.

        Raises:
            ValueError: the axis is out of range.
        """
        return _table["argsort"](self, axis)

    def argpartition(self, kth: int, axis: int = -1) -> Any:
        """Positions along an axis: first those of the smallest elements, then those of the others.

        Args:
            kth: the position that has its element in sorted order; no smaller element is behind it.
            axis: the axis; the last by default.

        Returns:
            Tensor of integers.

        Raises:
            ValueError: `kth` or the axis is out of range.
        """
        return _table["argpartition"](self, kth, axis)

    def searchsorted(self, values: Any, side: str = "left") -> Any:
        """The positions at which values could be inserted into this sorted vector.

        Args:
            values: array or Tensor of any shape.
            side: "left" (the default) is before equal elements, "right" behind them.

        Returns:
            Tensor of integers of the values' shape.

        Raises:
            ValueError: this is no vector, or another side.
        """
        return _table["searchsorted"](self, values, side)

    def nonzero(self) -> Any:
        """The positions of the elements that are not 0.

        A recorded step cannot contain it, since the number of positions depends on values.

        Returns:
            tuple of Tensors of integers, one for each axis.
        """
        return _table["nonzero"](self)

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """The slices at integer positions along an axis.

        Args:
            indices: integers of any shape; below 0 from the end.
            axis: the axis; None (the default): the flattened tensor.

        Returns:
            Tensor with the indices' shape in the place of the axis.
        """
        return _table["take"](self, indices, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each slice along an axis several times in a row.

        Args:
            repeats: how often: an integer, or one for each slice.
            axis: the axis; None (the default): the flattened tensor.

        Returns:
            Tensor whose axis has `repeats` times its size, or their sum; a vector for None.
        """
        return _table["repeat"](self, repeats, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """The tensor with two axes exchanged.

        Args:
            axis1: an axis, below 0 from the end.
            axis2: the other one.

        Returns:
            Tensor with the two sizes exchanged.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["swapaxes"](self, axis1, axis2)

    def view(self, *dtype_or_shape: Any) -> Any:
        """The bytes read as another dtype; or, as in PyTorch, the elements in another shape.

        Args:
            *dtype_or_shape: a dtype, whose size divides the bytes of the last axis; or a shape: a tuple, or integers.

        Returns:
            Tensor: the last axis has the bytes of the old one; or one of the given shape.

        Raises:
            ValueError: the size of the dtype or the shape does not fit.
        """
        first = dtype_or_shape[0] if dtype_or_shape else None
        if isinstance(first, (int, tuple, list)):
            return self.reshape(*dtype_or_shape)
        return _table["view"](self, *dtype_or_shape)

    def conj(self) -> Any:
        """The complex conjugates: the same numbers, since they are real.

        Returns:
            Tensor of the same shape and dtype.
        """
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
