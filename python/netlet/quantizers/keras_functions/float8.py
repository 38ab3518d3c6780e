"""Scales of 8-bit floating-point numbers, and rounding to such a format and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.config import standardize_dtype

# Digits after the leading one, the power of 2 of the smallest normal number, and the largest number.
FORMATS = {"float8_e4m3fn": (3, -6, 448.0), "float8_e5m2": (2, -14, 57344.0)}


def compute_float8_scale(amax: Any, scale: Any, dtype_max: float, margin: int = 0) -> Any:
    """The scale with which numbers up to `amax` use a format's whole range: amax / dtype_max · 2^margin.

    Args:
        amax: largest magnitude seen.
        scale: the scale so far, which stays where amax is 0 or not finite.
        dtype_max: the format's largest number: 448 for float8_e4m3fn, 57344 for float8_e5m2.
        margin: powers of 2 left unused above amax; default 0.

    Source: keras.quantizers.compute_float8_scale; NVIDIA's Transformer Engine.

    Returns:
        Tensor: the scale of the next step.

    >>> compute_float8_scale(np.float32(896.0), np.float32(1.0), 448.0).item()
    2.0
    """
    amax = ops.convert_to_tensor(amax)
    reciprocal = ops.reciprocal(scale)
    factor = ops.divide(ops.divide(dtype_max, amax), 2.0**margin)
    factor = ops.where(amax > 0, factor, reciprocal)
    return ops.reciprocal(ops.where(ops.isfinite(amax), factor, reciprocal))


def compute_float8_amax_history(x: Any, amax_history: Any) -> Any:
    """The largest magnitudes of the latest inputs, with that of x in the place of the oldest.

    Args:
        x: the newest input.
        amax_history: (length,): the newest magnitude first, then the oldest.

    Source: keras.quantizers.compute_float8_amax_history.

    Returns:
        Tensor (length,).

    >>> compute_float8_amax_history(np.array([-3.0, 2.0]), np.array([5.0, 1.0, 4.0])).tolist()
    [3.0, 4.0, 5.0]
    """
    history = ops.convert_to_tensor(amax_history)
    newest = ops.cast(ops.max(ops.abs(x)), history.dtype)
    return ops.concatenate([ops.reshape(newest, (1,)), ops.roll(history, -1)[1:]], axis=0)


def quantize_and_dequantize(inputs: Any, scale: Any, quantized_dtype: Any, compute_dtype: Any) -> Any:
    """x / scale rounded to a floating-point format of 8 bits, times scale.

    Numbers beyond the format's largest one become that. The gradient is that of the limits and the scale: rounding
    passes it on unchanged.

    Args:
        inputs: floats.
        scale: one number, or an array that broadcasts.
        quantized_dtype: "float8_e4m3fn" or "float8_e5m2".
        compute_dtype: "float32" or "float64": the type of the computation and of the result.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: an unknown format.

    Source: keras.quantizers.quantize_and_dequantize. It computes at once and cannot be part of a recorded step.

    >>> quantize_and_dequantize(np.array([0.3, 500.0], "float32"), 1.0, "float8_e4m3fn", "float32").tolist()
    [0.3125, 448.0]
    """
    form = getattr(quantized_dtype, "__name__", None) or str(quantized_dtype)
    if form not in FORMATS:
        raise ValueError(
            f"quantize_and_dequantize: expected quantized_dtype {' or '.join(FORMATS)}, received {quantized_dtype!r}."
        )
    digits, smallest, largest = FORMATS[form]
    name = standardize_dtype(compute_dtype)
    scale = ops.cast(scale, name)
    x = ops.clip(ops.divide(ops.cast(inputs, name), scale), -largest, largest)
    values = np.asarray(ops.stop_gradient(x), "float64")
    with np.errstate(invalid="ignore"):
        step = np.maximum(np.frexp(values)[1] - 1, smallest) - digits
        rounded = np.ldexp(np.rint(np.ldexp(values, -step)), step).astype(name)
    # The difference is exact, so the sum is the rounded number; it has x's gradient.
    return ops.multiply(x + ops.stop_gradient(rounded - x), scale)
