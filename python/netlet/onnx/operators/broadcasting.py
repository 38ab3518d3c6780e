"""Operands of element-by-element operators: before opset 7 the second one has its place by the attribute `axis`."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..node import Node


def aligned(node: Node, a: Any, b: Any) -> tuple[Any, Any]:
    """a and b in shapes that broadcast as NumPy's do.

    Args:
        node: may have the attributes `broadcast` and `axis` of opset 6 and before.
        a: first operand.
        b: second operand. With `axis`, its first dimension stands at that axis of a.

    Returns:
        (a, b), where b may have trailing dimensions of 1.
    """
    axis = node.attribute("axis", None)
    if axis is None or not node.attribute("broadcast", 0):
        return a, b
    after = len(a.shape) - axis % len(a.shape) - len(b.shape)
    return a, ops.reshape(b, tuple(b.shape) + (1,) * after) if after > 0 else b
