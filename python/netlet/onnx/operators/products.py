"""Products of matrices: MatMul, Gemm, Einsum; determinants."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..node import Node
from .registry import operator


@operator("MatMul")
def matmul(node: Node, a: Any, b: Any) -> Any:
    """The product of matrices, or of stacks of them."""
    return ops.matmul(a, b)


@operator("Gemm")
def gemm(node: Node, a: Any, b: Any, c: Any = None) -> Any:
    """alpha A B + beta C, with A and B transposed by attribute."""
    if node.attribute("transA", 0):
        a = ops.transpose(a)
    if node.attribute("transB", 0):
        b = ops.transpose(b)
    y = _scaled(ops.matmul(a, b), node.attribute("alpha", 1.0))
    return y if c is None else ops.add(y, _scaled(c, node.attribute("beta", 1.0)))


def _scaled(x: Any, factor: float) -> Any:
    return x if factor == 1.0 else ops.multiply(x, factor)


@operator("Einsum")
def einsum(node: Node, *values: Any) -> Any:
    """Sums of products over named axes."""
    return ops.einsum(node.attribute("equation").replace(" ", ""), *values)


@operator("Det")
def det(node: Node, x: Any) -> Any:
    """The determinant of each matrix."""
    return ops.det(x)
