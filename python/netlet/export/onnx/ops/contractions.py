"""Matrix products: dense, matmul, dot, einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exporter import Exporter
from ..registry import op
from ..values import CodedValue, Value
from .activations import activated


@op("dense")
def _dense(e: Exporter, out: Any, x: Any, kernel: Any, bias: Any, activation: str, alpha: float) -> str:
    return activated(e, product(e, out.dtype, x, kernel, bias), activation, alpha, out.dtype)


def product(e: Exporter, dtype: str, x: Any, kernel: Any, bias: Any) -> str:
    """Adds x kernel + bias, for x (..., K), kernel (K, N) and bias (N,) or None.

    The rows of a kernel that reads flattened channels-last images are reordered instead of the image.
    """
    g = e.graph
    rank = len(x.shape)
    if isinstance(x, Value) and x.flattened is not None and x.last is None and not _computed(kernel):
        name, weights = flat_first(e, x, kernel, dtype)
    else:
        name = e.name(x, dtype)
        weights = e.name(kernel, dtype) if _computed(kernel) else e.weight(kernel, dtype)
    if rank == 2:
        return g.op("Gemm", name, weights, None if bias is None else e.name(bias, dtype))
    y = g.op("MatMul", name, weights)
    return y if bias is None else g.op("Add", y, e.name(bias, dtype))


def flat_first(e: Exporter, x: Value, kernel: Any, dtype: str) -> tuple[str, str]:
    """(name of the channels-first image as (batch, features), name of the kernel with its rows in that order)."""
    image = x.flattened
    assert image is not None
    name = e.graph.op("Reshape", e.first(image, dtype), e.graph.ints(0, -1 if x.shape[1] is None else x.shape[1]))
    sizes = [int(n) for n in image.shape[1:]]  # type: ignore[arg-type]

    def arrange(array: np.ndarray) -> np.ndarray:
        return np.moveaxis(array.reshape(*sizes, array.shape[-1]), len(sizes) - 1, 0).reshape(array.shape)

    return name, e.weight(kernel, dtype, arrange)


def _computed(kernel: Any) -> bool:
    """Whether the model computes the kernel."""
    return isinstance(kernel, Value) and not isinstance(kernel, CodedValue)


@op("matmul")
def _matmul(e: Exporter, out: Any, x1: Any, x2: Any) -> str:
    found: str = e.graph.op("MatMul", e.name(x1, out.dtype), e.name(x2, out.dtype))
    return found


@op("dot")
def _dot(e: Exporter, out: Any, x1: Any, x2: Any) -> str:
    ranks = len(x1.shape), len(x2.shape)
    if 0 in ranks:
        return e.graph.op("Mul", e.name(x1, out.dtype), e.name(x2, out.dtype))
    if ranks[1] <= 2:
        return _matmul(e, out, x1, x2)
    a, b = "abcdefgh"[: ranks[0]], "ijklmnop"[: ranks[1]]
    b = b[:-2] + a[-1] + b[-1]
    return _einsum(e, out, f"{a},{b}->{a[:-1]}{b[:-2]}{b[-1]}", (x1, x2))


@op("inner")
def _inner(e: Exporter, out: Any, x1: Any, x2: Any) -> str:
    a, b = "abcdefgh"[: len(x1.shape)], "ijklmnop"[: len(x2.shape)]
    b = b[:-1] + a[-1]
    return _einsum(e, out, f"{a},{b}->{a[:-1]}{b[:-1]}", (x1, x2))


@op("outer")
def _outer(e: Exporter, out: Any, x1: Any, x2: Any) -> str:
    g = e.graph
    a = g.op("Reshape", e.name(x1, out.dtype), g.ints(-1, 1))
    b = g.op("Reshape", e.name(x2, out.dtype), g.ints(1, -1))
    found: str = g.op("Mul", a, b)
    return found


@op("tensordot")
def _tensordot(e: Exporter, out: Any, x1: Any, x2: Any, axes: Any) -> str:
    ranks = len(x1.shape), len(x2.shape)
    if isinstance(axes, int):
        first, second = list(range(ranks[0] - axes, ranks[0])), list(range(axes))
    else:
        first, second = ([a] if isinstance(a, int) else list(a) for a in axes)
    a, b = list("abcdefgh"[: ranks[0]]), list("ijklmnop"[: ranks[1]])
    for i, j in zip(first, second):
        b[j % ranks[1]] = a[i % ranks[0]]
    bound = {a[i % ranks[0]] for i in first}
    kept = [c for c in a + b if c not in bound]
    return _einsum(e, out, f"{''.join(a)},{''.join(b)}->{''.join(kept)}", (x1, x2))


@op("einsum")
def _einsum(e: Exporter, out: Any, subscripts: str, operands: Any) -> str:
    """A matrix product where the equation is one; ONNX's Einsum otherwise."""
    names = [e.name(x, out.dtype) for x in operands]
    equation = subscripts.replace(" ", "")
    found: str = e.graph.op("Einsum", *names, equation=equation)
    return found
