"""The short-time Fourier transform and its inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.host_call import host_call

from ..core.dispatch import concrete, op
from ..core.properties import cast_if_needed
from ..numpy.padding import pad
from .fourier import complex_pair, real_inverse, real_transform
from .sequences import extract_sequences

__all__ = ["istft", "stft"]

_COSINES = {"hann": 0.5, "hamming": 0.54}


def _window(name: str, window: Any, sequence_length: int, fft_length: int, dtype: str) -> np.ndarray | Any:
    """The window in the middle of fft_length points."""
    before = (fft_length - sequence_length) // 2
    after = fft_length - sequence_length - before
    if window is None:
        return np.ones(fft_length, dtype)
    if isinstance(window, str):
        if window not in _COSINES:
            raise ValueError(f"ops.{name}: expected the window 'hann' or 'hamming', received {window!r}.")
        # Periodic: one point more would be the first one again.
        turn = np.cos(2 * np.pi * np.arange(sequence_length) / sequence_length) if sequence_length > 1 else -1.0
        constant = _COSINES[window]
        values = np.broadcast_to(constant - (1 - constant) * turn, (sequence_length,)).astype(dtype)
        return np.pad(values, (before, after))
    values = concrete(window)
    if tuple(values.shape) != (sequence_length,):
        raise ValueError(
            f"ops.{name}: expected a window of shape ({sequence_length},), received shape {tuple(values.shape)}."
        )
    return pad(_core.cast(values, dtype), (before, after))


def _check(name: str, sequence_length: Any, sequence_stride: Any, fft_length: Any) -> None:
    given = {"sequence_length": sequence_length, "sequence_stride": sequence_stride, "fft_length": fft_length}
    for label, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"ops.{name}: expected an integer {label} of at least 1, received {value!r}.")
    if fft_length < sequence_length:
        raise ValueError(
            f"ops.{name}: expected an fft_length of at least sequence_length = {sequence_length}, received "
            f"{fft_length}."
        )


@op
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Any:
    """Fourier transforms of overlapping pieces of a signal (short-time Fourier transform) along the last axis.

    Args:
        x: float32 or float64 (..., N).
        sequence_length: length of a piece.
        sequence_stride: distance between the beginnings of two neighbours.
        fft_length: length of the transform; the window is in its middle. At least `sequence_length`.
        window: "hann" (the default) or "hamming" (both periodic), an array (sequence_length,), or None.
        center: whether to reflect fft_length // 2 elements at both ends first, so that piece t has its middle at
            t * sequence_stride; True by default.

    Returns:
        (real part, imaginary part), Tensors (..., pieces, fft_length // 2 + 1).

    Raises:
        TypeError: another dtype.
        ValueError: a length below 1, a window that does not fit, or too few elements.

    >>> real, imaginary = stft(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 3, 2, 3)
    >>> real.numpy()[:, 0]
    array([0.75, 3.75, 5.25])
    """
    x = _core.as_tensor(concrete(x))
    if x.dtype not in ("float32", "float64"):
        raise TypeError(f"ops.stft: expected float32 or float64, received {x.dtype}.")
    _check("stft", sequence_length, sequence_stride, fft_length)
    shape = tuple(x.shape)
    if center:
        half = int(fft_length) // 2
        if not shape or shape[-1] <= half:
            raise ValueError(f"ops.stft: expected more than {half} elements to reflect, received shape {shape}.")
        if half:
            x = pad(x, [(0, 0)] * (len(shape) - 1) + [(half, half)], mode="reflect")
    if not shape or x.shape[-1] < fft_length:
        raise ValueError(f"ops.stft: expected at least fft_length = {fft_length} elements, received shape {shape}.")
    win = _window("stft", window, int(sequence_length), int(fft_length), x.dtype)
    pieces = _core.multiply(extract_sequences(x, int(fft_length), int(sequence_stride)), win)
    real, imaginary = real_transform("stft", pieces)
    return real, imaginary


def _overlap_add(pieces: Any, stride: int) -> Any:
    """The sum of pieces (..., T, L) that begin `stride` apart: (..., (T - 1) stride + L)."""
    *batch, count, length = tuple(pieces.shape)
    size = (count - 1) * stride + length
    parts = -(-length // stride)

    def compute(pieces: np.ndarray) -> np.ndarray:
        padded = np.zeros((*batch, count, parts * stride), pieces.dtype)
        padded[..., :length] = pieces
        rows = np.zeros((*batch, count + parts - 1, stride), pieces.dtype)
        for k in range(parts):
            rows[..., k : k + count, :] += padded[..., k * stride : (k + 1) * stride]
        return rows.reshape(*batch, (count + parts - 1) * stride)[..., :size]

    outputs = host_call("overlap_add", compute, [pieces], [((*batch, size), pieces.dtype)])

    def backward(d: Any) -> list[Any]:
        return [extract_sequences(d, length, stride)]

    return _core.custom_backward([pieces], outputs, backward, None, "ops.istft")[0]


@op
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The signal whose short-time Fourier transform is x, by weighted overlap-add (Griffin and Lim, 1984).

    The arguments should be those of `stft`. Where the windows sum to zero, the result is zero. Without a window, the
    result is scaled by fft_length / sequence_stride, as in Keras.

    Args:
        x: (real part, imaginary part), floats (..., pieces, fft_length // 2 + 1).
        sequence_length: length of a piece.
        sequence_stride: distance between the beginnings of two neighbours.
        fft_length: length of the transform.
        length: number of elements to return; None (the default): all.
        window: "hann" (the default) or "hamming" (both periodic), an array (sequence_length,), or None.
        center: whether `stft` reflected fft_length // 2 elements at both ends; they are cut off. True by default.

    Returns:
        Tensor (..., N).

    Raises:
        ValueError: x is no pair of floats of one shape with two axes, a length below 1, a window that does not fit.

    >>> x = np.arange(8.0)
    >>> istft(stft(x, 4, 2, 4), 4, 2, 4).numpy().round(12)
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    parts, dtype = complex_pair("istft", x)
    _check("istft", sequence_length, sequence_stride, fft_length)
    shape = tuple(parts[0].shape)
    n, stride = int(fft_length), int(sequence_stride)
    if len(shape) < 2 or shape[-2] < 1 or shape[-1] != n // 2 + 1:
        raise ValueError(f"ops.istft: expected shape (..., pieces, {n // 2 + 1}), received {shape}.")
    win = _window("istft", window, int(sequence_length), n, parts[0].dtype)
    pieces = _core.multiply(_core.multiply(real_inverse("istft", parts, n), 1.0 / n), win)
    weights = _overlap_add(_core.broadcast_to(_core.square(win), (shape[-2], n)), stride)
    weights = _core.where(_core.greater(weights, 1e-10), weights, 1.0)
    y = _core.divide(_overlap_add(pieces, stride), weights)
    if window is None:
        y = _core.multiply(y, n / stride)
    start = n // 2 if center else 0
    end = y.shape[-1] - start if length is None else start + int(length)
    return cast_if_needed(y[..., start : max(start, min(end, y.shape[-1]))], dtype)
