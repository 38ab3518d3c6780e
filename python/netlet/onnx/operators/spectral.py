"""Fourier transforms: DFT and STFT. Complex numbers are pairs along the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant


@operator("DFT")
def dft_attribute(node: Node, x: Any, length: Any = None) -> Any:
    """The transform along an axis, which is an attribute before opset 20."""
    return _dft(node, x, length, node.attribute("axis", 1))


@operator("DFT", since=20)
def dft(node: Node, x: Any, length: Any = None, axis: Any = None) -> Any:
    """The transform along an axis, by default the last before that of the parts."""
    return _dft(node, x, length, -2 if axis is None else int(constant(node, axis, "axis").item()))


def _dft(node: Node, x: Any, length: Any, axis: int) -> Any:
    axis %= len(x.shape)
    inverse, onesided = bool(node.attribute("inverse", 0)), bool(node.attribute("onesided", 0))
    real = ops.moveaxis(ops.getitem(x, (..., 0)), axis, -1)
    imaginary = ops.moveaxis(ops.getitem(x, (..., 1)), axis, -1) if x.shape[-1] == 2 else ops.zeros_like(real)
    count = 2 * (x.shape[axis] - 1) if inverse and onesided else x.shape[axis]
    count = count if length is None else int(constant(node, length, "dft_length").item())
    node.check_size((count,))
    if inverse and onesided:
        real, imaginary = _whole(real, imaginary, count)
        return ops.expand_dims(ops.moveaxis(_transform(real, imaginary, True)[0], -1, axis), -1)
    parts = _transform(_sized(real, count), _sized(imaginary, count), inverse)
    kept = slice(0, count // 2 + 1 if onesided else count)
    return ops.stack([ops.moveaxis(ops.getitem(part, (..., kept)), -1, axis) for part in parts], axis=-1)


def _transform(real: Any, imaginary: Any, inverse: bool = False) -> tuple[Any, Any]:
    """The transform along the last axis. The inverse exchanges the parts before and after, divided by the length."""
    if not inverse:
        return ops.fft((real, imaginary))
    first, second = ops.fft((imaginary, real))
    return ops.divide(second, real.shape[-1]), ops.divide(first, real.shape[-1])


def _sized(x: Any, count: int) -> Any:
    """x with its last axis cut or padded with zeros to a length."""
    size = x.shape[-1]
    if size >= count:
        return x if size == count else ops.getitem(x, (..., slice(0, count)))
    return ops.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(0, count - size)])


def _whole(real: Any, imaginary: Any, count: int) -> tuple[Any, Any]:
    """The spectrum of real values from its first half: the other half is conjugate, in reverse."""
    half = count // 2 + 1
    real, imaginary = _sized(real, half), _sized(imaginary, half)
    rest = (..., slice(count - half, 0, -1))
    mirrored = ops.negative(ops.getitem(imaginary, rest))
    return (
        ops.concatenate([real, ops.getitem(real, rest)], axis=-1),
        ops.concatenate([imaginary, mirrored], axis=-1),
    )


@operator("STFT")
def stft(node: Node, signal: Any, step: Any, window: Any = None, length: Any = None) -> Any:
    """Transforms of overlapping parts of a signal (batch, time, 1 or 2): (batch, parts, frequencies, 2)."""
    hop = int(constant(node, step, "frame_step").item())
    size = window.shape[0] if length is None else int(constant(node, length, "frame_length").item())
    if min(hop, size) < 1:
        raise node.error(f"expected a frame_step and a frame_length of at least 1, received {hop} and {size}.")
    count = 1 + (signal.shape[1] - size) // hop
    node.check_stated((max(1, count), size))
    places = np.arange(count)[:, None] * hop + np.arange(size)
    frames = ops.take(signal, places, axis=1)  # (batch, parts, size, 1 or 2)
    if window is not None:
        frames = ops.multiply(frames, ops.reshape(window, (-1, 1)))
    real = ops.getitem(frames, (..., 0))
    imaginary = ops.getitem(frames, (..., 1)) if signal.shape[-1] == 2 else ops.zeros_like(real)
    kept = slice(0, size // 2 + 1 if node.attribute("onesided", 1) else size)
    parts = _transform(real, imaginary)
    return ops.stack([ops.getitem(part, (..., kept)) for part in parts], axis=-1)
