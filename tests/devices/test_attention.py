"""Attention on a GPU against the CPU, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.on_device import check_device

# (B, T, S, N, K, H, D): all 1; grouped heads; one more than a tile; wide heads.
SIZES = [(1, 1, 1, 1, 1, 1, 1), (2, 3, 5, 4, 2, 3, 7), (1, 65, 31, 2, 1, 33, 9), (1, 17, 66, 1, 1, 8, 16)]
WIDE = [(1, 5, 66, 1, 1, 130, 70), (1, 3, 4, 1, 1, 65, 129)]
# (axes of the mask, axes of the bias, causal, whether fully masked rows give an average). Axes: 1 full, 0 broadcast.
HOW = [
    (None, None, False, True),
    (None, None, True, True),
    ((1, 0, 1, 1), (0, 1, 1, 1), False, True),
    ((1, 0, 1, 1), None, True, True),
    ((1, 0, 1, 1), None, True, False),
    ((0, 1, 1, 0), (1, 0, 0, 1), True, False),
]


def operands(sizes, how, dtype):
    B, T, S, N, K, H, D = sizes
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in ((B, T, N, H), (B, S, K, H), (B, S, K, D))]

    def shape(axes):
        return tuple(n if a else 1 for a, n in zip(axes, (B, N, T, S), strict=True))

    mask = None if how[0] is None else rng.random(shape(how[0])) > 0.6
    bias = None if how[1] is None else rng.standard_normal(shape(how[1])).astype(dtype)
    return [*arrays, bias], mask


def attention(**options):
    return lambda q, k, v, bias, mask: [_core.attention(q, k, v, mask, bias, **options)]


def check(device, sizes, how, dtype, **options):
    arrays, mask = operands(sizes, how, dtype)
    f = attention(scale=sizes[5] ** -0.5, causal=how[2], average_dead=how[3], **options)
    check_device(f, arrays, (mask,), device, factor=3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_results_and_gradients(device, sizes, how, dtype):
    if sizes == SIZES[2] and dtype == "float64":
        pytest.skip("as many steps as float32")
    check(device, sizes, how, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", WIDE, ids=str)
def test_wide_heads(device, sizes, dtype):
    check(device, sizes, HOW[3], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_draws_the_same_numbers(device, dtype):
    check(device, SIZES[2], HOW[1], dtype, rate=0.4, seed=11)


def test_no_keys(device):
    check(device, (1, 3, 0, 1, 1, 2, 2), HOW[0], "float32")
