"""Values whose axes are in another order than ONNX's: images with channels last, sequences with the batch first.

ONNX's images are (N, C, H, W); netlet's kernels want (N, H, W, C). While a Model is made, a value may be held in
another order. What computes element by element passes it on, and a Transpose changes the view alone, so that a network
of convolutions has a transpose at its input and one before its first Flatten, and none between.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class View:
    """A value that is held in another order of axes.

    Args:
        tensor: the KerasTensor that is held.
        axes: axis i of the ONNX value is axis `axes[i]` of `tensor`; None: an axis of size 1 that `tensor` lacks.
    """

    def __init__(self, tensor: Any, axes: tuple[int | None, ...]) -> None:
        self.tensor, self.axes = tensor, tuple(axes)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the ONNX value."""
        return tuple(1 if a is None else self.tensor.shape[a] for a in self.axes)

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self.tensor.dtype

    def transposed(self, order: tuple[int, ...]) -> Any:
        """The view of the value with its axes in another order; the tensor itself if that is its own order."""
        return view(self.tensor, tuple(self.axes[i] for i in order))

    @property
    def permutation(self) -> tuple[int, ...]:
        """The axes, none of which may be None."""
        return tuple(a for a in self.axes if a is not None)

    @property
    def is_permutation(self) -> bool:
        """Whether it has all axes of the tensor and no others."""
        return None not in self.axes


class Flattened:
    """An image of known size that was flattened with its channels last.

    A dense layer takes it with the rows of its kernel in that order; everything else gets it in ONNX's.

    Args:
        tensor: KerasTensor (N, all pixels and channels).
        sizes: the sizes of the image as it was held, without the batch axis.
        axes: the axes of the View of the image.
    """

    def __init__(self, tensor: Any, sizes: tuple[int, ...], axes: tuple[int, ...]) -> None:
        self.tensor, self.sizes, self.axes = tensor, sizes, axes

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape."""
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self.tensor.dtype

    def like(self, tensor: Any) -> Flattened:
        """Another tensor whose elements are in the same order."""
        return Flattened(tensor, self.sizes, self.axes)

    def rows_of(self, kernel: np.ndarray) -> np.ndarray:
        """The kernel of a dense layer, (features, units), with its rows in the order of the tensor's features.

        >>> Flattened(None, (1, 2, 3), (0, 3, 1, 2)).rows_of(np.arange(6).reshape(6, 1)).ravel().tolist()
        [0, 2, 4, 1, 3, 5]
        """
        order = [a - 1 for a in self.axes[1:]]  # ONNX's axis i is axis order[i] of the image as it is held
        shape = [self.sizes[a] for a in order]
        return kernel.reshape(*shape, -1).transpose(*np.argsort(order), len(shape)).reshape(kernel.shape)


def view(tensor: Any, axes: tuple[int | None, ...]) -> Any:
    """A View, or the tensor itself if its axes are in that order.

    Args:
        tensor: KerasTensor.
        axes: as for `View`.
    """
    return tensor if axes == tuple(range(len(tensor.shape))) else View(tensor, axes)


def as_view(value: Any) -> View:
    """A KerasTensor or View as a View."""
    return value if isinstance(value, View) else View(value, tuple(range(len(value.shape))))


def common_axes(values: list[Any]) -> tuple[int, ...]:
    """The axes of the first View in another order, else ONNX's order: for values of one rank."""
    found = next((v.permutation for v in values if isinstance(v, View) and v.is_permutation), None)
    return tuple(range(len(values[0].shape))) if found is None else found


def channels_last(rank: int) -> tuple[int, ...]:
    """The axes of a View of an ONNX image (N, C, spatial...) that is held as (N, spatial..., C).

    >>> channels_last(4)
    (0, 3, 1, 2)
    """
    return (0, rank - 1, *range(1, rank - 1))


def held_order(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A constant with the axes of the tensors that are held with `axes`; it may have fewer axes, as in broadcasting.

    >>> held_order(np.ones((5, 1, 1)), channels_last(4)).shape
    (1, 1, 1, 5)
    """
    if array.size == 1 and array.ndim <= len(axes):
        return array
    full = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
    return full.transpose(np.argsort(axes))
