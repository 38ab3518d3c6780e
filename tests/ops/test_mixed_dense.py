"""dense and matmul in bfloat16 with float32 or bfloat16 operands: bit by bit against the definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.bf16 import BF16, magnitude, product, rounded
from support.differences import leaf, value_and_gradients
from support.guarded import guarded

SHAPES = [(1, 1, 1), (3, 5, 1), (5, 17, 2), (7, 33, 9), (31, 64, 130), (40, 300, 77), (130, 70, 801), (300, 129, 64)]
U = 2.0**-8  # half a unit in the last place of bfloat16


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def bits(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint16 if x.dtype == BF16 else np.uint32)


@pytest.mark.parametrize("kernel_dtype", ["float32", BF16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_dense_and_its_gradients_bit_by_bit(dot_isa, shape, activation, kernel_dtype):
    m, n, k = shape
    x, w, b, dy = normal(1, m, k).astype(BF16), normal(2, k, n).astype(kernel_dtype), normal(3, n), normal(4, m, n)
    y, (dx, dw, db) = value_and_gradients(lambda x, w, b: _core.dense(x, w, b, activation), (x, w, b), dy)
    z = product(x, w, b)
    expected = (np.maximum(z, 0) if activation == "relu" else z).astype(BF16)
    np.testing.assert_array_equal(bits(y), bits(expected))
    dz = dy * (expected > 0) if activation == "relu" else dy
    assert (dx.dtype, dw.dtype, db.dtype) == (np.float32,) * 3
    np.testing.assert_array_equal(dx, product(dz, w.astype("float32").T))
    np.testing.assert_array_equal(dw, product(x.astype("float32").T, dz))
    np.testing.assert_allclose(db, dz.sum(0, dtype="float64"), atol=m * 2.0**-24 * np.abs(dz).sum(0).max())


def test_long_sums_into_few_elements(dot_isa):
    """The gradient of a kernel over many rows is summed in slices."""
    x, w, dy = normal(1, 9_000, 20).astype(BF16), normal(2, 20, 33), normal(4, 9_000, 33)
    _, (dx, dw) = value_and_gradients(lambda x, w: _core.dense(x, w), (x, w), dy)
    a, b = rounded(x).T, rounded(dy)
    assert np.all(np.abs(dw - a.astype("f8") @ b.astype("f8")) <= 9_000 * 2.0**-24 * magnitude(a, b))
    np.testing.assert_array_equal(dx[::97], product(dy[::97], w.T))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu", "silu"])
def test_activations_are_computed_in_float32(dot_isa, activation):
    x, w, b = normal(1, 33, 40).astype(BF16), normal(2, 40, 50), normal(3, 50)
    fused = activation in ("sigmoid", "tanh")
    z = product(x, w, b) if fused else product(x, w, b).astype(BF16).astype("float32")
    expected = np.asarray(_core.activation(z, activation), "float64")
    y, _ = value_and_gradients(lambda x: _core.dense(x, w, b, activation), (x,), np.ones((33, 50), "f4"))
    assert y.dtype == BF16
    np.testing.assert_allclose(y.astype("f8"), expected, rtol=U, atol=1e-30)


@pytest.mark.parametrize("transposes", list(itertools.product([False, True], repeat=2)), ids=str)
def test_matmul_with_a_bfloat16_result(dot_isa, transposes):
    ta, tb = transposes
    for m, n, k in [(3, 4, 5), (33, 70, 20), (70, 200, 150)]:
        a, b, dy = normal(1, 2, m, k).astype(BF16), normal(2, 2, k, n), normal(3, 2, m, n)
        stored_a, stored_b = (a.swapaxes(1, 2).copy() if ta else a), (b.swapaxes(1, 2).copy() if tb else b)
        c, (da, db) = value_and_gradients(
            lambda a, b: _core.matmul(a, b, ta, tb, dtype="bfloat16"), (stored_a, stored_b), dy
        )
        assert c.dtype == BF16 and da.dtype == db.dtype == np.float32
        for i in range(2):
            np.testing.assert_array_equal(bits(c[i]), bits(product(a[i], b[i]).astype(BF16)))
            da_i, db_i = (da[i].T if ta else da[i]), (db[i].T if tb else db[i])
            exact_a, exact_b = (
                rounded(dy[i]) @ rounded(b[i]).T.astype("f8"),
                rounded(a[i]).T @ rounded(dy[i]).astype("f8"),
            )
            assert np.all(np.abs(da_i - exact_a) <= n * 2.0**-24 * magnitude(dy[i], b[i].T) * 1.02)
            assert np.all(np.abs(db_i - exact_b) <= m * 2.0**-24 * magnitude(a[i].astype("f4").T, dy[i]) * 1.02)


def test_gradients_of_broadcast_operands_are_summed(dot_isa):
    a, b, dy = normal(1, 3, 1, 5, 40).astype(BF16), normal(2, 4, 40, 33), normal(3, 3, 4, 5, 33)
    c, (da, db) = value_and_gradients(lambda a, b: _core.matmul(a, b, dtype="bfloat16"), (a, b), dy)
    wide = [rounded(v).astype("f8") for v in (a, b, dy)]
    np.testing.assert_allclose(c.astype("f8"), wide[0] @ wide[1], rtol=U, atol=1e-3)
    np.testing.assert_allclose(da, (wide[2] @ wide[1].swapaxes(-1, -2)).sum(1, keepdims=True), rtol=0, atol=2e-4)
    np.testing.assert_allclose(db, (wide[0].swapaxes(-1, -2) @ wide[2]).sum(0), rtol=0, atol=2e-4)


def test_two_bfloat16_operands_have_float32_gradients_of_bfloat16_products(dot_isa):
    a, b, dy = normal(1, 30, 50).astype(BF16), normal(2, 50, 20).astype(BF16), normal(3, 30, 20)
    _, (da, db) = value_and_gradients(lambda a, b: _core.matmul(a, b, dtype="bfloat16"), (a, b), dy)
    np.testing.assert_array_equal(da, product(dy, b.astype("f4").T))
    np.testing.assert_array_equal(db, product(a.astype("f4").T, dy))


def test_every_instruction_set_gives_the_same_bits():
    """Also of float32 operands that are subnormal, infinite or NaN. The bits of a NaN may differ."""
    rng, results, before = np.random.default_rng(7), {}, _core.active_isa()
    pattern = lambda *shape: rng.integers(0, 2**32, shape, dtype=np.uint32).view("float32")  # noqa: E731
    halves = lambda *shape: rng.integers(0, 2**16, shape, dtype=np.uint16).view(BF16)  # noqa: E731
    cases = [(halves(40, 50), pattern(50, 70), pattern(40, 70)) for _ in range(4)]
    tiny = (rng.integers(1, 2**24, (50, 70)) * 2.0**-149).astype("float32")  # around the smallest normal number
    cases += [(normal(1, 40, 50).astype(BF16) * BF16(2**10), tiny, tiny[:40])]
    try:
        for isa in _core.supported_isas():
            _core.force_isa(isa)
            found = []
            for x, w, dy in cases:
                y, grads = value_and_gradients(lambda x, w: _core.dense(x, w), (x, w), dy)
                found += [y, *grads]
            results[isa] = found
        for isa, found in results.items():
            for got, want in zip(found, results["scalar"], strict=True):
                nan = np.isnan(want.astype("f4"))
                np.testing.assert_array_equal(np.isnan(got.astype("f4")), nan, err_msg=isa)
                np.testing.assert_array_equal(bits(got)[~nan], bits(want)[~nan], err_msg=isa)
    finally:
        _core.force_isa(before)


def test_every_number_of_threads_gives_the_same(threads):
    for m, n, k in [(300, 200, 500), (5_000, 30, 20), (8, 600, 700)]:
        arrays, dy = (normal(1, m, k).astype(BF16), normal(2, k, n), normal(3, n)), normal(4, m, n)
        several, grads = value_and_gradients(lambda *a: _core.dense(*a, "tanh"), arrays, dy)
        _core.set_num_threads(1)
        one, of_one = value_and_gradients(lambda *a: _core.dense(*a, "tanh"), arrays, dy)
        _core.set_num_threads(threads)
        for a, b in zip([several, *grads], [one, *of_one], strict=True):
            np.testing.assert_array_equal(bits(a), bits(b))


@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_operands_is_touched(dot_isa, side):
    for m, n, k in [(3, 5, 7), (31, 65, 33), (60, 300, 200), (1, 130, 501)]:
        x = guarded(normal(1, m, k).astype(BF16).view("u2"), side).view(BF16)
        w, b, dy = (guarded(normal(s, *shape), side) for s, shape in enumerate([(k, n), (n,), (m, n)]))
        value_and_gradients(lambda x, w, b: _core.dense(x, w, b, "relu"), (x, w, b), dy)
        _core.dense(x, w, b)


def test_the_second_derivative_is_that_of_float32(dot_isa):
    x, w, b = normal(1, 4, 6).astype(BF16), normal(2, 6, 5), normal(3, 5)

    def penalty(x):
        leaves = [leaf(v) for v in (x, w, b)]
        with netlet.GradientTape() as outer:
            with netlet.GradientTape() as inner:
                y = _core.dense(*leaves, "tanh")
            dx = inner.gradient(y, leaves)[0]
            loss = ops.sum(ops.square(dx))
        return outer.gradient(loss, leaves)[1].numpy()

    np.testing.assert_allclose(penalty(x), penalty(x.astype("f4")), rtol=1e-5, atol=1e-5)


def test_empty_products(dot_isa):
    y = _core.dense(np.ones((3, 0), BF16), np.ones((0, 40), "f4"), np.full(40, 2, "f4"))
    np.testing.assert_array_equal(y, np.full((3, 40), 2, BF16))
    assert _core.dense(np.ones((0, 3), BF16), np.ones((3, 4), "f4")).shape == (0, 4)


def test_errors():
    x = np.ones((2, 3), BF16)
    with pytest.raises(
        TypeError, match="dense: expected a float32 or bfloat16 kernel for a bfloat16 x, received float64"
    ):
        _core.dense(x, _core.tensor(np.ones((3, 4))))
    with pytest.raises(ValueError, match=r"expected x with a last axis of 4 for a kernel of shape \(4, 4\)"):
        _core.dense(x, np.ones((4, 4), "f4"))
    with pytest.raises(ValueError, match=r"expected a bias of shape \(4,\), received \(3,\)"):
        _core.dense(x, np.ones((3, 4), "f4"), np.ones(3, "f4"))
    with pytest.raises(TypeError, match="matmul: expected float32 or bfloat16 operands for a bfloat16 result"):
        _core.matmul(x, _core.tensor(np.ones((3, 4))), dtype="bfloat16")
    with pytest.raises(ValueError, match="matmul: expected dtype bfloat16, float32 or None, received int8"):
        _core.matmul(x, x, dtype="int8")


@pytest.mark.parametrize("rows", [1, 13, 14, 15, 29, 64, 200])
@pytest.mark.parametrize(("size", "units"), [(4, 8), (16, 16), (40, 70), (900, 33)])
def test_gradients_of_an_input_with_two_products_add_up(rows, size, units):
    """The second product adds to the float32 gradient that the first one wrote, row by row."""
    rng = np.random.default_rng(rows)
    x = ops.cast(rng.normal(size=(rows, size)).astype("float32"), "bfloat16")
    kernels = [rng.normal(size=(size, units)).astype("float32") for _ in range(2)]
    dy = rng.normal(size=(rows, units)).astype("float32")

    def gradient(kernels):
        with netlet.GradientTape() as tape:
            tape.watch(x)
            loss = sum(ops.sum(ops.cast(_core.dense(x, kernel), "float32") * dy) for kernel in kernels)
        return tape.gradient(loss, x).numpy()

    alone = [gradient([kernel]) for kernel in kernels]
    np.testing.assert_allclose(gradient(kernels), alone[0] + alone[1], rtol=1e-5, atol=1e-5)
