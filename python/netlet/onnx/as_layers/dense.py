"""Products with a constant matrix: Dense and Embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers, ops

from ..node import Node
from ..operators.element_types import is_float
from ..operators.values import is_constant
from ..views import Flattened
from .registry import FUSED, layer_of

if TYPE_CHECKING:
    from ..building import Builder


def dense(build: Builder, node: Node, x: Any, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
    """The output of a Dense layer: kernel (features, units), bias (units,) or None."""
    if isinstance(x, Flattened):
        x, kernel = x.tensor, x.rows_of(kernel)
    weights = [kernel] if bias is None else [kernel, bias]
    return build.layer(node, layers.Dense, build.plain(x), weights, units=kernel.shape[1], use_bias=bias is not None)


def as_bias(value: Any, units: int) -> np.ndarray | None:
    """A constant that is added to every row, as (units,); None if it is something else."""
    if not is_constant(value):
        return None
    value = np.asarray(value)
    if value.size not in (1, units) or (value.size == units and (value.shape[-1:] or (1,)) != (units,)):
        return None
    return np.broadcast_to(value.reshape(-1), (units,)).copy()


@layer_of("Gemm")
def gemm(build: Builder, node: Node, a: Any, b: Any, c: Any = None) -> Any:
    if is_constant(a) or not is_constant(b) or node.attribute("transA", 0) or len(a.shape) != 2 or b.ndim != 2:
        return NotImplemented
    kernel = np.asarray(b.T if node.attribute("transB", 0) else b) * b.dtype.type(node.attribute("alpha", 1.0))
    bias = None if c is None else as_bias(c, kernel.shape[1])
    if (c is not None and bias is None) or not _fits(a, kernel):
        return NotImplemented
    if bias is not None:
        bias = bias * b.dtype.type(node.attribute("beta", 1.0))
    return dense(build, node, a, np.ascontiguousarray(kernel), bias)


@layer_of("MatMul")
def matmul(build: Builder, node: Node, a: Any, b: Any) -> Any:
    if is_constant(a) or not is_constant(b) or b.ndim != 2 or len(a.shape) < 2 or not _fits(a, b):
        return NotImplemented
    return dense(build, node, a, b, None)


@layer_of("Dense", domain=FUSED)
def matmul_and_bias(build: Builder, node: Node, a: Any, b: Any, c: Any) -> Any:
    if len(a.shape) < 2 or not _fits(a, b):
        return ops.add(ops.matmul(build.plain(a), b), c)
    return dense(build, node, a, b, as_bias(c, b.shape[1]))


def _fits(a: Any, kernel: np.ndarray) -> bool:
    """Whether a Dense layer can have this kernel: the number of features is known, and both are floats of one type."""
    return a.shape[-1] == kernel.shape[0] and is_float(a) and str(a.dtype) == str(kernel.dtype)


@layer_of("Gather")
def embedding(build: Builder, node: Node, data: Any, indices: Any) -> Any:
    """Rows of a constant table."""
    table = is_constant(data) and data.ndim == 2 and node.attribute("axis", 0) == 0 and data.dtype.kind == "f"
    if not table or is_constant(indices):
        return NotImplemented
    rows, size = data.shape
    x = build.plain(indices)
    arguments = {"dtype": str(data.dtype)}
    return build.layer(node, layers.Embedding, x, [data], input_dim=rows, output_dim=size, **arguments)
