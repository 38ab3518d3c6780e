"""The methods of NumPy's arrays that reduce or accumulate along axes."""

from __future__ import annotations

from typing import Any

from .operators import _table


class ArrayReductions:
    """Mixin with the reductions of NumPy's arrays, which call `ops`: they are differentiable and can be recorded."""

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The sum over axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["sum"](self, axis, keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The product over axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["prod"](self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The mean over axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor of floats without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["mean"](self, axis, keepdims)

    def std(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The standard deviation over axes: the root of the mean of squared distances from the mean.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor of floats without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["std"](self, axis, keepdims)

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The variance over axes: the mean of squared distances from the mean.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor of floats without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["var"](self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The smallest element along axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor without these axes.

        Raises:
            ValueError: an axis is out of range or has no elements.
        """
        return _table["min"](self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest element along axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor without these axes.

        Raises:
            ValueError: an axis is out of range or has no elements.
        """
        return _table["max"](self, axis, keepdims)

    def ptp(self, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest minus the smallest element along axes.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor without these axes.

        Raises:
            ValueError: an axis is out of range or has no elements.
        """
        return _table["ptp"](self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements along axes are true: not 0.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor of bools without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["all"](self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether any element along axes is true: not 0.

        Args:
            axis: axis or axes, below 0 from the end; None (the default): all.
            keepdims: whether these axes stay, with size 1; False by default.

        Returns:
            Tensor of bools without these axes.

        Raises:
            ValueError: an axis is out of range.
        """
        return _table["any"](self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The index of the smallest element along an axis, the first of equal ones.

        Args:
            axis: the axis, below 0 from the end; None (the default): the flattened tensor.
            keepdims: whether the axis stays, with size 1; False by default.

        Returns:
            Tensor of integers without this axis.

        Raises:
            ValueError: the axis is out of range or has no elements.
        """
        return _table["argmin"](self, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The index of the largest element along an axis, the first of equal ones.

        Args:
            axis: the axis, below 0 from the end; None (the default): the flattened tensor.
            keepdims: whether the axis stays, with size 1; False by default.

        Returns:
            Tensor of integers without this axis.

        Raises:
            ValueError: the axis is out of range or has no elements.
        """
        return _table["argmax"](self, axis, keepdims)

    def cumsum(self, axis: int | None = None) -> Any:
        """The sums of each element with those before it along an axis.

        Args:
            axis: the axis, below 0 from the end; None (the default): the flattened tensor.

        Returns:
            Tensor of the same shape, or a vector for None.

        Raises:
            ValueError: the axis is out of range.
        """
        return _table["cumsum"](self, axis)

    def cumprod(self, axis: int | None = None) -> Any:
        """The products of each element with those before it along an axis.

        Args:
            axis: the axis, below 0 from the end; None (the default): the flattened tensor.

        Returns:
            Tensor of the same shape, or a vector for None.

        Raises:
            ValueError: the axis is out of range.
        """
        return _table["cumprod"](self, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """A diagonal of each matrix that two axes span.

        Args:
            offset: which diagonal: 0 (the default) is the main one, above 0 to its right.
            axis1: the axis of the matrices' rows; 0 by default.
            axis2: the axis of their columns; 1 by default.

        Returns:
            Tensor without axis1 and axis2, with the diagonal as a new last axis.

        Raises:
            ValueError: fewer than two axes, or the same axis twice.
        """
        return _table["diagonal"](self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The sum of a diagonal of each matrix that two axes span.

        Args:
            offset: which diagonal: 0 (the default) is the main one, above 0 to its right.
            axis1: the axis of the matrices' rows; 0 by default.
            axis2: the axis of their columns; 1 by default.

        Returns:
            Tensor without axis1 and axis2.

        Raises:
            ValueError: fewer than two axes, or the same axis twice.
        """
        return _table["trace"](self, offset, axis1, axis2)
