"""The paddings of ONNX's windows, as those of netlet's layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet.ops.spatial.windows import Window

from ..node import Node


def window_of(node: Node, size: Sequence[int]) -> Window:
    """Size, strides and dilations of a node's window, with padding "valid"."""
    ones = [1] * len(size)
    strides, dilations = node.attribute("strides", ones), node.attribute("dilations", ones)
    if not len(size) == len(strides) == len(dilations):
        raise node.error(f"expected {len(size)} strides and dilations, received {strides} and {dilations}.")
    return Window(tuple(size), tuple(strides), tuple(dilations), "valid")


def padding_of(node: Node, window: Window, extents: Sequence[int | None]) -> tuple[str, list[tuple[int, int]]] | None:
    """How a layer pads as the node does.

    Args:
        node: the node, with `auto_pad` or `pads`.
        window: its window.
        extents: sizes of the spatial axes.

    Returns:
        ("same", "valid" or "causal", zeros (before, after) that must be added first); None if no layer pads so.
    """
    rank = len(window.size)
    none = [(0, 0)] * rank
    same = Window(window.size, window.strides, window.dilation, "same")
    mode = node.attribute("auto_pad", "NOTSET")
    if mode == "VALID":
        return "valid", none
    if mode == "SAME_UPPER":
        return "same", none
    known = [n for n in extents if n is not None]
    if mode == "SAME_LOWER":
        if len(known) < rank:
            return None
        pads = [(high, low) for low, high in same.pads(known)]
    else:
        given = node.attribute("pads", [0] * (2 * rank))
        if len(given) != 2 * rank:
            raise node.error(f"expected {2 * rank} numbers in 'pads', received {given}.")
        pads = list(zip(given[:rank], given[rank:]))
    if min(min(p) for p in pads) < 0:
        return None
    if pads == none:
        return "valid", none
    spans = window.spans
    halves = all(
        s == 1 and low == high and 2 * low == span - 1 for s, span, (low, high) in zip(window.strides, spans, pads)
    )
    if halves or (len(known) == rank and same.pads(known) == pads):
        return "same", none
    if rank == 1 and window.strides == (1,) and pads == [(spans[0] - 1, 0)]:
        return "causal", none
    return "valid", pads


def per_rank(rank: int, *classes: Any) -> Any:
    """The class for a number of spatial axes, from 1; None if there is none."""
    return classes[rank - 1] if 1 <= rank <= len(classes) else None
