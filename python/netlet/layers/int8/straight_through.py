"""Values of one computation with the gradients of another."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops


def with_gradient_of(value: Any, other: Any) -> Any:
    """`value`, whose gradient is that of `other`.

    Args:
        value: Tensor.
        other: Tensor of its shape, finite; its values do not matter.

    >>> from netlet import GradientTape, Variable
    >>> x = Variable([0.4, 1.7])
    >>> with GradientTape() as tape:
    ...     y = with_gradient_of(ops.round(x), 3 * x)
    >>> y.tolist(), tape.gradient(y, x).tolist()
    ([0.0, 2.0], [3.0, 3.0])
    """
    # The difference is exactly 0, so the sum is the value to the bit.
    return _core.add(ops.stop_gradient(value), _core.subtract(other, ops.stop_gradient(other)))


def fake_quantize_with(x: Any, scale: Any, zero: Any) -> Any:
    """The values of the uint8 codes of x for a given scale and zero point.

    The gradient of x is that of the identity where the code is not clipped, and 0 elsewhere. The gradient of the scale
    is that of a learned step size: the sum of (code - zero - x / scale) where the code is not clipped, and of
    (code - zero) elsewhere, times the gradient of the result, divided by sqrt(255 N) for N elements.

    Args:
        x: float32.
        scale: float32, one number.
        zero: uint8, one number.

    Source: Esser et al., "Learned step size quantization", 2020.
    """
    fixed, offset = ops.stop_gradient(scale), _core.cast(zero, "float32")
    quotient = ops.stop_gradient(_core.divide(x, fixed))
    free = _core.add(ops.round(quotient), offset)
    steps = _core.subtract(ops.minimum(ops.maximum(free, 0.0), 255.0), offset)
    inside = ops.logical_and(free >= 0.0, free <= 255.0)
    passed = ops.where(inside, x, 0.0)
    slope = _core.divide(ops.where(inside, _core.subtract(steps, quotient), steps), (255.0 * x.size) ** 0.5)
    return with_gradient_of(_core.multiply(steps, fixed), _core.add(passed, _core.multiply(slope, scale)))
