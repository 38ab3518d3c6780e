"""Optimizer kernels against their formulas in NumPy float64: every ISA, any size, any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core

SIZES = [1, 3, 7, 8, 9, 15, 16, 17, 33, 257, 40_001]
RATE, STEP = 0.05, 4


def tensor(a, dtype=None):
    return _core.tensor(np.asarray(a, dtype=dtype))


def cells(rate=RATE, step=STEP):
    return tensor(rate, "float64"), tensor(step, "int64")


def data(n, dtype, count):
    rng = np.random.default_rng(n)
    arrays = [rng.normal(size=n).astype(dtype) for _ in range(count)]
    return [*arrays[:2], *(np.abs(a) for a in arrays[2:])]


def tolerance(dtype):
    return {"float32": 2e-6, "float64": 1e-14}[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_sgd(isa, n, dtype):
    p, g, m = data(n, dtype, 3)
    for momentum, nesterov, decay in [(0.0, False, 0.0), (0.0, False, 0.1), (0.9, False, 0.0), (0.9, True, 0.1)]:
        P, M = tensor(p), tensor(m)
        _core.sgd_update(P, tensor(g), M if momentum else None, *cells(), momentum, nesterov, decay)
        w = p.astype("float64") * (1 - decay * RATE)
        v = momentum * m.astype("float64") - RATE * g
        if not momentum:
            expected = w - RATE * g
        else:
            expected = w + (momentum * v - RATE * g if nesterov else v)
            np.testing.assert_allclose(M.numpy(), v, rtol=tolerance(dtype), atol=tolerance(dtype))
        np.testing.assert_allclose(P.numpy(), expected, rtol=tolerance(dtype), atol=tolerance(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_adam(isa, n, dtype):
    p, g, m, v, h = data(n, dtype, 5)
    b1, b2, eps = 0.8, 0.95, 1e-3
    for amsgrad, decay in [(False, 0.0), (True, 0.1)]:
        P, M, V, H = tensor(p), tensor(m), tensor(v), tensor(h)
        _core.adam_update(P, tensor(g), M, V, H if amsgrad else None, *cells(), b1, b2, eps, weight_decay=decay)
        p64, g64, m64, v64, h64 = (a.astype("float64") for a in (p, g, m, v, h))
        m64 = b1 * m64 + (1 - b1) * g64
        v64 = b2 * v64 + (1 - b2) * g64**2
        h64 = np.maximum(h64, v64)
        t = STEP + 1
        alpha = RATE * np.sqrt(1 - b2**t) / (1 - b1**t)
        expected = p64 * (1 - decay * RATE) - alpha * m64 / (np.sqrt(h64 if amsgrad else v64) + eps)
        pairs = [(P, expected), (M, m64), (V, v64)] + ([(H, h64)] if amsgrad else [])
        for got, value in pairs:
            np.testing.assert_allclose(got.numpy(), value, rtol=tolerance(dtype), atol=tolerance(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_rmsprop(isa, n, dtype):
    p, g, v, m = data(n, dtype, 4)
    a = (0.1 * g).astype(dtype)
    rho, eps = 0.8, 1e-2
    for momentum, centered in [(0.0, False), (0.7, False), (0.0, True), (0.7, True)]:
        P, V, M, A = tensor(p), tensor(v), tensor(m), tensor(a)
        _core.rmsprop_update(
            P, tensor(g), V, M if momentum else None, A if centered else None, *cells(), rho, momentum, eps, 0.0
        )
        p64, g64, v64, m64, a64 = (x.astype("float64") for x in (p, g, v, m, a))
        v64 = rho * v64 + (1 - rho) * g64**2
        a64 = rho * a64 + (1 - rho) * g64
        d = RATE * g64 / np.sqrt((v64 - a64**2 if centered else v64) + eps)
        if momentum:
            d = m64 = momentum * m64 + d
        pairs = [(P, p64 - d), (V, v64)] + ([(M, m64)] if momentum else []) + ([(A, a64)] if centered else [])
        for got, value in pairs:
            np.testing.assert_allclose(got.numpy(), value, rtol=3 * tolerance(dtype), atol=3 * tolerance(dtype))


@pytest.mark.parametrize("t", [1, 2, 3, 10, 1000, 100_000, 2**40])
def test_bias_correction_at_any_step(isa, t):
    """Against 1 - beta^t computed by expm1, without cancellation."""
    P, M, V = tensor([1.0]), tensor([0.0]), tensor([0.0])
    b1, b2 = 0.9, 0.999
    _core.adam_update(P, tensor([2.0]), M, V, None, *cells(0.1, t - 1), b1, b2, 0.0)
    corrected = 0.1 * np.sqrt(-np.expm1(t * np.log(b2))) / -np.expm1(t * np.log(b1))
    np.testing.assert_allclose(P.numpy(), 1 - corrected * 0.2 / np.sqrt(0.004), rtol=1e-13)


def test_elements_do_not_depend_on_their_neighbours(isa):
    """An element has the same bits in a full vector and in the tail of an array."""
    p, g, m, v = data(64, "float32", 4)
    whole = [tensor(a) for a in (p, g, m, v)]
    _core.adam_update(*whole, None, *cells())
    for n in range(1, 35):
        part = [tensor(a[:n]) for a in (p, g, m, v)]
        _core.adam_update(*part, None, *cells())
        for a, b in zip(whole, part, strict=True):
            np.testing.assert_array_equal(a.numpy()[:n], b.numpy())


def test_the_same_bits_for_any_number_of_threads():
    n = 100_003
    results = set()
    before = _core.get_num_threads()
    for threads in (1, 2, 3, 8):
        _core.set_num_threads(threads)
        p, g, m, v = (tensor(a) for a in data(n, "float32", 4))
        out = tensor(np.zeros(n, "float32"))
        _core.clip_gradient_norm([g], [out], 1.0, True)
        _core.adam_update(p, out, m, v, None, *cells())
        results.add(b"".join(a.numpy().tobytes() for a in (p, m, v, out)))
    _core.set_num_threads(before)
    assert len(results) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("global_norm", [False, True])
@pytest.mark.parametrize("sizes", [(5,), (17, 1), (40_001,), (3, 40_001, 20)], ids=str)
def test_clip_norm(isa, sizes, global_norm, dtype):
    rng = np.random.default_rng(1)
    xs = [rng.normal(size=n).astype(dtype) for n in sizes]
    for limit in (0.5, 1e6):
        ys = [tensor(np.zeros(n, dtype)) for n in sizes]
        _core.clip_gradient_norm([tensor(x) for x in xs], ys, limit, global_norm)
        norms = [np.linalg.norm(x.astype("float64")) for x in xs]
        if global_norm:
            norms = [np.linalg.norm(norms)] * len(xs)
        for x, y, norm in zip(xs, ys, norms, strict=True):
            np.testing.assert_allclose(y.numpy(), x.astype("float64") * min(1, limit / norm), rtol=tolerance(dtype))
            if norm <= limit:
                np.testing.assert_array_equal(y.numpy(), x)


def test_squares_do_not_overflow(isa):
    x = np.array([3e30, 4e30], dtype="float32")
    y = tensor(np.zeros(2, "float32"))
    _core.clip_gradient_norm([tensor(x)], [y], 5.0, False)
    np.testing.assert_allclose(y.numpy(), [3, 4], rtol=1e-6)


def test_a_norm_that_is_not_finite_is_not_hidden(isa):
    for bad in (np.inf, np.nan):
        x, y = tensor([1.0, bad]), tensor([0.0, 0.0])
        _core.clip_gradient_norm([x], [y], 1.0, True)
        assert np.isnan(y.numpy()).all()
        _core.clip_gradient_norm([x], [y], 1.0, False)
        assert np.isnan(y.numpy()[1])
        _core.clip_gradient_value(x, y, 0.5)
        np.testing.assert_array_equal(y.numpy(), [0.5, np.nan if np.isnan(bad) else 0.5])


def test_clip_value_and_division(isa):
    x = np.linspace(-2, 2, 41).astype("float32")
    y = tensor(np.zeros(41, "float32"))
    _core.clip_gradient_value(tensor(x), y, 0.7)
    np.testing.assert_array_equal(y.numpy(), np.clip(x, np.float32(-0.7), np.float32(0.7)))
    _core.divide_gradient(tensor(x), y, 3.0)
    np.testing.assert_array_equal(y.numpy(), x / np.float32(3))


@pytest.mark.parametrize("every", [2, 3])
def test_accumulation_waits_for_the_last_of_its_calls(isa, every):
    rng = np.random.default_rng(2)
    steps = rng.normal(size=(6, 19))
    total, y, p = tensor(np.zeros(19)), tensor(np.zeros(19)), tensor(np.zeros(19))
    lr, iteration = cells(1.0, 0)
    for i, g in enumerate(steps):
        _core.accumulate_gradient(tensor(g), total, y, iteration, every)
        _core.sgd_update(p, y, None, lr, iteration, every=every)
        _core.increment(iteration)
        full = (i + 1) // every * every
        expected = -steps[:full].reshape(-1, every, 19).mean(1).sum(0) if full else 0
        np.testing.assert_allclose(p.numpy(), np.broadcast_to(expected, 19), rtol=1e-13, atol=1e-15)
    assert not total.numpy().any()


def test_average(isa):
    p, average = tensor(np.arange(21.0)), tensor(np.full(21, 9.0))
    step = tensor(0, "int64")
    _core.ema_update(p, average, step, 0.75)
    np.testing.assert_array_equal(average.numpy(), np.arange(21.0))  # the first average is the value
    p.copy_from(np.zeros(21))
    _core.increment(step)
    _core.ema_update(p, average, step, 0.75, 2)
    np.testing.assert_array_equal(average.numpy(), 0.75 * np.arange(21.0))
    np.testing.assert_array_equal(p.numpy(), average.numpy())


def test_errors_name_op_and_shapes():
    p, g = tensor(np.zeros(3)), tensor(np.zeros(4))
    with pytest.raises(ValueError, match=r"sgd_update.*3 elements.*\(4,\)"):
        _core.sgd_update(p, g, None, *cells())
    with pytest.raises(TypeError, match="one dtype"):
        _core.sgd_update(p, tensor(np.zeros(3, "float32")), None, *cells())
    with pytest.raises(TypeError, match="learning rate as one float64 cell"):
        _core.sgd_update(p, p, None, tensor(0.1, "float32"), cells()[1])
    with pytest.raises(TypeError, match="iteration as one int64 cell"):
        _core.adam_update(p, p, p, p, None, cells()[0], tensor(0, "int32"))
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.clip_gradient_value(tensor([1, 2]), tensor([1, 2]), 1.0)
