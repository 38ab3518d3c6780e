"""Recurrent layers of int8 codes: quantizing the float32 input row by row, and all time steps.

The peer "float32" is our own float layer, in a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.row import Case, Row
from bench.kernels.rnn import GATES, operands, truth
from netlet import _core, ops

# B, T, I, U: LSTM-128 on the rows of an image, on long sequences of features, and one row of each; a wide layer.
SHAPES = [
    (32, 28, 28, 128),
    (128, 28, 28, 128),
    (32, 100, 128, 128),
    (1, 28, 28, 128),
    (1, 100, 128, 128),
    (64, 50, 256, 256),
]


def float32(kind: str, x: np.ndarray, *weights: np.ndarray) -> Any:
    """A recorded plan of the float layer, which has packed its weights."""
    tape = _core.Tape(record=True)
    with tape:
        given = [_core.tensor(w) for w in weights]
        plan = tape.compile([_core.rnn(kind, tape.input(x.shape, "float32", "x"), *given)[0]])
    return lambda: plan.run([x])[0][0]


def case(kind: str, shape: tuple[int, ...]) -> Case:
    x, w, r, b = operands(kind, *shape)
    rows, steps, features, units = shape
    (kernel, kernel_scale), (recurrent, recurrent_scale) = (ops.quantize_absmax(v, axis=0) for v in (w, r))

    def ours(x: Any, kernel: Any, kernel_scale: Any, recurrent: Any, recurrent_scale: Any, b: Any) -> Any:
        codes = _core.quantize_zeropoint(x, "uint8", [2])
        return _core.quantized_rnn(kind, *codes, kernel, kernel_scale, None, recurrent, recurrent_scale, b)[0]

    values = (kernel.astype("float32") * kernel_scale, recurrent.astype("float32") * recurrent_scale)
    return Case(
        ours=ours,
        on=[x, kernel, kernel_scale, recurrent, recurrent_scale, b],
        truth=truth(kind, x, *(v.numpy() for v in values), b),
        peers={"float32": float32(kind, x, w, r, b)},
        flops=2.0 * rows * steps * GATES[kind] * units * (features + units),
        rtol=0.1,  # the error of 8-bit states
        atol=0.1,
        eager=False,
    )


def rows() -> Iterator[Row]:
    for kind in GATES:
        for shape in SHAPES:
            yield Row(f"{kind} " + "batch {} x {} steps x {} -> {}".format(*shape), partial(case, kind, shape))
