"""Parts of graphs that several architectures have."""

from __future__ import annotations

from typing import Any


def divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to a number of channels, not below 90 % of it.

    >>> divisible(8), divisible(11), divisible(20.1)
    (8, 16, 24)
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def padding_of_stride_2(x: Any, kernel: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The zeros around an image before a convolution of stride 2 with padding "valid".

    They place the windows as TensorFlow's padding "same" does: one row less is padded in front of an even height.

    Args:
        x: image (N, H, W, C); None as height counts as even.
        kernel: height and width of the kernel.
    """
    height, width = x.shape[1:3]
    even = (1, 1) if height is None else (1 - height % 2, 1 - width % 2)
    return (kernel // 2 - even[0], kernel // 2), (kernel // 2 - even[1], kernel // 2)
