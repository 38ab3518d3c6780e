"""Fourier transforms by NumPy's pocketfft on the host. Complex numbers are pairs: (real part, imaginary part).

Each transform is linear, so its gradient is the transposed transform: a transform in the other direction. Gradients can
be differentiated to any order, and transforms can be part of a recorded step (`engine.host_call`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float
from netlet.engine.host_call import host_call

from ..core.dispatch import concrete, op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed

__all__ = ["fft", "fft2", "ifft2", "irfft", "rfft"]


def _with_axes(name: str, *arguments: Any) -> tuple[list[Any], str]:
    """As `floats`, of arguments that must have an axis."""
    tensors, dtype = floats(*arguments)
    if any(not t.shape for t in tensors):
        raise ValueError(f"ops.{name}: expected at least one axis, received a number.")
    return tensors, dtype


def complex_pair(name: str, x: Any) -> tuple[list[Any], str]:
    """The two parts of a complex argument; see `host_floats.floats`.

    Args:
        name: name of the op, for messages.
        x: (real part, imaginary part), floats of one shape.

    Returns:
        ([real part, imaginary part], dtype).

    Raises:
        ValueError: x is no pair, or its parts differ in shape or are no floats.
    """
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"ops.{name}: expected x as (real part, imaginary part), received {type(x).__name__}.")
    parts = [concrete(part) for part in x]
    if tuple(parts[0].shape) != tuple(parts[1].shape):
        raise ValueError(
            f"ops.{name}: expected parts of one shape, received {tuple(parts[0].shape)} and {tuple(parts[1].shape)}."
        )
    for part in parts:
        if not is_float(_core.as_tensor(part).dtype):
            raise ValueError(f"ops.{name}: expected parts of floats, received {part.dtype}.")
    return _with_axes(name, *parts)


def _complex(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    y = np.empty(real.shape, np.result_type(real, np.complex64))
    y.real, y.imag = real, imaginary
    return y


def _parts(y: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    return y.real.astype(dtype), y.imag.astype(dtype)


def _transform(name: str, parts: list[Any], axes: int, inverse: bool, scale: float = 1.0) -> list[Any]:
    """The discrete Fourier transform along the last axes, without 1/N, times `scale`."""
    shape, dtype = tuple(parts[0].shape), parts[0].dtype
    last = tuple(range(-axes, 0))

    def compute(real: np.ndarray, imaginary: np.ndarray) -> Any:
        x = _complex(real, imaginary)
        y = np.fft.ifftn(x, axes=last, norm="forward") if inverse else np.fft.fftn(x, axes=last)
        return _parts(y if scale == 1 else y * scale, dtype)

    outputs = host_call(name, compute, parts, [(shape, dtype)] * 2)

    def backward(*gradients: Any) -> list[Any]:
        given = [_core.full(shape, dtype, 0.0) if d is None else d for d in gradients]
        return _transform(name, given, axes, not inverse, scale)

    return _core.custom_backward(parts, outputs, backward, None, f"ops.{name}")


def _full(name: str, x: Any, axes: int, inverse: bool) -> tuple[Any, Any]:
    parts, dtype = complex_pair(name, x)
    sizes = tuple(parts[0].shape)[-axes:]
    if len(sizes) < axes or 0 in sizes:
        raise ValueError(f"ops.{name}: expected {axes} axes with elements, received shape {tuple(parts[0].shape)}.")
    real, imaginary = _transform(name, parts, axes, inverse, 1.0 / float(np.prod(sizes)) if inverse else 1.0)
    return cast_if_needed(real, dtype), cast_if_needed(imaginary, dtype)


@op
def fft(x: Any) -> Any:
    """The discrete Fourier transform along the last axis: y[k] = sum over n of x[n] exp(-2 pi i k n / N).

    Args:
        x: (real part, imaginary part), floats (..., N).

    Returns:
        (real part, imaginary part), Tensors of the same shape and dtype.

    Raises:
        ValueError: x is no pair of floats of one shape, or N is 0.

    >>> real, imaginary = fft((np.array([1.0, 0.0, 1.0, 0.0]), np.zeros(4)))
    >>> real.tolist(), imaginary.tolist()
    ([2.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0])
    """
    return _full("fft", x, 1, False)


@op
def fft2(x: Any) -> Any:
    """The discrete Fourier transform along the last two axes.

    Args:
        x: (real part, imaginary part), floats (..., M, N).

    Returns:
        (real part, imaginary part), Tensors of the same shape and dtype.

    Raises:
        ValueError: x is no pair of floats of one shape with two axes of at least one element.

    >>> fft2((np.ones((2, 2)), np.zeros((2, 2))))[0].tolist()
    [[4.0, 0.0], [0.0, 0.0]]
    """
    return _full("fft2", x, 2, False)


@op
def ifft2(x: Any) -> Any:
    """The inverse of `fft2`, with the factor 1 / (M N).

    Args:
        x: (real part, imaginary part), floats (..., M, N).

    Returns:
        (real part, imaginary part), Tensors of the same shape and dtype.

    Raises:
        ValueError: x is no pair of floats of one shape with two axes of at least one element.

    >>> ifft2((np.ones((2, 2)), np.zeros((2, 2))))[0].tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return _full("ifft2", x, 2, True)


def _length(name: str, given: Any, default: int) -> int:
    if given is None:
        given = default
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise ValueError(f"ops.{name}: expected a length of at least 1, received {given!r}.")
    return int(given)


def _resized(x: Any, size: int) -> Any:
    """x cut or padded with zeros at the end of its last axis."""
    shape = tuple(x.shape)
    if shape[-1] == size:
        return x
    if shape[-1] > size:
        return x[..., :size]
    zeros = _core.full((*shape[:-1], size - shape[-1]), x.dtype, 0.0)
    return _core.concatenate([x, zeros], -1)


def _multiplicity(n: int, dtype: str) -> np.ndarray:
    """How many of the n frequencies each of the first n // 2 + 1 stands for."""
    counts = np.full(n // 2 + 1, 2.0, dtype)
    counts[0] = 1
    if n % 2 == 0:
        counts[-1] = 1
    return counts


def real_transform(name: str, x: Any) -> list[Any]:
    """The first N // 2 + 1 frequencies of a real Tensor (..., N); differentiable to any order."""
    *batch, n = tuple(x.shape)
    dtype = x.dtype
    outputs = host_call(name, lambda x: _parts(np.fft.rfft(x), dtype), [x], [((*batch, n // 2 + 1), dtype)] * 2)

    def backward(*gradients: Any) -> list[Any]:
        # The real part of the sum over k of d[k] exp(2 pi i k n / N), over the frequencies that are there.
        share = 1 / _multiplicity(n, dtype)
        shape = (*batch, n // 2 + 1)
        given = [_core.full(shape, dtype, 0.0) if d is None else _core.multiply(d, share) for d in gradients]
        return [real_inverse(name, given, n)]

    return _core.custom_backward([x], outputs, backward, None, f"ops.{name}")


def real_inverse(name: str, parts: list[Any], n: int) -> Any:
    """The real signal (..., n) with these first n // 2 + 1 frequencies, times n; differentiable to any order."""
    *batch, _ = tuple(parts[0].shape)
    dtype = parts[0].dtype

    def compute(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
        return np.fft.irfft(_complex(real, imaginary), n, norm="forward").astype(dtype, copy=False)

    outputs = host_call(name, compute, parts, [((*batch, n), dtype)])

    def backward(d: Any) -> list[Any]:
        counts = _multiplicity(n, dtype)
        return [_core.multiply(y, counts) for y in real_transform(name, d)]

    return _core.custom_backward(parts, outputs, backward, None, f"ops.{name}")[0]


@op
def rfft(x: Any, fft_length: int | None = None) -> Any:
    """The first half of the discrete Fourier transform of real numbers along the last axis.

    The other half are the conjugates. Integers are cast to floatx.

    Args:
        x: real numbers (..., M).
        fft_length: N, to which x is cut or padded with zeros; None (the default): M.

    Returns:
        (real part, imaginary part), Tensors (..., N // 2 + 1).

    Raises:
        ValueError: N is below 1.

    >>> [part.tolist() for part in rfft(np.array([0.0, 1.0, 0.0, -1.0]))]
    [[0.0, 0.0, 0.0], [0.0, -2.0, 0.0]]
    """
    (x,), dtype = _with_axes("rfft", x)
    n = _length("rfft", fft_length, x.shape[-1])
    real, imaginary = real_transform("rfft", _resized(x, n))
    return cast_if_needed(real, dtype), cast_if_needed(imaginary, dtype)


@op
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The inverse of `rfft`: real numbers from the first half of their frequencies.

    Args:
        x: (real part, imaginary part), floats (..., K).
        fft_length: N, the length of the result; x is cut or padded with zeros to N // 2 + 1. None (the default):
            2 (K - 1).

    Returns:
        Tensor (..., N).

    Raises:
        ValueError: x is no pair of floats of one shape, or N is below 1.

    >>> irfft((np.array([2.0, 0.0, 2.0]), np.zeros(3))).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    parts, dtype = complex_pair("irfft", x)
    n = _length("irfft", fft_length, 2 * (parts[0].shape[-1] - 1))
    y = real_inverse("irfft", [_resized(part, n // 2 + 1) for part in parts], n)
    return cast_if_needed(_core.multiply(y, 1.0 / n), dtype)
