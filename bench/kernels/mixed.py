"""Products of bfloat16 activations with float32 weights beside the same ones in float32: forward, and with gradients.

bfloat16 should be at least 1.3 times as fast, but for the first layers of
networks, whose few channels fill no pairs, and whose gradients are float32 products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import have
from bench.harness.row import Case, Row, normal
from bench.kernels import conv, rnn
from netlet import _core

DENSE = [(128, 784, 512), (32, 512, 512), (1024, 1024, 1024), (3136, 64, 256)]
LSTM = [(32, 100, 32, 128), (64, 50, 256, 256)]
# A result is off by several roundings to 8 bits: of both operands, of Winograd's transforms, of the result.
TOLERANCE = 2.0**-5


def gradients_of(function: Callable[..., Any], arrays: list[np.ndarray], dy: np.ndarray) -> tuple[np.ndarray, ...]:
    leaves = [_core.tensor(a) for a in arrays]
    for leaf in leaves:
        leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = function(*leaves)
        return tuple(np.asarray(g) for g in tape.gradients(y, leaves, dy))


def product(function: Callable[..., Any], arrays: list[np.ndarray], dtype: str, gradients: bool, flops: float) -> Case:
    """function(x, *weights), or it and all gradients for a random dy; `dtype`: of x."""
    import ml_dtypes

    wide = [a.astype("float64") for a in arrays]
    truth = np.asarray(function(*wide))
    on = [arrays[0].astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype), *arrays[1:]]
    atol = TOLERANCE * float(truth.std())
    if not gradients:
        return Case(ours=function, on=on, truth=truth, flops=flops, floor=dtype, rtol=TOLERANCE, atol=atol)
    dy = normal(truth.shape, seed=9)
    exact = gradients_of(function, wide, dy.astype("float64"))

    def ours(*operands: Any) -> Any:
        *leaves, dy = operands
        for leaf in leaves[1:]:
            leaf.requires_grad = True
        y = function(*leaves)
        return (y, *_core.current_recording().gradients(y, leaves, dy))

    return Case(
        ours=ours,
        on=[*on, dy],
        truth=(truth, *exact),
        flops=3 * flops,
        floor=dtype,
        rtol=TOLERANCE,
        atol=max(atol, *(TOLERANCE * float(g.std()) for g in exact)),
        eager=False,
        grad=True,
    )


def dense(m: int, k: int, n: int, dtype: str, gradients: bool) -> Case:
    return product(_core.dense, [normal((m, k)), normal((k, n), seed=1)], dtype, gradients, 2.0 * m * k * n)


def convolution(name: str, dtype: str, gradients: bool) -> Case:
    shape = conv.Shape.of(name)
    k, size, channels = shape.k, shape.size, shape.channels
    arrays = [
        normal((shape.batch, size, size, channels)),
        normal((k, k, channels, shape.filters), seed=1) / np.float32(k),
    ]
    out = (size + sum(shape.pads) - k) // shape.stride + 1
    flops = 2.0 * shape.batch * out * out * shape.filters * k * k * channels
    return product(shape.ours, arrays, dtype, gradients, flops)


def lstm(shape: tuple[int, ...], dtype: str, gradients: bool) -> Case:
    b, t, i, u = shape
    flops = 2.0 * b * t * 4 * u * (i + u)
    return product(lambda *on: _core.rnn("lstm", *on)[0], list(rnn.operands("lstm", *shape)), dtype, gradients, flops)


def rows() -> Iterator[Row]:
    if not have("ml_dtypes"):
        return
    for gradients in (False, True):
        suffix = " gradients" if gradients else ""
        for dtype in ("float32", "bfloat16"):
            for m, k, n in DENSE:
                yield Row(f"dense {m}x{k}x{n} {dtype}{suffix}", partial(dense, m, k, n, dtype, gradients))
            for shape in LSTM:
                name = "x".join(map(str, shape))
                yield Row(f"lstm {name} {dtype}{suffix}", partial(lstm, shape, dtype, gradients))
            for name in conv.SHAPES.split():
                yield Row(f"{name} {dtype}{suffix}", partial(convolution, name, dtype, gradients))
