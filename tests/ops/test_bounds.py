"""Kernels with strided operands access no byte outside them: the operands border on protected memory pages."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.guarded import guarded

SHAPES = [(1, 1), (2, 1), (1, 5), (3, 2), (5, 3), (7, 8), (17, 9), (16, 33), (33, 17), (40, 5), (3, 300), (300, 3)]
BLOCKS = [(2, 3, 4), (3, 17, 2), (2, 33, 9), (1, 40, 17), (2, 9, 3, 5)]


@pytest.fixture(params=["begin", "end"])
def fence(request):
    return lambda x: guarded(np.array(x, order="C"), request.param)


def numbers(shape, dtype="float32"):
    return (np.random.default_rng(0).uniform(0.1, 0.9, shape) * (9 if np.dtype(dtype).kind != "f" else 1)).astype(dtype)


def check(f, fence, *arrays):
    """Runs f forward and backward on operands and an output gradient in guarded memory (support/guarded.py)."""
    expected = f(*arrays)
    inside = [_core.as_tensor(fence(x)) for x in arrays]
    floats = [t for t, x in zip(inside, arrays, strict=True) if x.dtype.kind == "f"]
    for t in floats:
        t.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(*inside)
        if y.requires_grad:
            seed = _core.as_tensor(fence(numbers(tuple(y.shape), str(y.dtype))))
            tape.gradients(y, floats, seed)
    np.testing.assert_array_equal(y.numpy(), expected)


REDUCTIONS = ["sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(isa, fence, name, dtype):
    for shape in SHAPES + BLOCKS:
        x = numbers(shape, dtype)
        for axis in (None, *range(len(shape))):
            check(lambda v, a=axis: getattr(_core, name)(v, a), fence, x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
def test_moves(isa, fence, dtype):
    for shape in SHAPES + BLOCKS:
        x = numbers(shape, dtype)
        rank = x.ndim
        for axes in (
            range(rank)[::-1],
            [0, *range(1, rank)[::-1]],
            [rank - 1, *range(rank - 1)],
            [1, 0, *range(2, rank)],
        ):
            check(lambda v, a=list(axes): _core.transpose(v, a), fence, x)
        for index in (
            (slice(None, None, -1), slice(None, None, -2)),
            (slice(None), -1),
            (Ellipsis, slice(None, None, 3)),
            (slice(1, None), slice(None, 1)),
            (slice(None, None, 2), slice(1, None, 2)),
        ):
            check(lambda v, i=index: _core.getitem(v, i), fence, x)
        check(lambda v, r=rank: _core.flip(v, list(range(r))), fence, x)
        check(lambda v, r=rank: _core.pad(v, [1] * r, [2] * r), fence, x)
        check(lambda v, s=shape: _core.broadcast_to(v, (3, *s)), fence, x)
        check(lambda v, r=rank: _core.tile(v, [2] * r), fence, x)
        check(lambda v: _core.repeat(v, 3, -1), fence, x)
        for axis in range(rank):
            check(lambda u, v, a=axis: _core.concatenate([u, v, u], a), fence, x, x)
            check(lambda v, a=axis: _core.split(v, [1, 2], a)[-1], fence, x)
            index = np.array([0, shape[axis] - 1, -1, -shape[axis]])
            check(lambda v, i, a=axis: _core.take(v, i, a), fence, x, index)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_broadcasts(isa, fence, dtype):
    for shape in SHAPES + BLOCKS:
        x = numbers(shape, dtype)
        others = [x, x[:1], x[..., :1], x[-1], np.ones((), dtype)] + ([x[:, :1]] if x.ndim > 2 else [])
        for y in (np.array(o, order="C") for o in others):
            for name in ("add", "subtract", "multiply", "divide", "maximum"):
                check(getattr(_core, name), fence, x, y)
                check(getattr(_core, name), fence, y, x)
            for name in ("less", "equal", "logical_and"):
                check(getattr(_core, name), fence, x, y)
                check(getattr(_core, name), fence, y, x)
            check(_core.where, fence, x > np.median(x), x, y)
            check(_core.where, fence, y > np.median(y), y, x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_along_any_axis(isa, fence, dtype):
    for shape in SHAPES + BLOCKS:
        for axis in range(len(shape)):
            for name in ("softmax", "log_softmax", "logsumexp"):
                check(lambda v, n=name, a=axis: getattr(_core, n)(v, a), fence, numbers(shape, dtype))


def test_one_hot(isa, fence):
    for n in (1, 7, 16, 33):
        check(lambda v: _core.one_hot(v, 5), fence, np.arange(n, dtype="int32") % 6)
        check(lambda v: _core.one_hot(v, 5, "float64", 0), fence, np.arange(n) % 6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_order_and_running_sums(isa, fence, dtype):
    for shape in [*SHAPES, *BLOCKS, (2, 70), (70, 2), (3, 130)]:
        x = numbers(shape, dtype)
        for axis in range(len(shape)):
            check(lambda v, a=axis: _core.sort(v, a), fence, x)
            check(lambda v, a=axis: _core.argsort(v, a), fence, x)
            check(lambda v, a=axis: _core.cumsum(v, a), fence, x)
            check(lambda v, a=axis: _core.cumprod(v, a), fence, x)
        k = min(5, shape[-1])
        check(lambda v, k=k: _core.top_k(v, k)[0], fence, x)
        targets = np.arange(int(np.prod(shape[:-1]))).reshape(shape[:-1]) % (shape[-1] + 1)
        check(lambda t, v: _core.in_top_k(t, v, 2), fence, targets, x)
        check(_core.searchsorted, fence, np.sort(x.reshape(-1)), x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_positions(isa, fence, dtype):
    for shape in SHAPES + BLOCKS:
        x = numbers(shape, dtype)
        for axis, n in enumerate(shape):
            index = (np.arange(x.size).reshape(shape) * 7) % n
            check(lambda v, i, a=axis: _core.take_along_axis(v, i, a), fence, x, index)
        for depth in range(1, len(shape) + 1):
            at = np.stack([np.array([0, n - 1, -1, -n]) for n in shape[:depth]], -1)
            for how in ("set", "add", "max"):
                updates = numbers((4, *shape[depth:]), dtype)
                check(lambda v, i, u, h=how: _core.scatter(v, i, u, h), fence, x, at, updates)
        check(lambda v, u: _core.slice_update(v, [0] * v.ndim, u), fence, x, x[:, :1])
