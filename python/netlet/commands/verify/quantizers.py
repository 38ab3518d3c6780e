"""Promise 7: quantizers round half to even after a true division and saturate; codes survive a round trip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from netlet import _core, ops

from .isas import forced

Array = np.ndarray[Any, Any]
ZERO = np.zeros(1, np.float32)


def check() -> list[str]:
    found = (
        (f"{isa}: {what}", kept)
        for isa in forced()
        for x in inputs()
        for what, kept in (*symmetric(x), *with_zero_point(x, "int8"), *with_zero_point(x, "uint8"), *halves())
    )
    return list(dict.fromkeys(what for what, kept in found if not kept))


def inputs() -> list[Array]:
    """Sorted numbers of many magnitudes, subnormal ones among them."""
    rng = np.random.default_rng(9)
    pairs = [(scale, mean) for scale in (1e-42, 1e-30, 1.0, 1e30) for mean in (0, 2, -5)]
    return [np.sort((scale * rng.normal(mean, 1, 1027)).astype(np.float32)) for scale, mean in pairs]


def symmetric(x: Array) -> Iterator[tuple[str, Any]]:
    q, scale = (np.asarray(v) for v in ops.quantize_absmax(x))
    back = np.asarray(ops.dequantize_absmax(q, scale), np.float64)
    wanted = max(np.abs(x).max() / np.float32(127), np.finfo(np.float32).tiny)
    yield "the scale is not max|x| / 127", scale == wanted
    yield "codes are not round(x / scale)", (q == np.clip(np.rint(x / scale), -127, 127)).all()
    yield "an error above half a scale", (np.abs(back - x) <= float(scale) * (0.5 + 2.0**-16)).all()
    yield "the code of 0 is not 0", np.asarray(_core.quantize_with(ZERO, scale, np.int8(0), "int8"))[0] == 0


def with_zero_point(x: Array, dtype: str) -> Iterator[tuple[str, Any]]:
    q, scale, zero = (np.asarray(v) for v in ops.quantize_zeropoint(x, dtype=dtype))
    back = np.asarray(ops.dequantize_zeropoint(q, scale, zero), np.float64)
    codes = np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1).astype(dtype)
    again = _core.quantize_with(ops.dequantize_zeropoint(codes, scale, zero), scale, zero, dtype)
    # The zero point is rounded, too: at the ends of the range its half is added.
    yield f"{dtype}: an error above a scale", (np.abs(back - x) <= float(scale) * (1 + 2.0**-16)).all()
    yield f"{dtype}: codes are not monotone", (np.diff(q.astype(int)) >= 0).all()
    yield f"{dtype}: a code changes in a round trip", np.array_equal(np.asarray(again), codes)
    yield f"{dtype}: the code of 0 is not the zero point", _core.quantize_with(ZERO, scale, zero, dtype).item() == zero


def halves() -> Iterator[tuple[str, Any]]:
    """Numbers half-way between codes, and beyond them. The scale is a power of two: their quotients are exact."""
    at = np.arange(-400, 401, dtype=np.float32) / 2
    want = np.clip(np.rint(at) + 3, -128, 127).astype(np.int8)
    got = _core.quantize_with(at * np.float32(0.25), np.float32(0.25), np.int8(3), "int8")
    yield "halves are not rounded to even, or codes do not saturate", np.array_equal(np.asarray(got), want)
