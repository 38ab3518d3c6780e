"""bfloat16 products with float32 sums: the same bits on every instruction set, exact for suitable numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from netlet import _core
from support.guarded import guarded

ml_dtypes = pytest.importorskip("ml_dtypes")
BF16 = ml_dtypes.bfloat16
SIZES = [*range(18), 31, 32, 33, 63, 64, 65, 127, 128, 129]
TRANSPOSES = list(itertools.product([False, True], repeat=2))


def integers(rng, shape):
    return rng.integers(-8, 9, shape).astype(BF16)


def exact(a, b, ta=False, tb=False):
    a, b = a.astype("float64"), b.astype("float64")
    return (a.swapaxes(-1, -2) if ta else a) @ (b.swapaxes(-1, -2) if tb else b)


def check(a, b, ta=False, tb=False):
    c = _core.matmul(a, b, ta, tb, "float32")
    assert c.dtype == np.float32
    expected = exact(a, b, ta, tb)
    if not np.array_equal(c, expected):
        np.testing.assert_array_equal(c, expected, err_msg=f"{a.shape} x {b.shape}, transposed {ta} {tb}")


def operands(rng, m, n, k, ta, tb):
    return integers(rng, (k, m) if ta else (m, k)), integers(rng, (n, k) if tb else (k, n))


def test_five_thousand_small_shapes_of_integers(dot_isa):
    rng = np.random.default_rng(1)
    a, b = integers(rng, 24 * 40), integers(rng, 24 * 40)
    shapes = rng.integers(0, [20, 24, 40], (5_000, 3))
    for m, n, k, (ta, tb) in zip(*shapes.T, itertools.cycle(TRANSPOSES)):
        check(a[: m * k].reshape((k, m) if ta else (m, k)), b[: k * n].reshape((n, k) if tb else (k, n)), ta, tb)


def test_integers_around_every_edge(dot_isa):
    rng = np.random.default_rng(2)
    shapes = [*rng.choice(SIZES, (200, 3)), (60, 300, 900), (1, 2000, 500), (130, 70, 2001)]
    for (m, n, k), (ta, tb) in zip(shapes, itertools.cycle(TRANSPOSES)):
        check(*operands(rng, m, n, k, ta, tb), ta, tb)


def test_batches(dot_isa):
    rng = np.random.default_rng(3)
    for a, b in [((5, 2, 3), (3, 4)), ((6, 1, 20, 33), (1, 5, 33, 40)), ((3,), (3, 4)), ((2, 0), (0, 3))]:
        x, y = integers(rng, a), integers(rng, b)
        np.testing.assert_array_equal(_core.matmul(x, y, dtype="float32"), x.astype("f8") @ y.astype("f8"))


@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_operands_is_touched(dot_isa, side):
    rng = np.random.default_rng(4)
    shapes = [*rng.choice(SIZES, (10, 3)), (1, 1100, 70), (60, 130, 151), (3, 1, 50)]
    for (m, n, k), (ta, tb) in itertools.product(map(tuple, shapes), TRANSPOSES):
        a, b = operands(rng, m, n, k, ta, tb)
        check(guarded(a.view("u2"), side).view(BF16), guarded(b.view("u2"), side).view(BF16), ta, tb)


# Random bfloat16 numbers with exponent fields from `low` to `high`: 0 means zero and subnormal, 255 infinity and NaN.
def patterns(rng, shape, low, high):
    exponent = rng.integers(low, high + 1, shape)
    return (exponent << 7 | rng.integers(0, 128, shape) | rng.integers(0, 2, shape) << 15).astype("u2").view(BF16)


@pytest.mark.parametrize(
    ("low", "high"), [(118, 134), (90, 160), (0, 10), (50, 75), (60, 66), (0, 127), (180, 210), (0, 254), (0, 255)]
)
def test_every_instruction_set_gives_the_same_bits(low, high):
    """Including subnormal operands and sums, overflow, infinities and NaN. The bits of a NaN may differ."""
    rng = np.random.default_rng(low * 256 + high)
    before = _core.active_isa()
    try:
        for m, n, k in [(5, 40, 1), (5, 40, 2), (7, 33, 3), (30, 70, 20), (31, 300, 131), (2, 100, 900)]:
            a, b = patterns(rng, (m, k), low, high), patterns(rng, (k, n), low, high)
            a[rng.random((m, k)) < 0.1] = 0
            results = {}
            for isa in _core.supported_isas():
                _core.force_isa(isa)
                results[isa] = _core.matmul(a, b, dtype="float32").numpy()
            first = results["scalar"]
            for isa, c in results.items():
                nan = np.isnan(first)
                np.testing.assert_array_equal(np.isnan(c), nan, err_msg=isa)
                np.testing.assert_array_equal(c.view("u4")[~nan], first.view("u4")[~nan], err_msg=isa)
    finally:
        _core.force_isa(before)


def test_the_sum_is_two_fused_multiply_adds_a_pair(dot_isa):
    """Against exact arithmetic: in each pair the odd term comes first, and each sum is rounded once to float32."""
    rng = np.random.default_rng(5)
    a, b = patterns(rng, (3, 6), 115, 140), patterns(rng, (6, 4), 115, 140)
    x, y = a.astype("f8"), b.astype("f8")
    expected = np.zeros((3, 4), "f4")
    for k in (1, 0, 3, 2, 5, 4):
        # In float64 the product is exact and, with these exponents, the sum too.
        expected = (expected.astype("f8") + x[:, k : k + 1] * y[k : k + 1]).astype("f4")
    np.testing.assert_array_equal(_core.matmul(a, b, dtype="float32"), expected)


def test_subnormals_count_as_zeros(dot_isa):
    tiny = np.array([[2.0**-127]]).astype(BF16)
    assert float(tiny[0, 0]) > 0
    assert _core.matmul(tiny, np.array([[2.0**100]]).astype(BF16), dtype="float32").numpy() == 0
    assert (
        _core.matmul(np.array([[2.0**-70]]).astype(BF16), np.array([[2.0**-60]]).astype(BF16), dtype="float32").numpy()
        == 0
    )
    # The floating-point mode of the caller is unchanged.
    assert np.float32(2.0**-126) / np.float32(2) > 0


def test_the_error_is_that_of_a_float32_sum(dot_isa):
    rng = np.random.default_rng(6)
    for m, n, k in [(7, 40, 3000), (64, 200, 1000)]:
        a, b = rng.standard_normal((m, k)).astype(BF16), rng.standard_normal((k, n)).astype(BF16)
        bound = k * 2.0**-24 * exact(abs(a), abs(b))
        assert np.all(np.abs(_core.matmul(a, b, dtype="float32").numpy() - exact(a, b)) <= bound)


def test_every_number_of_threads_gives_the_same(threads):
    rng = np.random.default_rng(7)
    for m, n, k in [(300, 200, 100), (1, 4000, 300), (10, 10, 3000)]:
        a, b = rng.standard_normal((m, k)).astype(BF16), rng.standard_normal((k, n)).astype(BF16)
        several = _core.matmul(a, b, dtype="float32")
        _core.set_num_threads(1)
        np.testing.assert_array_equal(several, _core.matmul(a, b, dtype="float32"))
        _core.set_num_threads(threads)


def test_gradients_of_halves_are_float32():
    a, b = _core.tensor(np.ones((2, 3), BF16)), _core.tensor(np.full((3, 4), 2, BF16))
    a.requires_grad = True
    with _core.Tape(grad=True) as tape:
        c = _core.matmul(a, b, dtype="float32")
        (da,) = tape.gradients(c, [a], _core.tensor(np.ones((2, 4), "f4")))
    np.testing.assert_array_equal(c.numpy(), np.full((2, 4), 6, "f4"))
    assert da.dtype == np.float32
    np.testing.assert_array_equal(da.numpy(), np.full((2, 3), 8, "f4"))
