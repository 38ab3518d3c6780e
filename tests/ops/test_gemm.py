"""Matrix products: exact on integers, else against NumPy in float64; gradients against difference quotients."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core
from support.differences import check_gradients, gradients
from support.guarded import guarded
from support.products import DTYPES, exact, integers

# Sizes around every width of a vector, a tile and a group of columns.
SIZES = [*range(1, 18), 31, 32, 33, 63, 64, 65, 127, 128, 129]
TRANSPOSES = list(itertools.product([False, True], repeat=2))
# One or two shapes for each path of gemm_choice.cpp: (path, M, N, K, transpose_b).
PATHS = [
    ("gemm_direct", 10, 11, 11, False),
    ("gemm_direct", 200, 60, 60, True),
    ("gemm_packed", 60, 512, 1100, False),
    ("gemm_packed", 130, 400, 500, True),
    ("gemm_slice_k", 10, 10, 20000, False),
    ("gemm_stream", 1, 500, 600, False),
    ("gemm_stream", 3, 500, 600, False),
    ("gemm_dot", 1, 300, 70, True),
    ("gemm_dot", 4, 33, 70, True),
]


def operands(rng, m, n, k, ta, tb, dtype):
    return integers(rng, (k, m) if ta else (m, k), dtype), integers(rng, (n, k) if tb else (k, n), dtype)


def kernels_of(function, *shapes, dtype="float32"):
    """The names of the kernels in a recording of `function`."""
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([function(*(tape.input(s, dtype, str(i)) for i, s in enumerate(shapes)))])
    return [r["kernel"] for r in plan.records()]


def recorded(function, *arrays):
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([function(*(tape.input(x.shape, str(x.dtype), str(i)) for i, x in enumerate(arrays)))])
    return plan.run(list(arrays))[0][0]


# ---- values ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_integers_are_exact_around_every_edge(isa, dtype, ta, tb):
    rng = np.random.default_rng(1)
    for m, n, k in rng.choice(SIZES, (120, 3)):
        a, b = operands(rng, m, n, k, ta, tb, dtype)
        np.testing.assert_array_equal(_core.matmul(a, b, ta, tb), exact(a, b, ta, tb), err_msg=f"{m} x {n} x {k}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiny_products_exhaustively(isa, dtype):
    rng = np.random.default_rng(2)
    for m, n, k in itertools.product([1, 2, 3, 5, 9, 15], [1, 2, 7, 9, 17], [1, 2, 5, 17]):
        for ta, tb in TRANSPOSES:
            a, b = operands(rng, m, n, k, ta, tb, dtype)
            np.testing.assert_array_equal(
                _core.matmul(a, b, ta, tb), exact(a, b, ta, tb), err_msg=f"{m} x {n} x {k} {ta} {tb}"
            )


@pytest.mark.parametrize(("path", "m", "n", "k", "tb"), PATHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_path_is_taken_and_exact(isa, path, m, n, k, tb, dtype):
    rng = np.random.default_rng(3)
    a, b = operands(rng, m, n, k, False, tb, dtype)
    names = kernels_of(lambda x, y: _core.matmul(x, y, False, tb), a.shape, b.shape, dtype=dtype)
    assert f"{path}_{'f32' if dtype == 'float32' else 'f64'}" in names
    np.testing.assert_array_equal(_core.matmul(a, b, False, tb), exact(a, b, False, tb))
    bias = integers(rng, n, dtype)
    if not tb:
        expected = np.maximum(exact(a, b) + bias.astype("int64"), 0)
        np.testing.assert_array_equal(_core.dense(a, b, bias, "relu"), expected)


def test_a_column_is_computed_as_a_row(isa):
    rng = np.random.default_rng(4)
    for m, k in [(5, 1), (5, 3), (130, 70), (70, 500)]:
        a, w, b = integers(rng, (m, k)), integers(rng, (k, 1)), integers(rng, 1)
        np.testing.assert_array_equal(_core.dense(a, w, b), exact(a, w) + b.astype("int64"))
        np.testing.assert_array_equal(_core.matmul(a.T.copy(), w, True), exact(a, w))
        np.testing.assert_array_equal(_core.matmul(a, w.T.copy(), False, True), exact(a, w))
    assert kernels_of(_core.matmul, (32, 784), (784, 1)) == ["gemm_dot_f32"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_error_stays_below_k_roundings(isa, dtype):
    """|c - ab| <= K u |a||b|, the bound of any order of summation."""
    rng = np.random.default_rng(5)
    u = np.finfo(dtype).eps / 2
    for m, n, k in [(7, 9, 8192), (1, 40, 8192), (33, 65, 1000), (64, 200, 3000), (10, 10, 8000)]:
        a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
        wide = np.longdouble if dtype == "float64" else np.float64
        bound = k * u * (np.abs(a).astype(wide) @ np.abs(b).astype(wide))
        truth = a.astype(wide) @ b.astype(wide)
        for got in (_core.matmul(a, b), _core.matmul(a, b.T.copy(), False, True), _core.matmul(a.T.copy(), b, True)):
            assert np.all(np.abs(got - truth) <= bound)


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((5, 2, 3), (3, 4)),
     ((5, 2, 3), (5, 3, 4)), ((2, 1, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((5, 2, 3), (1, 3, 4)),
     ((6, 1, 2, 3), (1, 5, 3, 4)), ((2, 3), (6, 5, 3, 2)), ((2, 3, 17, 9), (2, 1, 9, 5)), ((0, 2, 3), (3, 4)),
     ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((4, 3), (3, 0)), ((2, 3, 0), (2, 0, 1))],
)  # fmt: skip
def test_axes_follow_numpy(isa, a, b):
    rng = np.random.default_rng(6)
    x, y = integers(rng, a), integers(rng, b)
    got = _core.matmul(x, y)
    expected = x @ y
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_array_equal(got, expected)
    if x.size and y.size:
        check_gradients(_core.matmul, [rng.standard_normal(a), rng.standard_normal(b)])


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 70),
    st.sampled_from(TRANSPOSES),
    st.integers(1, 3),
    st.data(),
)
def test_batched_products_of_any_shape(m, n, k, transposes, batch, data):
    ta, tb = transposes
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    left, right = data.draw(st.sampled_from([(batch, batch), (1, batch), (batch, 1)]))
    a, b = integers(rng, (left, k, m) if ta else (left, m, k)), integers(rng, (right, n, k) if tb else (right, k, n))
    np.testing.assert_array_equal(_core.matmul(a, b, ta, tb), exact(a, b, ta, tb))


def test_no_terms_give_zeros_and_the_bias(isa):
    assert not _core.matmul(np.zeros((3, 0), "f4"), np.zeros((0, 20), "f4")).any()
    bias = np.arange(20.0)
    np.testing.assert_array_equal(_core.dense(np.zeros((3, 0)), np.zeros((0, 20)), bias), np.tile(bias, (3, 1)))


def test_gradients_of_empty_products_are_zeros(isa):
    for a, b in [
        ((2, 0), (0, 3)),
        ((1, 2, 3), (0, 3, 4)),
        ((0, 3), (3, 2)),
        ((2, 3), (3, 0)),
        ((3, 1, 2, 3), (1, 0, 3, 4)),
    ]:
        for g in gradients(_core.matmul, [np.ones(a), np.ones(b)], np.ones((np.ones(a) @ np.ones(b)).shape)):
            assert not g.any()
    dx, dw, db = gradients(_core.dense, [np.ones((0, 3)), np.ones((3, 4)), np.ones(4)], np.ones((0, 4)))
    assert dx.shape == (0, 3)
    assert not dw.any()
    assert not db.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("path", "m", "n", "k", "tb"), PATHS)
def test_not_finite_numbers_reach_what_they_touch(isa, bad, path, m, n, k, tb):
    """0 * NaN and 0 * inf are NaN, so zeros must not be skipped; elements of other rows are not affected."""
    rng = np.random.default_rng(7)
    a, b = operands(rng, m, n, k, False, tb, "float32")
    i, p, j = m // 2, k - 1, n - 1
    a[i, p] = bad
    (b.T if tb else b)[p, j] = 0
    got = _core.matmul(a, b, False, tb)
    with np.errstate(invalid="ignore"):
        expected = a.astype("f8") @ (b.T if tb else b).astype("f8")
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_array_equal(got[~np.isnan(got)], expected[~np.isnan(expected)])
    assert np.isnan(got[i, j])


# ---- memory ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_outside_the_operands_is_touched(isa, dtype, side):
    """Operands and results border on protected memory pages.

    The results are gradients, because those can be written to given memory.
    """
    rng = np.random.default_rng(8)
    shapes = [
        *rng.choice(SIZES, (25, 3)),
        (1, 500, 600),
        (2, 500, 600),
        (1, 33, 70),
        (60, 400, 500),
        (10, 10, 20000),
        (70, 1, 40),
    ]
    for (m, n, k), (ta, tb) in itertools.product(map(tuple, shapes), TRANSPOSES):
        a, b = (guarded(x, side) for x in operands(rng, m, n, k, ta, tb, dtype))
        seed = guarded(integers(rng, (m, n), dtype), side)
        x, y = _core.as_tensor(a), _core.as_tensor(b)
        x.requires_grad = y.requires_grad = True
        da, db = guarded(np.full(a.shape, 7, dtype), side), guarded(np.full(b.shape, 7, dtype), side)
        with _core.Tape(grad=True) as tape:
            c = _core.matmul(x, y, ta, tb)
            tape.set_grad_target(x, _core.as_tensor(da))
            tape.set_grad_target(y, _core.as_tensor(db))
            tape.gradients(c, [x, y], _core.as_tensor(seed))
        np.testing.assert_array_equal(c.numpy(), exact(a, b, ta, tb))
        expected_a = exact(seed, b, False, not tb)
        expected_b = exact(a, seed, not ta, False)
        np.testing.assert_array_equal(da, expected_a.T if ta else expected_a)
        np.testing.assert_array_equal(db, expected_b.T if tb else expected_b)


# ---- the same bits ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "shape", [(300, 200, 100), (64, 1000, 700), (1, 4000, 300), (2, 3000, 400), (10, 10, 30000), (1000, 16, 100)]
)
def test_bits_do_not_depend_on_threads(isa, threads, shape):
    m, n, k = shape
    rng = np.random.default_rng(10)
    a, b = rng.standard_normal((m, k)).astype("f4"), rng.standard_normal((k, n)).astype("f4")
    got = [_core.matmul(a, b), _core.matmul(a, b.T.copy(), False, True), _core.matmul(a.T.copy(), b, True)]
    _core.set_num_threads(1)
    alone = [_core.matmul(a, b), _core.matmul(a, b.T.copy(), False, True), _core.matmul(a.T.copy(), b, True)]
    for x, y in zip(got, alone, strict=True):
        np.testing.assert_array_equal(x, y)


def test_an_element_does_not_depend_on_its_neighbours(isa):
    """The same row and column give the same bits in products of any size that are computed in tiles."""
    rng = np.random.default_rng(11)
    a, b = rng.standard_normal((130, 90)).astype("f4"), rng.standard_normal((90, 130)).astype("f4")
    whole = _core.matmul(a, b)
    for m, n in [(5, 1 + 1), (6, 17), (29, 130), (130, 33)]:
        np.testing.assert_array_equal(_core.matmul(a[:m], np.ascontiguousarray(b[:, :n])), whole[:m, :n])


def test_recorded_and_eager_products_have_the_same_bits(isa):
    rng = np.random.default_rng(12)
    for _, m, n, k, tb in PATHS:
        a, b = rng.standard_normal((m, k)).astype("f4"), rng.standard_normal((n, k) if tb else (k, n)).astype("f4")
        product = lambda x, y, tb=tb: _core.matmul(x, y, False, tb)  # noqa: E731
        np.testing.assert_array_equal(recorded(product, a, b), product(a, b))


# ---- gradients -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("ta", "tb"), TRANSPOSES)
def test_gradients_of_matmul(isa, ta, tb):
    rng = np.random.default_rng(13)
    for m, n, k in [(3, 4, 5), (1, 5, 3), (4, 1, 3), (3, 4, 1), (9, 17, 6)]:
        a, b = rng.standard_normal((k, m) if ta else (m, k)), rng.standard_normal((n, k) if tb else (k, n))
        check_gradients(lambda a, b: _core.matmul(a, b, ta, tb), [a, b])
    check_gradients(
        lambda a, b: _core.matmul(a, b, ta, tb), [rng.standard_normal((2, 1, 3, 3)), rng.standard_normal((4, 3, 3))]
    )


def test_gradient_of_a_square():
    check_gradients(lambda a: _core.matmul(a, a), [np.random.default_rng(14).standard_normal((4, 4))])


# ---- kernels of a recorded step --------------------------------------------------------------------------------------
def test_small_products_stay_on_the_calling_thread_and_large_ones_are_cut():
    def chunks(m, n, k):
        tape = _core.Tape(record=True)
        with tape:
            plan = tape.compile([_core.matmul(tape.input((m, k), "float32", "a"), tape.input((k, n), "float32", "b"))])
        return next(r["chunks"] for r in plan.records() if "pack_b" not in r["kernel"])

    assert chunks(10, 11, 11) == chunks(32, 32, 32) == chunks(32, 16, 200) == 1
    assert chunks(1024, 1024, 1024) >= 16
    assert chunks(10000, 64, 64) >= 16
    assert chunks(32, 4096, 4096) >= 16


# ---- errors and type promotion ---------------------------------------------------------------------------------------
def test_wrong_shapes_are_named():
    f = np.ones
    with pytest.raises(
        ValueError,
        match=r"matmul: expected the summed axes to agree, 3 of the first and 4 of the second.*\(2, 3\).*\(4, 5\)",
    ):
        _core.matmul(f((2, 3)), f((4, 5)))
    with pytest.raises(ValueError, match=r"matmul: expected batch axes that agree.*\(2, 3, 3\).*\(4, 3, 3\)"):
        _core.matmul(f((2, 3, 3)), f((4, 3, 3)))
    with pytest.raises(ValueError, match="at least one axis"):
        _core.matmul(f(()), f((4,)))
    with pytest.raises(ValueError, match=r"dense: expected x with a last axis of 4.*received shape \(2, 3\)"):
        _core.dense(f((2, 3)), f((4, 5)))
    with pytest.raises(ValueError, match=r"dense: expected a bias of shape \(5,\), received \(4,\)"):
        _core.dense(f((2, 4)), f((4, 5)), f(4))
    with pytest.raises(ValueError, match=r"dense: expected a kernel of shape \(inputs, units\), received shape \(4,\)"):
        _core.dense(f((2, 4)), f(4))


def test_floats_of_two_widths_meet_in_the_wider():
    """The wider type results, as in Keras and NumPy."""
    a, b = np.full((2, 3), 0.1, "f4"), np.full((3, 2), 0.1)
    for c in (_core.matmul(a, b), _core.dense(a, b)):
        assert c.dtype == "float64"
        np.testing.assert_allclose(c.numpy(), a.astype("f8") @ b, rtol=1e-15)
