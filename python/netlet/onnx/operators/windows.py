"""Where the windows of convolutions and poolings lie: ONNX's attributes as paddings and numbers of places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlet import ops
from netlet.ops.spatial.windows import Window

from ..node import Node
from .values import NeedsConstant


class Windows(NamedTuple):
    """Windows over the spatial axes; each field has one number for each of them.

    Attributes:
        size: elements of a window.
        strides: distance between windows.
        dilations: distance between a window's elements.
        low, high: padding that the attributes ask for.
        beyond: padding after `high`, which the last window of `ceil_mode` needs.
        places: number of windows.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    beyond: tuple[int, ...]
    places: tuple[int, ...]


def spatial_shape(node: Node, x: Any) -> tuple[int, ...]:
    """The dimensions of x (N, C, spatial...) after the first two, which must be known."""
    shape = tuple(x.shape[2:])
    if None in shape:
        raise NeedsConstant(f"{node}: expected known spatial dimensions, received shape {tuple(x.shape)}.")
    return shape


def attribute_windows(node: Node, x: Any, size: tuple[int, ...]) -> Windows:
    """The windows that a node's attributes describe.

    Args:
        node: has auto_pad, pads, strides, dilations and ceil_mode.
        x: (N, C, spatial...).
        size: elements of a window.
    """
    shape = spatial_shape(node, x)
    rank = len(shape)
    strides = tuple(node.attribute("strides", None) or [1] * rank)
    dilations = tuple(node.attribute("dilations", None) or [1] * rank)
    pads = node.attribute("pads", None) or [0] * (2 * rank)
    if not len(size) == len(strides) == len(dilations) == len(pads) / 2 == rank:
        raise node.error(
            f"expected kernel_shape, strides, dilations and half of pads to have {rank} numbers, received {size}, "
            f"{strides}, {dilations} and {pads}."
        )
    if min((*size, *strides, *dilations), default=1) < 1:
        raise node.error(
            f"expected kernel_shape, strides and dilations of at least 1, received {size}, {strides} and {dilations}."
        )
    node.check_size(size)
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, size, strict=True)]
    auto = node.attribute("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        places = tuple(-(-n // s) for n, s in zip(shape, strides, strict=True))
        small, large = zip(*Window(size, strides, dilations, "same").pads(shape), strict=True)
        node.check_size([n + a + b for n, a, b in zip(shape, small, large, strict=True)])
        sides = (small, large) if auto == "SAME_UPPER" else (large, small)
        return Windows(size, strides, dilations, *sides, (0,) * rank, places)
    low, high = ([0] * rank, [0] * rank) if auto == "VALID" else (pads[:rank], pads[rank:])
    node.check_size([n + max(a, 0) + max(b, 0) for n, a, b in zip(shape, low, high, strict=True)])
    counts, beyond = [], []
    for n, s, w, a, b in zip(shape, strides, spans, low, high, strict=True):
        count = (n + a + b - w) // s + 1
        if node.attribute("ceil_mode", 0) and (count - 1) * s + w < n + a + b and count * s < n + a:
            count += 1  # a window more, which begins inside the image
        counts.append(count)
        beyond.append(max(0, (count - 1) * s + w - (n + a + b)))
    return Windows(size, strides, dilations, tuple(low), tuple(high), tuple(beyond), tuple(counts))


def padded(x: Any, windows: Windows, value: Any = 0) -> Any:
    """x with the padding of windows."""
    widths = [(a, b + c) for a, b, c in zip(windows.low, windows.high, windows.beyond, strict=True)]
    if not any(a or b for a, b in widths):
        return x
    return ops.pad(x, [(0, 0), (0, 0), *widths], constant_values=value)


def check_places(node: Node, windows: Windows) -> None:
    """Raises ValueError if a table of the places of an axis, windows times elements of a window, is too large."""
    for count, k in zip(windows.places, windows.size, strict=True):
        node.check_size((max(1, count), k))


def gathered(node: Node, x: Any, windows: Windows) -> Any:
    """The elements of all windows of a padded x (N, C, spatial...): (N, C, places_1, size_1, places_2, size_2, ...)."""
    check_places(node, windows)
    for i, (count, k, s, d) in enumerate(
        zip(windows.places, windows.size, windows.strides, windows.dilations, strict=True)
    ):
        places = np.arange(count)[:, None] * s + np.arange(k) * d
        x = ops.take(x, places, axis=2 + 2 * i)
    return x
