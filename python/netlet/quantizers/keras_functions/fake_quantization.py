"""Keras's fake quantization with trained limits."""

from __future__ import annotations

import operator
from typing import Any

from netlet import ops
from netlet.config import is_float, standardize_dtype


def fake_quant_with_min_max_vars(
    inputs: Any, min_vals: Any, max_vals: Any, num_bits: int = 8, narrow_range: bool = False, axis: int | None = None
) -> Any:
    """x rounded to 2^num_bits levels between two limits, which have gradients themselves.

    The limits are first moved so that 0 is a level. Values beyond them become the limits.

    The gradient of an element within the limits goes to x, that of one at or beyond a limit to this limit.

    Args:
        inputs: floats.
        min_vals: lower limit: one number, or (channels,) with `axis`.
        max_vals: upper limit, likewise.
        num_bits: bits of a code; default 8.
        narrow_range: if True, the lowest code is 1 instead of 0, so there is one level less; default False.
        axis: the axis of channels with limits of their own; None (default): one limit for all.

    Returns:
        Tensor of x's shape and dtype.

    Raises:
        ValueError: fewer than 2 or more than 16 bits; an axis that does not exist; limits of another shape.

    Source: keras.quantizers.fake_quant_with_min_max_vars; Jacob et al., "Quantization and Training of Neural Networks",
    2018. `ops.fake_quantize_zeropoint` takes its limits from x.

    >>> fake_quant_with_min_max_vars([-7.0, 0.1, 0.4, 9.0], -1.0, 2.5, num_bits=3).tolist()
    [-1.0, 0.0, 0.5, 2.5]
    """
    bits = operator.index(num_bits)
    if not 2 <= bits <= 16:
        raise ValueError(f"fake_quant_with_min_max_vars: expected num_bits from 2 to 16, received {num_bits}.")
    x = ops.convert_to_tensor(inputs)
    name = standardize_dtype(x.dtype)
    lower, upper = (_limit(v, x.shape, axis) for v in (min_vals, max_vals))
    wide = ops.cast(x, lower.dtype)
    first, last = float(narrow_range), float((1 << bits) - 1)
    result, low, high = _rounded(wide, ops.stop_gradient(lower), ops.stop_gradient(upper), first, last)
    # Its values are 0. It has the gradients: each element is x, a limit, or both where x equals one.
    zeros = ops.zeros_like(wide)
    passed = ops.where(ops.logical_and(wide >= low, wide <= high), wide, zeros)
    passed = passed + ops.where(wide <= low, lower, zeros) + ops.where(wide >= high, upper, zeros)
    return ops.cast(result + (passed - ops.stop_gradient(passed)), name)


def _limit(values: Any, shape: Any, axis: int | None) -> Any:
    """A limit as a tensor that broadcasts against x, in float32 at least."""
    limit = ops.convert_to_tensor(values)
    if not is_float(limit.dtype) or standardize_dtype(limit.dtype) in ("float16", "bfloat16"):
        limit = ops.cast(limit, "float32")
    if axis is None:
        if ops.size(limit) != 1:
            raise ValueError(
                "fake_quant_with_min_max_vars: expected limits of one number without `axis`, "
                f"received shape {tuple(limit.shape)}."
            )
        return ops.reshape(limit, ())
    rank, place = len(shape), operator.index(axis)
    if not -rank <= place < rank:
        raise ValueError(
            f"fake_quant_with_min_max_vars: expected an axis of an input with {rank} axes, received {axis}."
        )
    if tuple(limit.shape) != (shape[place],):
        raise ValueError(
            f"fake_quant_with_min_max_vars: expected limits of shape ({shape[place]},), one for each channel of axis "
            f"{axis}, received {tuple(limit.shape)}."
        )
    wide = [1] * rank
    wide[place] = -1
    return ops.reshape(limit, wide)


def _rounded(x: Any, low: Any, high: Any, first: float, last: float) -> tuple[Any, Any, Any]:
    """(x rounded to levels, and the limits moved so that 0 is one); `first` and `last` are the codes of the limits."""
    scale = ops.divide(high - low, last - first)
    steps = ops.divide(last - first, high - low)
    zero = ops.round(ops.clip(first - ops.divide(low, scale), first, last))
    low, high = (first - zero) * scale, (last - zero) * scale
    code_of_zero = ops.floor(-low * steps + 0.5)
    codes = ops.floor((ops.minimum(ops.maximum(x, low), high) - low) * steps - code_of_zero + 0.5)
    return codes * scale, low, high
