"""Quantization on a GPU: the bits of the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netlet
from netlet import _core, ops

# (shape, axis, group_size)
LAYOUTS = [
    ((7,), None, None),
    ((3, 5), None, None),
    ((3, 5), 1, None),
    ((5, 33), 0, None),
    ((129, 40), 1, None),
    ((2, 70, 65), 1, None),
    ((4, 3, 2000), (1, 2), None),
    ((4, 3, 9), (0, 2), None),  # through a transposed copy
    ((6, 64), 1, 16),
    ((24, 10), 0, 8),
    ((2, 40000), 1, None),  # in pieces
    ((40001,), None, None),
    ((0, 3), 1, None),
]


def arrays(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> list[np.ndarray]:
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(dtype)
    special = x.copy()
    special.ravel()[::7] = np.inf
    special.ravel()[1::11] = -np.inf
    special.ravel()[2::13] = np.finfo(dtype).tiny / 4
    extremes = np.where(rng.random(shape) < 0.5, 1, -1).astype(dtype) * np.finfo(dtype).max
    return [x, special, np.zeros(shape, dtype), np.full(shape, np.finfo(dtype).tiny / 8, dtype), extremes]


def same(device: str, function: Any, *given: np.ndarray) -> list[np.ndarray]:
    results = []
    for name in ("cpu:0", device):
        with netlet.device(name):
            y = function(*given)
            results.append([np.asarray(v) for v in (y if isinstance(y, tuple) else (y,))])
    for expected, received in zip(*results, strict=True):
        assert received.dtype == expected.dtype
        np.testing.assert_array_equal(received, expected)
    return results[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_bits_of_the_cpu(device, dtype, layout):
    shape, axis, group = layout
    for x in arrays(np.random.default_rng(1), shape, dtype):
        q, scale = same(device, lambda x: ops.quantize_absmax(x, axis, group), x)
        same(device, ops.dequantize_absmax, q, scale)
        for code in ("int8", "uint8"):
            parts = same(device, lambda x, code=code: ops.quantize_zeropoint(x, axis, code, group), x)
            same(device, ops.dequantize_zeropoint, *parts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "scale_shape"),
    [((7, 33), ()), ((7, 33), (7, 1)), ((7, 64), (1, 64)), ((5, 64), (5, 4)), ((2, 3, 5, 8), (1, 1, 1, 8))],
)
def test_codes_of_given_scales(device, dtype, shape, scale_shape):
    rng = np.random.default_rng(3)
    x, scale = rng.normal(0, 3, shape).astype(dtype), np.asarray(rng.uniform(0.01, 0.1, scale_shape).astype(dtype))
    for code in ("int8", "uint8"):
        zero = np.asarray(rng.integers(0, 100, scale_shape).astype(code))
        same(device, lambda x, s, z, code=code: _core.quantize_with(x, s, z, code), x, scale, zero)
        same(device, lambda x, s, z, code=code: _core.fake_quantize_with(x, s, z, code), x, scale, zero)


def test_a_nan_is_reported(device):
    x = np.ones((3, 4), "float32")
    x[1, 2] = np.nan
    with netlet.device(device), pytest.raises(ValueError, match=r"received a NaN at \(1, 2\)"):
        ops.quantize_absmax(x, axis=1)


def test_an_int8_product_of_quantized_matrices(device):
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((9, 40)).astype("float32"), rng.standard_normal((40, 7)).astype("float32")

    def product(a, b):
        (qa, _), (qb, _) = ops.quantize_absmax(a, axis=1), ops.quantize_absmax(b, axis=0)
        return ops.matmul(qa, qb)

    same(device, product, a, b)
