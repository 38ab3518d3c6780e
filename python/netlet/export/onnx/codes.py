"""Codes of weights: constants of 8 and 4 bits, and the DequantizeLinear that makes them floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Graph
from .values import CodedValue


def dequantized(g: Graph, kernel: CodedValue, arrange: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Adds a DequantizeLinear of rearranged codes.

    Args:
        g: the graph.
        kernel: the weight.
        arrange: moves the elements of an array of the weight's shape.

    Returns:
        The name of the float weight; None if elements share scales in no way that the operator knows.
    """
    arrays = [arrange(kernel.scale)] + ([] if kernel.zero is None else [arrange(kernel.zero)])
    shared = _sharing(arrays)
    if shared is None:
        return None
    axis, block, part = shared
    dtype = "int8" if kernel.bits == 8 else "int4"
    inputs = [constant_codes(g, arrange(kernel.codes), dtype, kernel.hint)]
    inputs.append(g.constant(arrays[0][part], "float32", f"{kernel.hint}_scale"))
    # ONNX Runtime fuses only those with a zero point.
    zero = np.zeros(arrays[0][part].shape, np.int8) if kernel.zero is None else arrays[1][part]
    inputs.append(constant_codes(g, zero, dtype, f"{kernel.hint}_zero_point"))
    found: str = g.op("DequantizeLinear", *inputs, axis=axis, block_size=block)
    return found


def _sharing(arrays: list[np.ndarray]) -> tuple[int | None, int | None, Any] | None:
    """How elements share scales: (axis, size of a block, index of one element of each share); None: in another way."""
    rank = arrays[0].ndim
    varies = [i for i in range(rank) if any(a.shape[i] > 1 and (a != a.take([0], i)).any() for a in arrays)]
    if not varies:
        return None, None, (0,) * rank
    if len(varies) == 1:
        axis = varies[0]
        return axis, None, tuple(slice(None) if i == axis else 0 for i in range(rank))
    if rank != 2:
        return None
    for axis in (0, 1):  # blocks along one axis of a matrix
        changes = [np.moveaxis(a, axis, 0)[1:] != np.moveaxis(a, axis, 0)[:-1] for a in arrays]
        at = np.flatnonzero(np.any([c.any(1) for c in changes], axis=0)) + 1
        block = int(at[0])
        if block > 1 and not (at % block).any():
            return axis, block, tuple(slice(None, None, block if i == axis else None) for i in range(2))
    return None


def constant_codes(g: Graph, codes: np.ndarray, dtype: str, hint: str) -> str:
    """A constant of 8-bit codes, or of 4-bit codes, two in a byte."""
    if dtype != "int4":
        return g.constant(codes, dtype, hint)
    nibbles = np.ascontiguousarray(codes).view(np.uint8).ravel() & 15
    if nibbles.size % 2:
        nibbles = np.append(nibbles, np.uint8(0))
    return g.raw("int4", codes.shape, (nibbles[::2] | (nibbles[1::2] << 4)).tobytes(), hint)
