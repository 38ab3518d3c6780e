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


def learned(scale: Any, elements: int) -> Any:
    """A scale whose gradient is divided by sqrt(255 N): about that of the weights, relative to its size.

    Args:
        scale: Tensor, of uint8 codes.
        elements: N, number of elements that share it.

    Source: Esser et al., "Learned step size quantization", 2020, section 2.2.
    """
    return with_gradient_of(scale, _core.multiply(scale, (255.0 * elements) ** -0.5))
