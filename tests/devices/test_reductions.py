"""Reductions, normalization, scans, sorting and entries by position on a GPU, against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core

SIZES = [1, 2, 3, 7, 16, 17, 31, 32, 33, 64, 65, 129]
BOUND = {"float32": 1e-5, "float64": 1e-12}


def results(device, f, arrays, differentiated):
    """The arrays of f(*arrays) on a device, and the gradients of the sum of the first times a fixed array."""
    with netlet.device(device):
        tensors = [None if a is None else _core.tensor(a) for a in arrays]
        sources = [t for t in tensors[:differentiated] if t is not None]
        for t in sources:
            t.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = f(*tensors)
            y = [*y] if isinstance(y, (tuple, list)) else [y]
            grads = []
            if sources:
                dy = np.random.default_rng(9).standard_normal(y[0].shape).astype(arrays[0].dtype)
                grads = tape.gradients(y[0], sources, dy)
        return [t.numpy() for t in (*y, *grads)]


def check(device, f, *arrays, differentiated=0, exact=False):
    """The device's results are the CPU's, up to rounding, and have the same bits each time."""
    there, again = (results(device, f, arrays, differentiated) for _ in range(2))
    for ours, second, reference in zip(there, again, results("cpu", f, arrays, differentiated), strict=True):
        np.testing.assert_array_equal(ours, second)
        if exact or reference.dtype.kind not in "f":
            np.testing.assert_array_equal(ours, reference)
        elif reference.size:
            bound = BOUND[reference.dtype.name]
            most = np.abs(reference[np.isfinite(reference)]).max(initial=1e-30)
            np.testing.assert_allclose(ours, reference, rtol=bound, atol=bound * most)


def numbers(rng, dtype, shape):
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind == "i":
        return rng.integers(-(2**31), 2**31, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


# ---- reduce
@pytest.mark.parametrize("seed", range(12))
def test_reduce(device, seed):
    rng = np.random.default_rng(seed)
    shape = [int(rng.choice(SIZES)) for _ in range(int(rng.integers(1, 4)))]
    if np.prod(shape) > 40_000:
        shape = shape[:2]
    axes = [a for a in range(len(shape)) if rng.random() < 0.6] or None
    for dtype in ("float32", "float64", "int32", "int64"):
        x = numbers(rng, dtype, shape)
        for op in (_core.sum, _core.max, _core.min, _core.prod):
            floats = 1 if dtype[0] == "f" else 0
            check(device, lambda x, op=op: op(x, axes), x, differentiated=floats)
    for op in (_core.any, _core.all):
        check(device, lambda x, op=op: op(x, axes), numbers(rng, "bool", shape))
    check(device, lambda x: _core.mean(x, axes), numbers(rng, "float32", shape), differentiated=1)


@pytest.mark.parametrize("shape", [(40_001,), (3, 17_000), (2100, 3), (5000, 40), (2, 1100, 1)])
def test_reduce_long_axes(device, shape):
    x = numbers(np.random.default_rng(1), "float32", shape)
    check(device, lambda x: [_core.sum(x, [0]), _core.sum(x), _core.max(x, [len(shape) - 1])], x)
    check(device, lambda x: [_core.argmax(x, len(shape) - 1), _core.argmin(x, 0), _core.argmax(x)], x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_argmax_takes_the_first_of_equal_numbers_and_the_first_nan(device, dtype):
    rng = np.random.default_rng(5)
    for shape in [(1, 1), (9, 10), (33, 65), (3, 2100), (7, 5, 3)]:
        x = rng.integers(-3, 4, shape).astype(dtype)
        if dtype[0] == "f":
            x[rng.random(shape) < 0.02] = np.nan
        for axis in range(len(shape)):
            check(device, lambda x, a=axis: [_core.argmax(x, a), _core.argmin(x, a), _core.max(x, [a])], x)


# ---- normalization
@pytest.mark.parametrize("seed", range(14))
def test_row_normalization(device, seed):
    rng = np.random.default_rng(seed)
    R, C = int(rng.choice(SIZES)), int(rng.choice([*SIZES, 300, 1100, 2500]))
    R = min(R, 9) if C > 200 else R
    dtype = "float64" if seed % 3 == 0 else "float32"
    x = numbers(rng, dtype, (R, C)) + np.asarray(seed % 2 * 10, dtype)
    gamma, beta = (numbers(rng, dtype, (C,)) if rng.random() < 0.7 else None for _ in range(2))
    for centred in (True, False):
        check(device, lambda x, g, b, c=centred: _core.layer_norm(x, g, b, 1e-3, c), x, gamma, beta, differentiated=3)


@pytest.mark.parametrize("seed", range(14))
def test_column_normalization(device, seed):
    rng = np.random.default_rng(seed)
    N, R = int(rng.integers(1, 4)), int(rng.choice([*SIZES, 700]))
    groups, D = int(rng.choice([1, 2, 3, 8])), int(rng.choice([1, 2, 5, 16]))
    C = groups * D
    R = min(R, 20_000 // (N * C) + 2)
    dtype = "float64" if seed % 3 == 0 else "float32"
    x = numbers(rng, dtype, (N, R, C)) + np.asarray(seed % 2 * 10, dtype)
    gamma, beta = (numbers(rng, dtype, (C,)) if rng.random() < 0.7 else None for _ in range(2))
    mean, variance = numbers(rng, dtype, (C,)), np.abs(numbers(rng, dtype, (C,)))
    check(device, lambda x, g, b: _core.batch_norm(x, g, b, 1e-3), x, gamma, beta, differentiated=3)
    check(device, lambda x, g, b: _core.group_norm(x, groups, g, b, 1e-3), x, gamma, beta, differentiated=3)
    check(
        device,
        lambda x, m, v, g, b: _core.given_norm(x, m, v, g, b, 1e-3),
        *(x, mean, variance, gamma, beta),
        differentiated=5,
    )
    kernel = numbers(rng, dtype, (7, C))
    check(device, lambda k, m, v, g, b: _core.fold_norm(k, None, m, v, g, b, 1e-3), kernel, mean, variance, gamma, beta)


# ---- positions
@pytest.mark.parametrize("seed", range(12))
def test_take(device, seed):
    rng = np.random.default_rng(seed)
    shape = [int(rng.choice(SIZES[:9])) for _ in range(int(rng.integers(1, 4)))]
    axis = int(rng.integers(len(shape)))
    k = int(rng.choice([1, 5, 40, 300]))
    index = rng.integers(-shape[axis], shape[axis], k).astype(rng.choice(["int32", "int64"]))
    if rng.random() < 0.5:
        index[: k // 2] = 0  # a row that many positions name
    for dtype in ("float32", "float64"):
        check(device, lambda x: _core.take(x, index, axis), numbers(rng, dtype, shape), differentiated=1)
    for dtype in ("int32", "int64", "bool"):
        check(device, lambda x: _core.take(x, index, axis), numbers(rng, dtype, shape))


def test_take_of_a_long_table(device):
    rng = np.random.default_rng(1)
    index = rng.integers(0, 700, 600).astype("int32")
    for width in (1, 3, 64, 300):
        check(device, lambda x: _core.take(x, index, 0), numbers(rng, "float32", (700, width)), differentiated=1)


@pytest.mark.parametrize("seed", range(8))
def test_take_along_axis(device, seed):
    rng = np.random.default_rng(seed)
    shape = [int(rng.choice(SIZES[:9])) for _ in range(int(rng.integers(1, 4)))]
    axis = int(rng.integers(len(shape)))
    places = shape.copy()
    places[axis] = int(rng.choice([1, 5, 40]))
    index = rng.integers(-shape[axis], shape[axis], places).astype("int64")
    for dtype in ("float32", "float64"):
        check(device, lambda x: _core.take_along_axis(x, index, axis), numbers(rng, dtype, shape), differentiated=1)
    check(device, lambda x: _core.take_along_axis(x, index, axis), numbers(rng, "int32", shape))


@pytest.mark.parametrize("op", ["set", "add", "mul", "max", "min"])
def test_scatter(device, op):
    rng = np.random.default_rng(2)
    for shape, depth, k in [((9,), 1, 5), ((5, 7), 2, 30), ((33, 17), 1, 60), ((4, 3, 65), 2, 11), ((300, 2), 1, 290)]:
        index = np.stack([rng.integers(-n, n, k) for n in shape[:depth]], -1).astype("int32")
        for dtype in ("float32", "float64", "int32", "int64"):
            x, updates = numbers(rng, dtype, shape), numbers(rng, dtype, (k, *shape[depth:]))
            count = (1 if op == "mul" else 2) if dtype[0] == "f" else 0
            check(device, lambda x, u, i=index: _core.scatter(x, i, u, op), x, updates, differentiated=count)


def test_one_hot(device):
    rng = np.random.default_rng(3)
    for shape in [(1,), (33,), (5, 17)]:
        index = rng.integers(-2, 9, shape).astype("int32")
        for dtype in ("float32", "float64", "int32", "bool"):
            for axis in range(len(shape) + 1):
                check(device, lambda i, d=dtype, a=axis: _core.one_hot(i, 8, d, a), index)


def test_positions_out_of_range(device):
    with netlet.device(device), pytest.raises(ValueError, match="out of bounds"):
        _core.take(_core.tensor(np.zeros((3, 2), "float32")), _core.tensor(np.asarray([0, 3], "int32")), 0)
    with netlet.device(device), pytest.raises(ValueError, match="lies outside"):
        _core.check_index(_core.tensor(np.asarray([0, 3, -1], "int64")), 3)


# ---- scan, sort
@pytest.mark.parametrize("shape", [(1,), (17,), (300,), (5, 65), (65, 5), (3, 7, 33), (2, 600)])
def test_scan(device, shape):
    rng = np.random.default_rng(4)
    for axis in range(len(shape)):
        for dtype in ("float32", "float64"):
            x = numbers(rng, dtype, shape)
            check(device, lambda x, a=axis: _core.cumsum(x, a), x, differentiated=1)
            check(device, lambda x, a=axis: _core.cumprod(x, a), x, differentiated=1)
        for dtype in ("int32", "int64"):
            x = numbers(rng, dtype, shape)
            check(device, lambda x, a=axis: [_core.cumsum(x, a), _core.cumprod(x, a)], x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_sort(device, dtype):
    rng = np.random.default_rng(6)
    for shape in [(1,), (17,), (3, 33), (33, 3), (2, 129), (2, 1025), (2100,), (1500, 2)]:
        x = rng.integers(-9, 9, shape).astype(dtype)
        if dtype[0] == "f":
            x = rng.choice(np.asarray([np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5, -2.0, 3.0], dtype), shape)
        for axis in range(len(shape)):
            check(device, lambda x, a=axis: [_core.sort(x, a), _core.argsort(x, a)], x, exact=True)
        for k in (0, 1, shape[-1] // 2, shape[-1]):
            check(device, lambda x, k=k: _core.top_k(x, k), x, exact=True)
    if dtype[0] == "f":
        x = numbers(rng, dtype, (5, 40))
        check(device, lambda x: _core.sort(x, 1), x, differentiated=1)
        check(device, lambda x: _core.sort(x, 0), x, differentiated=1)
        check(device, lambda x: _core.top_k(x, 7), x, differentiated=1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_searchsorted(device, dtype):
    rng = np.random.default_rng(7)
    for n in (0, 1, 33, 129):
        sequence, x = np.sort(rng.integers(-9, 9, n)).astype(dtype), rng.integers(-11, 11, (3, 17)).astype(dtype)
        for right in (False, True):
            check(device, lambda s, x, r=right: _core.searchsorted(s, x, r), sequence, x)


def test_in_top_k(device):
    rng = np.random.default_rng(8)
    for rows, n in [(1, 1), (9, 10), (33, 65)]:
        x = rng.integers(0, 5, (rows, n)).astype("float32")
        x[rng.random(x.shape) < 0.05] = np.nan
        target = rng.integers(-1, n + 1, rows).astype("int64")
        for k in (1, 3):
            check(device, lambda t, x, k=k: _core.in_top_k(t, x, k), target, x)
