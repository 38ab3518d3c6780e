"""Pooling of codes: the largest code, and the exact mean rounded half to even, on every instruction set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from netlet import _core
from netlet.ops.spatial.windows import Window
from support.codes import codes
from support.guarded import guarded

POOLS = {"max": _core.max_pool, "average": _core.average_pool}
TYPES = ["uint8", "int8"]


def half_even(total, count):
    """total / count in integers, rounded half to even."""
    low, rest = np.divmod(total, count)
    up = (2 * rest > count) | ((2 * rest == count) & (low % 2 == 1))
    return low + up


def definition(op, x, window, strides, pads):
    """Window by window, in int64."""
    n, *size, c = x.shape
    out = [(b + s + a - w) // t + 1 for s, w, t, (b, a) in zip(size, window, strides, pads, strict=True)]
    y = np.zeros((n, *out, c), x.dtype)
    for at in itertools.product(*map(range, out)):
        starts = [p * t - b for p, t, (b, _) in zip(at, strides, pads, strict=True)]
        cells = tuple(slice(max(0, s), s + w) for s, w in zip(starts, window, strict=True))
        flat = x[(slice(None), *cells)].reshape(n, -1, c).astype("int64")
        y[(slice(None), *at)] = flat.max(1) if op == "max" else half_even(flat.sum(1), flat.shape[1])
    return y


def case(seed):
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    size = rng.integers(1, 11, axes)
    channels = int(rng.choice([1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130]))
    same = bool(rng.integers(2))
    window = [int(rng.integers(1, m + 1)) for m in (np.full(axes, 7) if same else size)]
    if rng.random() < 0.5:  # common windows have loops of their own
        side = int(rng.integers(2, 4))
        window = [side if same else min(side, int(s)) for s in size]
    strides = [int(t) for t in rng.integers(1, 4, axes)] if rng.random() < 0.5 else window
    placed = Window(tuple(window), tuple(strides), (1,) * axes, "same" if same else "valid")
    x = codes(rng, (int(rng.integers(1, 3)), *size, channels), TYPES[seed % 2])
    return x, window, strides, placed.pads(x.shape[1:-1])


@pytest.mark.parametrize("op", POOLS)
@pytest.mark.parametrize("group", range(4))
def test_values(isa, op, group):
    for seed in range(group * 40, group * 40 + 40):
        x, *arguments = case(seed)
        y, want = np.asarray(POOLS[op](x, *arguments)), definition(op, x, *arguments)
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, want, err_msg=f"seed {seed}: {x.shape} {arguments}")


@pytest.mark.parametrize("op", POOLS)
def test_long_rows_and_large_windows(isa, op):
    rng = np.random.default_rng(1)
    for shape, window in [((1, 9000, 3), [4]), ((1, 600, 130), [2]), ((2, 256, 256, 1), [256, 256])]:
        for dtype in TYPES:
            x, pads = codes(rng, shape, dtype), [(0, 0)] * len(window)
            np.testing.assert_array_equal(POOLS[op](x, window, window, pads), definition(op, x, window, window, pads))
    for value, dtype in [(0, "uint8"), (255, "uint8"), (-128, "int8"), (127, "int8")]:
        y = np.asarray(POOLS[op](np.full((1, 65536, 1), value, dtype), [65536], [1], [(0, 0)]))
        assert y.dtype == dtype and y.item() == value


def test_a_mean_of_half_rounds_to_even(isa):
    x = np.array([[0, 1], [1, 2], [254, 255], [253, 254]], "uint8").reshape(4, 2, 1)
    np.testing.assert_array_equal(_core.average_pool(x, [2], [2], [(0, 0)]).numpy().ravel(), [0, 2, 254, 254])
    x = np.array([[0, -1], [-1, -2], [-128, -127]], "int8").reshape(3, 2, 1)
    np.testing.assert_array_equal(_core.average_pool(x, [2], [2], [(0, 0)]).numpy().ravel(), [0, -2, -128])


@pytest.mark.parametrize("dtype", TYPES)
def test_the_largest_code_is_the_code_of_the_largest_number(isa, dtype):
    x = np.random.default_rng(2).normal(0, 1, (2, 8, 8, 20)).astype("float32")
    scale, zero, where = np.float32(0.013), np.array(7, dtype), ([2, 2], [2, 2], [(0, 0), (0, 0)])
    np.testing.assert_array_equal(
        _core.max_pool(_core.quantize_with(x, scale, zero, dtype), *where),
        _core.quantize_with(_core.max_pool(x, *where), scale, zero, dtype),
    )


@pytest.mark.parametrize("op", POOLS)
@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_outside_the_image_is_touched(isa, op, side):
    for seed in range(40):
        x, *arguments = case(seed)
        np.testing.assert_array_equal(POOLS[op](guarded(x, side), *arguments), definition(op, x, *arguments))


@pytest.mark.parametrize("op", POOLS)
def test_every_number_of_threads_gives_the_same(threads, op):
    x, where = codes(np.random.default_rng(3), (9, 31, 37, 70), "uint8"), ([3, 3], [2, 2], [(0, 0), (0, 0)])
    np.testing.assert_array_equal(POOLS[op](x, *where), definition(op, x, *where))


@pytest.mark.parametrize("op", POOLS)
def test_empty_and_wrong_arguments(op):
    assert POOLS[op](np.zeros((0, 4, 3), "uint8"), [2], [2], [(0, 0)]).shape == (0, 2, 3)
    assert POOLS[op](np.zeros((2, 4, 0), "int8"), [2], [2], [(0, 0)]).shape == (2, 2, 0)
    with pytest.raises(ValueError, match="larger than the image"):
        POOLS[op](np.zeros((1, 4, 3), "uint8"), [5], [5], [(0, 0)])
    with pytest.raises(TypeError, match=f"{op}_pool"):
        POOLS[op](np.zeros((1, 4, 3), "int32"), [2], [2], [(0, 0)])


def test_means_of_huge_windows_are_refused():
    with pytest.raises(ValueError, match="average_pool: expected windows of at most 65536 cells for codes"):
        _core.average_pool(np.zeros((1, 65537, 1), "uint8"), [65537], [1], [(0, 0)])
