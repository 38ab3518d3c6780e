"""ops.matmul of NumPy arrays in any memory layout: read in place if possible, copied otherwise; always correct."""

from __future__ import annotations

import gc
import sys
import threading

import numpy as np
import pytest

import netlet
from netlet import _core, ops
from support.guarded import guarded

EXTENTS = [1, 2, 3, 8, 17, 33, 130]


def layouts(x: np.ndarray):
    """The values of x in many memory layouts, as pairs (name, array)."""
    rows, columns = x.shape
    yield "C", x
    yield "F", np.asfortranarray(x)
    wide = np.full((rows, columns + 5), np.nan, x.dtype)
    wide[:, 2 : 2 + columns] = x
    yield "leading dimension", wide[:, 2 : 2 + columns]
    tall = np.full((columns + 3, rows + 4), np.nan, x.dtype)
    tall[:columns, 1 : 1 + rows] = x.T
    yield "transposed, leading dimension", tall[:columns, 1 : 1 + rows].T
    spread = np.full((2 * rows, 3 * columns), np.nan, x.dtype)
    spread[::2, ::3] = x
    yield "every second row, every third column", spread[::2, ::3]
    yield "rows backwards", np.ascontiguousarray(x[::-1])[::-1]
    yield "columns backwards", np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    odd = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    odd[...] = x
    yield "not aligned", odd
    yield "other byte order", x.astype(x.dtype.newbyteorder())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layout_gives_the_exact_product(isa, dtype):
    rng = np.random.default_rng(3)
    for m, n, k in rng.choice(EXTENTS, (12, 3)):
        a, b = rng.integers(-8, 9, (m, k)).astype(dtype), rng.integers(-8, 9, (k, n)).astype(dtype)
        for (how_a, x), (how_b, y) in [(p, q) for p in layouts(a) for q in layouts(b)]:
            c = ops.matmul(x, y)
            assert type(c) is netlet.Tensor
            assert c.dtype == dtype
            np.testing.assert_array_equal(c, a @ b, err_msg=f"{m}x{n}x{k}: {how_a} times {how_b}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_do_not_depend_on_the_layout(isa, dtype):
    rng = np.random.default_rng(7)
    for m, n, k in [(1, 5, 40), (4, 90, 33), (5, 1, 50), (30, 40, 50), (60, 130, 300), (50, 70, 5000), (4, 700, 200)]:
        a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        expected = ops.convert_to_numpy(ops.matmul(_core.as_tensor(a), _core.as_tensor(b)))
        for (how_a, x), (how_b, y) in [(p, q) for p in layouts(a) for q in layouts(b)]:
            np.testing.assert_array_equal(ops.matmul(x, y), expected, err_msg=f"{m}x{n}x{k}: {how_a} times {how_b}")


@pytest.mark.parametrize("ta", [False, True])
@pytest.mark.parametrize("tb", [False, True])
def test_transposes_that_are_asked_for(isa, ta, tb):
    rng = np.random.default_rng(11)
    for m, n, k in [(1, 5, 40), (4, 90, 33), (5, 1, 50), (30, 40, 50), (60, 130, 300), (2, 3, 1)]:
        a, b = rng.normal(size=(k, m) if ta else (m, k)), rng.normal(size=(n, k) if tb else (k, n))
        expected = ops.convert_to_numpy(_core.matmul(_core.as_tensor(a), _core.as_tensor(b), ta, tb))
        np.testing.assert_allclose(expected, (a.T if ta else a) @ (b.T if tb else b), rtol=1e-12, atol=1e-12)
        for (how_a, x), (how_b, y) in [(p, q) for p in layouts(a) for q in layouts(b)]:
            message = f"{m}x{n}x{k}: {how_a} times {how_b}"
            np.testing.assert_array_equal(_core.matmul(x, y, ta, tb), expected, err_msg=message)
    with pytest.raises(ValueError, match="matmul"):
        _core.matmul(np.ones((2, 3)), np.ones((4, 5)), ta, tb)
    row = np.arange(3.0)
    np.testing.assert_array_equal(_core.matmul(row, np.eye(3), ta, tb), row)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_twenty_thousand_small_products_are_exact(isa, dtype):
    rng = np.random.default_rng(8)
    a, b = (rng.integers(-8, 9, 4000).astype(dtype) for _ in range(2))
    for m, n, k in rng.integers(1, 36, (20_000, 3)):
        x, y = a[: m * k].reshape(m, k), b[: k * n].reshape(k, n)
        if not np.array_equal(ops.matmul(x, y), x @ y):
            np.testing.assert_array_equal(ops.matmul(x, y), x @ y, err_msg=f"{m} x {n} x {k}")


@pytest.mark.parametrize("step", [1, 2, 7])
def test_vectors_with_a_step(isa, step):
    rng = np.random.default_rng(4)
    for m, k in [(1, 1), (3, 5), (40, 33), (700, 300)]:
        a = rng.integers(-8, 9, (m, k)).astype("float32")
        row, column = (rng.integers(-8, 9, n * step).astype("float32")[::step] for n in (m, k))
        np.testing.assert_array_equal(ops.matmul(a, column), a @ column)
        np.testing.assert_array_equal(ops.matmul(row, a), row @ a)
        np.testing.assert_array_equal(ops.matmul(np.asfortranarray(a), column), a @ column)
        product = ops.matmul(column, column)
        assert product.shape == ()
        assert product == column @ column


def test_broadcast_and_empty_operands_take_the_general_way():
    x = np.arange(6, dtype="float32").reshape(2, 3)
    constant = np.broadcast_to(np.float32(2), (3, 4))
    np.testing.assert_array_equal(ops.matmul(x, constant), x @ constant)
    assert ops.matmul(np.ones((0, 3), "f4"), np.ones((3, 2), "f4")).shape == (0, 2)
    np.testing.assert_array_equal(ops.matmul(np.ones((2, 0), "f4"), np.ones((0, 2), "f4")), np.zeros((2, 2)))


def test_wrong_shapes_are_named_here_too():
    with pytest.raises(ValueError, match=r"matmul.*\(2, 3\) and \(2, 3\)"):
        ops.matmul(np.ones((2, 3), "f4"), np.ones((2, 3), "f4"))
    with pytest.raises(ValueError, match="matmul"):
        ops.matmul(np.ones((), "f4"), np.ones((2, 3), "f4"))


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_between_the_rows_is_needed(isa, dtype, side):
    """With a leading dimension, the memory may end at the last element of the last row; nothing after it is read."""
    rng = np.random.default_rng(5)
    for m, n, k in [(3, 5, 7), (17, 33, 9), (64, 64, 64), (1, 300, 70), (90, 70, 1), (130, 400, 500)]:
        a, b = rng.integers(-8, 9, (m, k)).astype(dtype), rng.integers(-8, 9, (k, n)).astype(dtype)

        def strided(x, transposed):
            x = x.T if transposed else x
            flat = guarded(np.zeros((x.shape[0] - 1) * (x.shape[1] + 3) + x.shape[1], dtype), side)
            view = np.lib.stride_tricks.as_strided(flat, x.shape, ((x.shape[1] + 3) * x.itemsize, x.itemsize))
            view[...] = x
            return view.T if transposed else view

        for ta, tb in [(False, False), (True, False), (False, True), (True, True)]:
            np.testing.assert_array_equal(ops.matmul(strided(a, ta), strided(b, tb)), a @ b)


def test_the_result_belongs_to_the_caller():
    a = np.eye(3, dtype="float32")
    c = ops.matmul(a, a).numpy()
    assert c.flags.writeable
    before = sys.getrefcount(c.dtype)
    for _ in range(1000):
        ops.matmul(a, a)
    gc.collect()
    assert sys.getrefcount(c.dtype) <= before + 10


def test_inside_a_tape_the_product_is_recorded():
    a = np.arange(4, dtype="float32").reshape(2, 2)
    tape = _core.Tape(record=True)
    with tape:
        y = _core.matmul(tape.input((2, 2), "float32", "x"), a)
        plan = tape.compile([y])
    np.testing.assert_array_equal(plan.run([a])[0][0], a @ a)
    w = netlet.Variable(a)
    with netlet.GradientTape() as outer:
        loss = ops.sum(ops.matmul(a, w))
    np.testing.assert_array_equal(outer.gradient(loss, w), a.T @ np.ones((2, 2)))


def test_many_python_threads_at_once():
    rng = np.random.default_rng(6)
    pairs = [(rng.integers(-8, 9, (n, n)).astype("f4"), rng.integers(-8, 9, (n, n)).astype("f8")) for n in (4, 50, 90)]
    wrong = []

    def work():
        for _ in range(50):
            for single, double in pairs:
                for x in (single, double):
                    if not np.array_equal(ops.matmul(x, x), x @ x):
                        wrong.append(x.shape)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert wrong == []
