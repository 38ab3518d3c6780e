"""Blocks of pixels as channels, sliding blocks of images as columns, and back; the peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import as_float, concrete, op, shape_of
from ..spatial.data_format import standardize
from ..spatial.windows import per_axis

__all__ = ["depth_to_space", "fold", "psnr", "space_to_depth", "unfold"]


def _checked_block(x: Any, block_size: int, name: str) -> tuple[int, ...]:
    """The shape of x; checks its rank and the block size."""
    if isinstance(block_size, bool) or not isinstance(block_size, (int, np.integer)) or block_size < 2:
        raise ValueError(f"{name}: expected `block_size` to be an integer of at least 2, received {block_size!r}.")
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(f"{name}: expected an input of rank 4, received shape {shape}.")
    return shape


@op
def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Channels rearranged into blocks of pixels, known as pixel shuffle: (N, H, W, C r^2) to (N, H r, W r, C).

    Args:
        x: (N, H, W, C r^2).
        block_size: r, an integer of at least 2.
        data_format: "channels_last" (the default) or "channels_first": (N, C r^2, H, W) to (N, C, H r, W r).

    Returns:
        Tensor (N, H r, W r, C) of x's dtype.

    Raises:
        ValueError: another rank or block size, or a number of channels that r^2 does not divide.

    Source: Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network"; the channels are ordered (row, column, C) or (C, row, column) as in Keras.

    >>> depth_to_space(np.arange(4).reshape(1, 1, 1, 4), 2)[0, ..., 0].numpy()
    array([[0, 1],
           [2, 3]])
    """
    name, r = "ops.depth_to_space", block_size
    shape = _checked_block(x, r, name)
    last = standardize(data_format) == "channels_last"
    n, h, w, depth = shape if last else (shape[0], *shape[2:], shape[1])
    if depth % (r * r):
        raise ValueError(f"{name}: expected a multiple of {r * r} channels, received shape {shape}.")
    c = depth // (r * r)
    if last:
        blocks = _core.transpose(_core.reshape(concrete(x), (n, h, w, r, r, c)), [0, 1, 3, 2, 4, 5])
        return _core.reshape(blocks, (n, h * r, w * r, c))
    blocks = _core.transpose(_core.reshape(concrete(x), (n, c, r, r, h, w)), [0, 1, 4, 2, 5, 3])
    return _core.reshape(blocks, (n, c, h * r, w * r))


@op
def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Blocks of pixels rearranged into channels: (N, H r, W r, C) to (N, H, W, C r^2).

    Args:
        x: (N, H r, W r, C).
        block_size: r, an integer of at least 2.
        data_format: "channels_last" (the default) or "channels_first": (N, C, H r, W r) to (N, C r^2, H, W).

    Returns:
        Tensor (N, H, W, C r^2) of x's dtype; `depth_to_space` is the inverse.

    Raises:
        ValueError: another rank or block size, or a height or width that r does not divide.

    >>> space_to_depth(np.arange(4).reshape(1, 2, 2, 1), 2)[0, 0, 0].numpy()
    array([0, 1, 2, 3])
    """
    name, r = "ops.space_to_depth", block_size
    shape = _checked_block(x, r, name)
    last = standardize(data_format) == "channels_last"
    n, h, w, c = shape if last else (shape[0], *shape[2:], shape[1])
    if h % r or w % r:
        raise ValueError(f"{name}: expected a height and width that {r} divides, received shape {shape}.")
    h, w = h // r, w // r
    if last:
        blocks = _core.transpose(_core.reshape(concrete(x), (n, h, r, w, r, c)), [0, 1, 3, 2, 4, 5])
        return _core.reshape(blocks, (n, h, w, c * r * r))
    blocks = _core.transpose(_core.reshape(concrete(x), (n, c, h, r, w, r)), [0, 1, 3, 5, 2, 4])
    return _core.reshape(blocks, (n, c * r * r, h, w))


class _Windows:
    """The windows of `unfold` and `fold`: (kernel, dilation, padding, stride) along height and width."""

    def __init__(self, name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> None:
        self.name = name
        self.kernel = per_axis(kernel_size, 2, f"{name}: `kernel_size`")
        self.dilation = per_axis(dilation, 2, f"{name}: `dilation`")
        self.padding = per_axis(padding, 2, f"{name}: `padding`", least=0)
        self.stride = per_axis(stride, 2, f"{name}: `stride`")

    def places(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """The number of windows along each axis of images of these sizes."""
        found = tuple(
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, d, p, s in zip(sizes, self.kernel, self.dilation, self.padding, self.stride)
        )
        if min(found) < 1:
            raise ValueError(f"{self.name}: windows of {self.kernel} do not fit images of {sizes} with their padding.")
        return found

    def entries(self, axis: int, places: int) -> np.ndarray:
        """The entries of the padded axis that the windows cover, ordered (entry of the window, window)."""
        inside = np.arange(self.kernel[axis]) * self.dilation[axis]
        return (inside[:, None] + np.arange(places) * self.stride[axis]).ravel().astype("int32")


@op
def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Sliding blocks of images as columns (im2col): (N, C, H, W) to (N, C kh kw, L), L the number of blocks.

    Args:
        x: (N, C, H, W).
        kernel_size: kh, kw; an integer or a pair, as for the other arguments.
        dilation: distance between the pixels of a block; 1 by default.
        padding: zeros before and after the rows and columns; 0 by default.
        stride: distance between blocks; 1 by default.

    Returns:
        Tensor (N, C kh kw, L) of x's dtype.

    Raises:
        ValueError: another rank, invalid sizes, or blocks larger than the padded images.

    >>> unfold(np.arange(4.0).reshape(1, 1, 2, 2), (1, 2), stride=(1, 2))[0].numpy()
    array([[0., 2.],
           [1., 3.]])
    """
    name = "ops.unfold"
    shape = shape_of(x)
    if len(shape) != 4:
        raise ValueError(f"{name}: expected images (N, C, H, W), received shape {shape}.")
    windows = _Windows(name, kernel_size, dilation, padding, stride)
    (n, c, *sizes), (kh, kw) = shape, windows.kernel
    rows, columns = windows.places(tuple(sizes))
    y = concrete(x)
    if max(windows.padding):
        y = _core.pad(y, [0, 0, *windows.padding], [0, 0, *windows.padding], 0.0)
    y = _core.take(y, windows.entries(0, rows), 2)
    y = _core.take(y, windows.entries(1, columns), 3)
    y = _core.transpose(_core.reshape(y, (n, c, kh, rows, kw, columns)), [0, 1, 2, 4, 3, 5])
    return _core.reshape(y, (n, c * kh * kw, rows * columns))


@op
def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Images as sums of sliding blocks (col2im), the transpose of `unfold`: (N, C kh kw, L) to (N, C, H, W).

    Args:
        x: (N, C kh kw, L).
        output_size: H, W; an integer or a pair, as for the other arguments.
        kernel_size: kh, kw.
        dilation: distance between the pixels of a block; 1 by default.
        padding: rows and columns cut from each side of the sums; 0 by default.
        stride: distance between blocks; 1 by default.

    Returns:
        Tensor (N, C, H, W) of x's dtype.

    Raises:
        ValueError: another rank, or sizes that do not fit x.

    >>> fold(np.ones((1, 2, 2)), (1, 3), (1, 2))[0, 0].numpy()
    array([[1., 2., 1.]])
    """
    name = "ops.fold"
    shape = shape_of(x)
    if len(shape) != 3:
        raise ValueError(f"{name}: expected blocks (N, C * kh * kw, L), received shape {shape}.")
    sizes = per_axis(output_size, 2, f"{name}: `output_size`")
    windows = _Windows(name, kernel_size, dilation, padding, stride)
    (n, depth, length), (kh, kw) = shape, windows.kernel
    rows, columns = windows.places(sizes)
    if depth % (kh * kw) or length != rows * columns:
        raise ValueError(
            f"{name}: expected a multiple of {kh * kw} channels and {rows * columns} blocks for images of {sizes}, "
            f"received shape {shape}."
        )
    c = depth // (kh * kw)
    y = _core.reshape(concrete(x), (n, c, kh, kw, rows, columns))
    y = _summed(y, 3, 5, windows.dilation[1], windows.stride[1], sizes[1] + 2 * windows.padding[1])
    y = _summed(y, 2, 3, windows.dilation[0], windows.stride[0], sizes[0] + 2 * windows.padding[0])
    (ph, pw), (h, w) = windows.padding, sizes
    return _core.getitem(y, (..., slice(ph, ph + h), slice(pw, pw + w))) if ph or pw else y


def _summed(x: Any, tap: int, place: int, dilation: int, stride: int, size: int) -> Any:
    """The axis `tap` summed into the axis `place`, of the new size: entry q is the sum over taps t and places p with
    t * dilation + p * stride = q."""
    shape = list(shape_of(x))
    taps, places = shape[tap], shape[place]
    last = place - 1  # after the axis `tap` is gone
    total = None
    for t in range(taps):
        y = _core.getitem(x, (*[slice(None)] * tap, t))
        rank = len(shape) - 1
        if stride > 1:  # stride - 1 zeros after each place
            split = list(shape_of(y))
            split.insert(last + 1, 1)
            after = [stride - 1 if axis == last + 1 else 0 for axis in range(rank + 1)]
            y = _core.pad(_core.reshape(y, split), [0] * (rank + 1), after, 0.0)
            joined = [*split[:last], places * stride, *split[last + 2 :]]
            y = _core.reshape(y, joined)
        kept = min(places * stride, size - t * dilation)
        if kept < places * stride:
            y = _core.getitem(y, (*[slice(None)] * last, slice(0, kept)))
        before = [t * dilation if axis == last else 0 for axis in range(rank)]
        after = [size - t * dilation - kept if axis == last else 0 for axis in range(rank)]
        if max(before) or max(after):
            y = _core.pad(y, before, after, 0.0)
        total = y if total is None else _core.add(total, y)
    return total


@op
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)).

    Args:
        x1: array.
        x2: array of the same shape.
        max_val: the largest possible value.

    Returns:
        A scalar Tensor; infinite for equal arrays.

    Raises:
        ValueError: the shapes differ.

    >>> float(psnr(np.zeros(4), np.full(4, 0.1), 1.0)).__round__(6)
    20.0
    """
    if shape_of(x1) != shape_of(x2):
        raise ValueError(f"ops.psnr: expected arrays of one shape, received {shape_of(x1)} and {shape_of(x2)}.")
    a, b = as_float(x1), as_float(x2)
    mse = _core.mean(_core.square(_core.subtract(a, b)))
    peak = 20.0 * math.log10(max_val) if max_val > 0 else (-math.inf if max_val == 0 else math.nan)
    return _core.subtract(peak, _core.multiply(_core.log10(mse), 10.0))
