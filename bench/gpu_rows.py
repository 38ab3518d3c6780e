"""The kernels of bench/gpu.py: each for netlet and for PyTorch (cuBLAS, cuDNN, its own kernels) on the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.harness.row import normal, uniform
from bench.kernels.conv import Shape
from bench.kernels.norm import OURS, torch_batch_both, torch_layer_both
from bench.kernels.rnn import GATES, operands, torch_layer, torch_order
from netlet import _core, ops


@dataclass(frozen=True)
class GpuRow:
    """ours(*tensors) and torch(torch, *tensors) do the same work on `arrays`; either may return several results."""

    name: str
    arrays: Sequence[np.ndarray]
    ours: Callable[..., Any]
    torch: Callable[..., Any]
    flops: float = 0  # either these or bytes: each byte that must be read or written, once
    bytes: float = 0
    rtol: float = 1e-4  # of the norm of the difference to the float64 result, relative to its norm
    grad: bool = False
    torch_arrays: Sequence[np.ndarray] | None = None  # where PyTorch has another layout

    @property
    def work(self) -> tuple[float, str]:
        return (self.flops, "TFLOP/s") if self.flops else (self.bytes / 1e-3, "GB/s")


def gradients_of(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """f(*leaves, *rest, dy) -> (y, the gradients of the first `count` arguments), for netlet."""

    def both(*tensors: Any) -> tuple[Any, ...]:
        *inputs, dy = tensors
        for x in inputs[:count]:
            x.requires_grad = True
        y = function(*inputs)
        return y, *_core.current_recording().gradients(y, inputs[:count], dy)

    return both


def torch_gradients_of(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The same for PyTorch."""

    def both(torch: Any, *tensors: Any) -> tuple[Any, ...]:
        *inputs, dy = tensors
        leaves = [x.detach().requires_grad_() for x in inputs[:count]]
        y = function(torch, *leaves, *inputs[count:])
        return y.detach(), *torch.autograd.grad(y, leaves, dy)

    return both


def product(m: int, n: int, k: int, dtype: str = "float32", transposed: str = "nn") -> GpuRow:
    """A dense layer's products: forward, and the transposed ones of its gradients."""
    ta, tb = (letter == "t" for letter in transposed)
    name = f"matmul {m} x {n} x {k} {transposed} {dtype}"
    shapes = (k, m) if ta else (m, k), (n, k) if tb else (k, n)
    if dtype == "int8":
        rng = np.random.default_rng(0)
        a, b = (rng.integers(-128, 127, shape, "int8", endpoint=True) for shape in shapes)
        return GpuRow(name, [a, b], ops.matmul, lambda torch, a, b: torch._int_mm(a, b), flops=2.0 * m * n * k, rtol=0)
    a, b = normal(shapes[0]), normal(shapes[1], seed=1)
    if dtype == "bfloat16":
        import ml_dtypes

        a, b = (x.astype(ml_dtypes.bfloat16) for x in (a, b))

    def torchs(torch: Any, a: Any, b: Any) -> Any:
        return torch.matmul(a.T if ta else a, b.T if tb else b)

    ours = ops.matmul if dtype == "bfloat16" else lambda a, b: _core.matmul(a, b, ta, tb)
    return GpuRow(name, [a, b], ours, torchs, flops=2.0 * m * n * k, rtol=1e-2 if dtype == "bfloat16" else 1e-4)


def convolution(name: str) -> GpuRow:
    """Forward and both gradients, channels last on both sides."""
    shape = Shape.of(name)
    x = normal((shape.batch, shape.size, shape.size, shape.channels))
    w = normal((shape.k, shape.k, shape.channels, shape.filters), seed=1) / np.float32(shape.k)
    out = (shape.size + sum(shape.pads) - shape.k) // shape.stride + 1
    dy = normal((shape.batch, out, out, shape.filters), seed=2)

    def torchs(torch: Any, x: Any, w: Any, dy: Any) -> Any:
        y, dx, dw = shape.torch_gradients(torch, *(a.permute(0, 3, 1, 2) for a in (x, w, dy)))
        return y.permute(0, 2, 3, 1), dx.permute(0, 2, 3, 1), dw.permute(2, 3, 1, 0)

    return GpuRow(
        f"conv and gradients {name}",
        [x, w, dy],
        gradients_of(shape.ours, 2),
        torchs,
        flops=6.0 * dy.size * shape.k**2 * shape.channels,
        grad=True,
        torch_arrays=[x, np.ascontiguousarray(w.transpose(3, 0, 1, 2)), dy],
    )


def norm(kind: str, shape: tuple[int, ...]) -> GpuRow:
    x, g, b, dy = normal(shape), normal(shape[-1], seed=1), normal(shape[-1], seed=2), normal(shape, seed=3)
    return GpuRow(
        f"{kind} norm and gradients {' x '.join(map(str, shape))}",
        [x, g, b, dy],
        gradients_of(OURS[kind], 3),
        torch_batch_both if kind == "batch" else torch_layer_both,
        bytes=5 * x.nbytes,  # x, y; x, dy, dx
        grad=True,
    )


def attention(batch: int, length: int, heads: int, size: int, causal: bool) -> GpuRow:
    shape = (batch, length, heads, size)

    def torchs(torch: Any, q: Any, k: Any, v: Any) -> Any:
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2)

    return GpuRow(
        f"attention{', causal' if causal else ''} and gradients {batch} x {length}, {heads} heads of {size}",
        [normal(shape, seed=i) for i in range(4)],
        gradients_of(partial(_core.attention, scale=size**-0.5, causal=causal), 3),
        torch_gradients_of(torchs, 3),
        flops=14.0 * batch * heads * length**2 * size / (2 if causal else 1),
        grad=True,
    )


def recurrent(kind: str, batch: int, steps: int, features: int, units: int) -> GpuRow:
    """A first layer: forward, and the gradients of the weights."""
    x, w, r, b = operands(kind, batch, steps, features, units)
    one, other = (b[0], b[1]) if kind == "gru" else (b, np.zeros_like(b))
    theirs = [np.ascontiguousarray(torch_order(kind, v).T) for v in (w, r, one, other)]
    dy = normal((batch, steps, units), seed=4)

    def ours(x: Any, w: Any, r: Any, b: Any, dy: Any) -> Any:
        return gradients_of(lambda w, r, b: _core.rnn(kind, x, w, r, b)[0], 3)(w, r, b, dy)[0]

    def torchs(torch: Any, x: Any, *rest: Any) -> Any:
        *weights, dy = rest
        both = torch_gradients_of(lambda torch, *weights: torch_layer(kind, torch, x, *weights), 4)
        return both(torch, *weights, dy)[0]

    flops = 2.0 * batch * steps * GATES[kind] * units * (2 * (features + units) + units)
    return GpuRow(
        f"{kind} and gradients {batch} x {steps} x {features} -> {units}",
        [x, w, r, b, dy],
        ours,
        torchs,
        flops=flops,
        grad=True,
        torch_arrays=[x, *theirs, dy],
    )


def cross_entropy(rows: int, classes: int) -> GpuRow:
    labels = np.random.default_rng(0).integers(0, classes, rows)
    loss = partial(_core.loss_sparse_categorical_crossentropy, reduction="mean", from_logits=True)

    def ours(x: Any, labels: Any) -> Any:
        return gradients_of(lambda x: loss(labels, x), 1)(x, None)

    def torchs(torch: Any, x: Any, labels: Any) -> Any:
        x = x.detach().requires_grad_()
        value = torch.nn.functional.cross_entropy(x, labels)
        return value.detach(), torch.autograd.grad(value, x)[0]

    x = normal((rows, classes))
    return GpuRow(
        f"cross-entropy, gradient {rows} x {classes}", [x, labels], ours, torchs, bytes=2 * x.nbytes, grad=True
    )


def embedding(table: tuple[int, int], count: int) -> GpuRow:
    w, dy = uniform(table), uniform((count, table[1]), 0.5, 1)
    words = np.random.default_rng(0).integers(0, table[0], count)

    def torchs(torch: Any, w: Any, words: Any, dy: Any) -> Any:
        y = torch.nn.functional.embedding(words, w)
        return y, torch.ops.aten.embedding_dense_backward(dy, words, table[0], -1, False)

    return GpuRow(
        f"embedding and gradient {count} of {table[0]} x {table[1]}",
        [w, words, dy],
        lambda w, words, dy: gradients_of(lambda w: _core.take(w, words, 0), 1)(w, dy),
        torchs,
        bytes=4 * dy.nbytes + w.nbytes,
        grad=True,
    )


def rows(small: bool) -> Iterator[GpuRow]:
    """All rows; `small`: shapes that the simulated GPU computes in a moment."""
    if small:
        squares, dense, images = (33,), [(9, 17, 31)], ["2x6x3->5k3same", "2x7x3->4k3valid"]
        elements, matrix, recurrences = 1000, (9, 33), (3, 4, 5, 6)
        normed, attended, looked_up = [(9, 33), (2, 3, 4, 5)], (2, 9, 2, 8), ((11, 6), 20)
    else:
        squares, dense = (1024, 4096), [(128, 512, 784), (4096, 1024, 1024)]
        images = ["128x28x1->32k3valid", "64x16x32->64k3same", "32x56x64->64k3same", "32x14x256->256k3same"]
        elements, matrix, recurrences = 1 << 26, (8192, 4096), (32, 100, 32, 128)
        normed, attended, looked_up = [(8192, 1024), (64, 32, 32, 64)], (8, 1024, 8, 64), ((20000, 128), 6400)
    for n in squares:
        for dtype in ("float32", "bfloat16", "int8"):
            yield product(n, n, n, dtype)
    for m, n, k in dense:
        for transposed in ("nn", "tn", "nt"):
            yield product(m, n, k, transposed=transposed)
    for name in images:
        yield convolution(name)
    for kind in ("lstm", "gru"):
        yield recurrent(kind, *recurrences)
    for causal in (False, True):
        yield attention(*attended, causal)
    yield norm("layer", normed[0])
    yield norm("batch", normed[1])
    x = normal(matrix)
    label = f"{matrix[0]} x {matrix[1]}"
    yield GpuRow(f"softmax {label}", [x], _core.softmax, lambda torch, x: torch.softmax(x, -1), bytes=2 * x.nbytes)
    yield cross_entropy(matrix[0], matrix[1] // 4)
    yield GpuRow(f"sum of rows {label}", [x], lambda x: _core.sum(x, 1), lambda torch, x: x.sum(1), bytes=x.nbytes)
    yield GpuRow(f"sum of columns {label}", [x], lambda x: _core.sum(x, 0), lambda torch, x: x.sum(0), bytes=x.nbytes)
    yield GpuRow(
        f"transpose {label}",
        [x],
        lambda x: _core.transpose(x, (1, 0)),
        lambda torch, x: x.T.contiguous(),
        bytes=2 * x.nbytes,
    )
    v, u = uniform(elements), uniform(elements, -1, 1)
    yield GpuRow(f"exp {elements}", [v], _core.exp, lambda torch, v: torch.exp(v), bytes=2 * v.nbytes)
    yield GpuRow(f"add {elements}", [v, u], _core.add, lambda torch, v, u: v + u, bytes=3 * v.nbytes)
    yield embedding(*looked_up)
