"""Numbers in 8 bits: x is close to q·scale (absmax), or to (q − zero_point)·scale (zero point), as in ONNX and PyTorch.

Lecture notes and Keras write the reciprocal: with s = 127 / max|x| the code is round(x·s) and the way back q / s. The
codes are the same but for the rounding of the reciprocal, which division by the scale does not have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import standardize_dtype

from .dispatch import axis_in, float_op, op, shape_of


@float_op
def quantize_absmax(x: Any, axis: Any = None, group_size: int | None = None) -> Any:
    """int8 codes of x, symmetric about 0, and their scale: scale = max|x| / 127, q = round(x / scale).

    Rounds half to even after an IEEE division, and saturates at ±127. Elements along `axis` share a scale.

    Infinities do not count for max|x| and saturate. Where there is nothing but zeros the scale is 1; it is never below
    the smallest normal number. So always |x − q·scale| ≤ scale/2 (up to the rounding of the quotient, 2⁻¹⁷ of that),
    for finite x.

    Args:
        x: array or Tensor of floats; float16 and bfloat16 count as float32.
        axis: the axis or axes over which the maximum is taken, as in Keras; None: all. For weights (in, out) with one
            scale an output it is 0, for rows of activations -1.
        group_size: elements in a row along the one `axis` (-1 if None) that share a scale.

    Returns:
        (q, scale): q int8 of x's shape; scale of x's dtype, of shape () for axis=None, otherwise x's shape with 1 (with
        the number of groups) in place of the axes, so that q·scale broadcasts (groups: `dequantize_absmax`).

    Raises:
        ValueError: x holds a NaN (inside a recorded step its scale is NaN instead); an axis that x has not; groups that
            do not fill the axis.

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
    """q·scale: the way back from `quantize_absmax`.

    Args:
        q: int8 or uint8.
        scale: floats; one number, or as many axes as q with extents that divide q's (a scale for each group).

    Returns:
        array of q's shape and scale's dtype.

    Raises:
        TypeError: q holds no codes.
        ValueError: the shapes do not fit.

    >>> dequantize_absmax(np.array([[4, 127]], "int8"), np.float32(3.2 / 127)).round(4).numpy()
    array([[0.1008, 3.2   ]], dtype=float32)
    """
    return _core.dequantize_absmax(q, scale)


@float_op
def quantize_zeropoint(x: Any, axis: Any = None, dtype: Any = "int8", group_size: int | None = None) -> Any:
    """Codes of x over its own range, which need not be symmetric, with their scale and zero point.

    scale = (max − min) / 255, zero_point = round(−128 − min / scale) (uint8: 0 instead of −128), q = round(x / scale) +
    zero_point, saturated. Max and min include 0, so 0 has a code of its own: the zero point. Rounding and guards are
    those of `quantize_absmax`.

    Args:
        x, axis, group_size: as in `quantize_absmax`.
        dtype: "int8" (codes −128 to 127) or "uint8" (0 to 255).

    Returns:
        (q, scale, zero_point): q of x's shape; scale of x's dtype and zero_point of q's, in the shape told there.

    Raises:
        ValueError: as in `quantize_absmax`; another dtype.

    Source: ONNX DynamicQuantizeLinear (which is the uint8 case with axis=None).

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
    """(q − zero_point)·scale: the way back from `quantize_zeropoint`.

    Args:
        q, scale: as in `dequantize_absmax`.
        zero_point: of q's dtype and scale's shape.

    Raises:
        TypeError: q holds no codes.
        ValueError: the shapes do not fit.

    >>> dequantize_zeropoint(np.array([-128, 127], "int8"), np.float32(0.01), np.int8(-28)).round(4).numpy()
    array([-1.  ,  1.55], dtype=float32)
    """
    return _core.dequantize_zeropoint(q, scale, zero_point)


@float_op
def fake_quantize_absmax(x: Any, axis: Any = None, group_size: int | None = None) -> Any:
    """`dequantize_absmax(*quantize_absmax(x))`, with the gradient of the identity: for training that knows of int8.

    Source: the straight-through estimator, Bengio, Léonard and Courville, 2013.

    >>> fake_quantize_absmax(np.array([0.1, 3.2], "float32")).round(4).numpy()
    array([0.1008, 3.2   ], dtype=float32)
    """
    return _core.fake_quantize_absmax(x, *_sharing(x, axis, group_size, "ops.fake_quantize_absmax"))


@float_op
def fake_quantize_zeropoint(x: Any, axis: Any = None, dtype: Any = "int8", group_size: int | None = None) -> Any:
    """`dequantize_zeropoint(*quantize_zeropoint(x))`, with the gradient of the identity.

    >>> fake_quantize_zeropoint(np.array([0.0, 0.403, 1.02], "float32")).round(4).numpy()
    array([0.   , 0.404, 1.02 ], dtype=float32)
    """
    sharing = _sharing(x, axis, group_size, "ops.fake_quantize_zeropoint")
    return _core.fake_quantize_zeropoint(x, standardize_dtype(dtype), *sharing)


def _sharing(x: Any, axis: Any, group_size: int | None, name: str) -> tuple[list[int] | None, int]:
    """The axes along which elements share a scale, and the size of a group (0: none)."""
    if axis is None and group_size is None:
        return None, 0
    rank = len(shape_of(x))
    given = axis if isinstance(axis, (tuple, list)) else (-1 if axis is None else axis,)
    axes = [axis_in(a, rank, name) for a in given]
    if group_size is None:
        return axes, 0
    if isinstance(group_size, bool) or not isinstance(group_size, (int, np.integer)) or group_size < 1:
        raise ValueError(f"{name}: group_size must be a positive integer; given {group_size!r}.")
    if len(axes) != 1:
        raise ValueError(f"{name}: groups lie along one axis; given axis={axis!r}.")
    return axes, int(group_size)
