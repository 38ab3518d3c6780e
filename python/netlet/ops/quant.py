"""8-bit quantization: x ≈ q·scale (absmax) or x ≈ (q − zero_point)·scale (zero point), as in ONNX and PyTorch.

Lecture notes and Keras use the reciprocal: with s = 127 / max|x| the code is round(x·s), and x is close to q / s. The
codes are the same, except where the rounding of the reciprocal matters; dividing by the scale avoids that rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype

from .core.dispatch import axis_in, float_op, op, shape_of

__all__ = [
    "dequantize_absmax",
    "dequantize_zeropoint",
    "fake_quantize_absmax",
    "fake_quantize_zeropoint",
    "quantize_absmax",
    "quantize_zeropoint",
]


@float_op
def quantize_absmax(x: Any, axis: Any = None, group_size: int | None = None) -> Any:
    """int8 codes of x, symmetric about 0, and their scale: scale = max|x| / 127, q = round(x / scale).

    Elements along `axis` share a scale. Codes are rounded half to even after an IEEE division, and limited to ±127.

    Infinities are ignored in max|x| and become ±127. The scale is 1 where all elements are 0, and never below the
    smallest normal number. So |x − q·scale| ≤ scale/2 for finite x (up to the rounding of the quotient, 2⁻¹⁷ of that).

    Args:
        x: array or Tensor of floats; float16 and bfloat16 are computed in float32.
        axis: the axis or axes over which the maximum is taken, as in Keras; None (the default): all. For weights (in,
            out) with one scale for each output it is 0; for one scale for each row of activations it is -1.
        group_size: number of neighbouring elements along the one `axis` (-1 if None) that share a scale; None (the
            default): all along the axis.

    Returns:
        (q, scale): q int8 of x's shape. scale of x's dtype: shape () for axis=None; otherwise x's shape with 1 (with
        the number of groups) in place of the axes, so that q·scale broadcasts (groups need `dequantize_absmax`).

    Raises:
        ValueError: x holds a NaN (inside a recorded step its scale is NaN instead); an axis out of range; group_size
            does not divide the axis.

    Source: Dettmers et al., "LLM.int8()", 2022, section 2; keras.quantizers.abs_max_quantize.

    >>> q, scale = quantize_absmax(np.array([0.1, -1.6, 3.2], "float32"))
    >>> q.numpy()
    array([  4, -64, 127], dtype=int8)
    >>> dequantize_absmax(q, scale).round(4).numpy()
    array([ 0.1008, -1.6126,  3.2   ], dtype=float32)
    """
    return _core.quantize_absmax(x, *_sharing(x, axis, group_size, "ops.quantize_absmax"))


@op
def dequantize_absmax(q: Any, scale: Any) -> Any:
    """The values q·scale of codes made by `quantize_absmax`.

    Args:
        q: int8 or uint8 codes.
        scale: floats: one number, or as many axes as q, with sizes that divide q's (one scale for each group).

    Returns:
        Tensor of q's shape and scale's dtype.

    Raises:
        TypeError: q is not int8 or uint8.
        ValueError: shapes that do not fit.

    >>> dequantize_absmax(np.array([[4, 127]], "int8"), np.float32(3.2 / 127)).round(4).numpy()
    array([[0.1008, 3.2   ]], dtype=float32)
    """
    return _core.dequantize_absmax(q, scale)


@float_op
def quantize_zeropoint(x: Any, axis: Any = None, dtype: Any = "int8", group_size: int | None = None) -> Any:
    """8-bit codes of x over its own range, which need not be symmetric, with their scale and zero point.

    scale = (max − min) / 255, zero_point = round(−128 − min / scale) (uint8: 0 instead of −128), q = round(x / scale) +
    zero_point, limited to the range of the codes. Max and min include 0, so that the code of 0, the zero point, is
    exact. Rounding, infinities and the smallest scale are as in `quantize_absmax`.

    Args:
        x: array or Tensor of floats; float16 and bfloat16 are computed in float32.
        axis: the axis or axes over which max and min are taken; None (the default): all.
        dtype: "int8" (the default; codes −128 to 127) or "uint8" (0 to 255).
        group_size: number of neighbouring elements along the one `axis` that share a scale; None (the default): all.

    Returns:
        (q, scale, zero_point): q of x's shape and the given dtype; scale of x's dtype and zero_point of q's, both of
        the shape of `quantize_absmax`'s scale.

    Raises:
        ValueError: as for `quantize_absmax`, or another dtype.

    Source: ONNX DynamicQuantizeLinear (the case of uint8 and axis=None).

    >>> q, scale, zero_point = quantize_zeropoint(np.array([-1.0, 0.0, 1.55], "float32"))
    >>> q.tolist(), zero_point.item()
    ([-128, -28, 127], -28)
    >>> dequantize_zeropoint(q, scale, zero_point).round(4).numpy()
    array([-1.  ,  0.  ,  1.55], dtype=float32)
    """
    sharing = _sharing(x, axis, group_size, "ops.quantize_zeropoint")
    return _core.quantize_zeropoint(x, standardize_dtype(dtype), *sharing)


@op
def dequantize_zeropoint(q: Any, scale: Any, zero_point: Any) -> Any:
    """The values (q − zero_point)·scale of codes made by `quantize_zeropoint`.

    Args:
        q: int8 or uint8 codes.
        scale: floats: one number, or as many axes as q, with sizes that divide q's (one scale for each group).
        zero_point: of q's dtype and scale's shape.

    Returns:
        Tensor of q's shape and scale's dtype.

    Raises:
        TypeError: q is not int8 or uint8.
        ValueError: shapes that do not fit.

    >>> dequantize_zeropoint(np.array([-128, 127], "int8"), np.float32(0.01), np.int8(-28)).round(4).numpy()
    array([-1.  ,  1.55], dtype=float32)
    """
    return _core.dequantize_zeropoint(q, scale, zero_point)


@float_op
def fake_quantize_absmax(x: Any, axis: Any = None, group_size: int | None = None) -> Any:
    """x rounded to its int8 codes and back, with the gradient of the identity: for quantization-aware training.

    The values are those of `dequantize_absmax(*quantize_absmax(x))`.

    Args:
        x: array or Tensor of floats.
        axis: the axis or axes over which the maximum is taken; None (the default): all.
        group_size: number of neighbouring elements along the one `axis` that share a scale; None (the default): all.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        ValueError: as for `quantize_absmax`.

    Source: the straight-through estimator, Bengio, Léonard and Courville, 2013.

    >>> fake_quantize_absmax(np.array([0.1, 3.2], "float32")).round(4).numpy()
    array([0.1008, 3.2   ], dtype=float32)
    """
    return _core.fake_quantize_absmax(x, *_sharing(x, axis, group_size, "ops.fake_quantize_absmax"))


@float_op
def fake_quantize_zeropoint(x: Any, axis: Any = None, dtype: Any = "int8", group_size: int | None = None) -> Any:
    """x rounded to its zero-point codes and back, with the gradient of the identity: for quantization-aware training.

    The values are those of `dequantize_zeropoint(*quantize_zeropoint(x))`.

    Args:
        x: array or Tensor of floats.
        axis: the axis or axes over which max and min are taken; None (the default): all.
        dtype: "int8" (the default) or "uint8".
        group_size: number of neighbouring elements along the one `axis` that share a scale; None (the default): all.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        ValueError: as for `quantize_zeropoint`.

    Source: the straight-through estimator, Bengio, Léonard and Courville, 2013.

    >>> fake_quantize_zeropoint(np.array([0.0, 0.403, 1.02], "float32")).round(4).numpy()
    array([0.   , 0.404, 1.02 ], dtype=float32)
    """
    sharing = _sharing(x, axis, group_size, "ops.fake_quantize_zeropoint")
    return _core.fake_quantize_zeropoint(x, standardize_dtype(dtype), *sharing)


def _sharing(x: Any, axis: Any, group_size: int | None, name: str) -> tuple[list[int] | None, int]:
    """The axes along which elements share a scale (None: all), and the size of a group (0: no groups)."""
    if axis is None and group_size is None:
        return None, 0
    rank = len(shape_of(x))
    given = axis if isinstance(axis, (tuple, list)) else (-1 if axis is None else axis,)
    axes = [axis_in(a, rank, name) for a in given]
    if group_size is None:
        return axes, 0
    if isinstance(group_size, bool) or not isinstance(group_size, (int, np.integer)) or group_size < 1:
        raise ValueError(f"{name}: expected group_size to be a positive integer, received {group_size!r}.")
    if len(axes) != 1:
        raise ValueError(f"{name}: expected one axis for groups, received axis={axis!r}.")
    return axes, int(group_size)
