"""The formulas of docs/guides/quantization.md, as lecture notes write them."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import ops


@pytest.mark.parametrize("seed", range(5))
def test_the_notes_formulas_give_netlets_codes(seed):
    """With float64, so that the reciprocal's rounding does not matter."""
    x = np.random.default_rng(seed).normal(0.3, 1, 200)
    codes, scale = ops.quantize_absmax(x)
    s = 127 / np.abs(x).max()
    np.testing.assert_array_equal(codes, np.round(x * s))
    np.testing.assert_allclose(1 / np.asarray(scale), s)
    codes, scale, zero = ops.quantize_zeropoint(x)
    s = 255 / (x.max() - x.min())
    assert zero.item() == -np.round(s * x.min()) - 128
    np.testing.assert_array_equal(codes, np.clip(np.round(x * s) + zero.item(), -128, 127))
