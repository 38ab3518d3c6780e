"""Update kernels against their formulas in NumPy float64: every ISA, any size, any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support import update_formulas
from support.guarded import guarded
from support.update_calls import cells, elementwise, expected
from support.update_formulas import ELEMENTWISE

RATE, T = 0.05, 5
SIZES = [1, 7, 8, 9, 17, 33, 20_011]
SHAPES = [(), (1,), (33,), (20_011,), (1, 1), (3, 7), (65, 257), (300, 31), (2, 3, 17, 40), (1, 17_000)]
MATRICES = [(1, 1), (3, 7), (7, 3), (40, 65), (300, 31)]


def bound(dtype):
    return {"float32": 5e-6, "float64": 1e-13}[dtype]


def data(shape, dtype, count, seed=0):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape).astype(dtype) for _ in range(count)]
    return [*arrays[:2], *(np.abs(a) for a in arrays[2:])]


def close(got, want, dtype):
    tolerance = bound(dtype)
    np.testing.assert_allclose(got.numpy(), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(isa, name, dtype):
    for n, decay in zip(SIZES, [0.0, 0.1] * 4, strict=False):
        p, g, *slots = data(n, dtype, 2 + ELEMENTWISE[name].slots)
        g[n // 2] = 0
        P, S = _core.tensor(p), [_core.tensor(s) for s in slots]
        elementwise(name, P, _core.tensor(g), S, RATE, T, decay)
        for got, want in zip([P, *S], expected(name, p, g, slots, RATE, T, decay), strict=True):
            close(got, want, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lamb(isa, dtype):
    own = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
    for shape in SHAPES:
        for zero in (False, True):
            p, g, m, v = data(shape, dtype, 4)
            p = p * (not zero)  # a norm of 0
            P, M, V = _core.tensor(p), _core.tensor(m), _core.tensor(v)
            _core.lamb_update(P, _core.tensor(g), M, V, *cells(RATE, T), **own, weight_decay=0.1)
            w, *state = (a.astype("float64") for a in (p * (1 - 0.1 * RATE), g, m, v))
            for got, want in zip((P, M, V), update_formulas.lamb(w, *state, lr=RATE, t=T, **own), strict=True):
                close(got, want, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adafactor(isa, dtype):
    for i, shape in enumerate(SHAPES):
        own = {"beta_2_decay": -0.8, "epsilon_1": 1e-3, "epsilon_2": (1e-3, 5.0)[i % 2], "clip_threshold": 0.5}
        p, g, v = data(shape, dtype, 3)
        r = k = None
        if len(shape) >= 2:
            r, k = np.abs(p.mean(-1)), np.abs(p.mean(-2))
        P, V, R, K = (None if a is None else _core.tensor(a) for a in (p, v, r, k))
        _core.adafactor_update(P, _core.tensor(g), V, R, K, *cells(RATE, T), **own, weight_decay=0.1)
        w, *state = (None if a is None else a.astype("float64") for a in (p * (1 - 0.1 * RATE), g, v, r, k))
        wanted = update_formulas.adafactor(w, *state, lr=RATE, t=T, **own)
        for got, want in zip((P, V, R, K), wanted, strict=True):
            if got is not None:
                close(got, want, dtype)


def test_adafactor_of_a_row_and_a_column_without_gradient(isa):
    """In float32, v is 0 there. Keras's g / sqrt(v) is NaN."""
    g = np.ones((4, 5), "float32")
    g[1], g[:, 2] = 0, 0
    p = _core.tensor(np.ones((4, 5), "float32"))
    v, r, k = (_core.tensor(np.zeros(shape, "float32")) for shape in ((4, 5), (4,), (5,)))
    for t in (1, 2, 3):
        _core.adafactor_update(p, _core.tensor(g), v, r, k, *cells(RATE, t))
    moved = p.numpy() != 1
    np.testing.assert_array_equal(moved, g != 0)
    assert np.isfinite(p.numpy()).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nesterov", [False, True])
def test_muon(isa, nesterov, dtype):
    own = {"momentum": 0.9, "nesterov": nesterov, "a": 3.4, "b": -4.7, "c": 2.0, "factor": 0.7}
    for shape in MATRICES:
        for iterations in (0, 1, 4):
            p, g, m = data(shape, dtype, 3)
            P, M = _core.tensor(p), _core.tensor(m)
            more = {**own, "iterations": iterations}
            _core.muon_update(P, _core.tensor(g), M, *cells(RATE, T), **more, weight_decay=0.1)
            w, *state = (a.astype("float64") for a in (p * (1 - 0.1 * RATE), g, m))
            for got, want in zip((P, M), update_formulas.muon(w, *state, lr=RATE, t=T, **more), strict=True):
                close(got, want, dtype)


@pytest.mark.parametrize("t", [1, 2, 6, 7, 1000, 2**40])
def test_radam_at_any_step(isa, t):
    """With beta_2 = 0.999 the rectification starts at step 6."""
    elements = np.array([1.0]), np.array([2.0]), [np.array([0.1]), np.array([0.01])]
    P, G, S = _core.tensor(elements[0]), _core.tensor(elements[1]), [_core.tensor(s) for s in elements[2]]
    elementwise("radam at first", P, G, S, RATE, t)
    np.testing.assert_allclose(P.numpy(), expected("radam at first", *elements, RATE, t)[0], rtol=1e-10)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_byte_outside_the_operands(isa, side, dtype):
    def fenced(*arrays):
        return [_core.as_tensor(guarded(np.ascontiguousarray(a), side)) for a in arrays]

    for n in (1, 7, 8, 9, 15, 16, 17, 33):
        for name, case in ELEMENTWISE.items():
            p, g, *slots = fenced(*data(n, dtype, 2 + case.slots))
            elementwise(name, p, g, slots, RATE, T)
            assert np.isfinite(p.numpy()).all()
        for shape in ((n,), (n, 3), (3, n), (2, 3, n)):
            p, g, m, v = fenced(*data(shape, dtype, 4))
            _core.lamb_update(p, g, m, v, *cells(RATE, T))
            r = k = None
            if len(shape) > 1:
                r, k = fenced(np.ones(shape[:-1], dtype), np.ones((*shape[:-2], shape[-1]), dtype))
            _core.adafactor_update(p, g, v, r, k, *cells(RATE, T))
            if len(shape) == 2:
                _core.muon_update(p, g, m, *cells(RATE, T))
            assert np.isfinite(p.numpy()).all()


def test_the_same_bits_for_any_number_of_threads():
    results = set()
    before = _core.get_num_threads()
    for threads in (1, 2, 3, 8):
        _core.set_num_threads(threads)
        bits = []
        for name, case in ELEMENTWISE.items():
            p, g, *slots = (_core.tensor(a) for a in data(50_003, "float32", 2 + case.slots))
            elementwise(name, p, g, slots, RATE, T)
            bits += [p, *slots]
        p, g, m, v = (_core.tensor(a) for a in data((300, 301), "float32", 4))
        r, k = (_core.tensor(np.ones(n, "float32")) for n in (300, 301))
        _core.lamb_update(p, g, m, v, *cells(RATE, T))
        _core.adafactor_update(p, g, v, r, k, *cells(RATE, T))
        _core.muon_update(p, g, m, *cells(RATE, T))
        results.add(b"".join(a.numpy().tobytes() for a in (*bits, p, m, v, r, k)))
    _core.set_num_threads(before)
    assert len(results) == 1


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_calls_that_accumulate_change_nothing(name):
    arrays = data(19, "float64", 2 + ELEMENTWISE[name].slots)
    p, g, *slots = (_core.tensor(a) for a in arrays)
    case = ELEMENTWISE[name]
    own = {k: _core.tensor(v, "float64") if k == "u_product" else v for k, v in case.own.items()}
    extra = [None] if case.name == "adam_update" else []
    getattr(_core, case.name)(p, g, *slots, *extra, *cells(RATE, 2), **own, every=3)
    for got, before in zip((p, g, *slots), arrays, strict=True):
        np.testing.assert_array_equal(got.numpy(), before)


def test_nadam_product_counts_updates():
    product, iteration = _core.tensor(1.0, "float64"), _core.tensor(0, "int64")
    wanted, t = 1.0, 0
    for call in range(6):
        _core.nadam_product(product, iteration, 0.9, 2)
        _core.increment(iteration)
        if call % 2:
            t += 1
            wanted *= 0.9 * (1 - 0.5 * 0.96**t)
        np.testing.assert_allclose(product.numpy(), wanted, rtol=1e-14)


def test_errors_say_what_was_expected():
    p, four, matrix = (_core.tensor(np.zeros(s)) for s in ((3,), (4,), (3, 4)))
    with pytest.raises(ValueError, match=r"adagrad_update.*3 elements.*\(4,\)"):
        _core.adagrad_update(p, four, p, *cells(0.1, 1))
    with pytest.raises(TypeError, match="adadelta_update: expected a tensor as slot 1, received nothing"):
        _core.adadelta_update(p, p, p, None, *cells(0.1, 1))
    with pytest.raises(TypeError, match="u_product as one float64 cell"):
        _core.nadam_update(p, p, p, p, *cells(0.1, 1), _core.tensor(1.0, "float32"))
    with pytest.raises(ValueError, match=r"gradient of a matrix, received shape \(3,\)"):
        _core.muon_update(p, p, p, *cells(0.1, 1))
    with pytest.raises(ValueError, match="iterations >= 0, received -1"):
        _core.muon_update(matrix, matrix, matrix, *cells(0.1, 1), iterations=-1)
    with pytest.raises(ValueError, match=r"factors .* of one rank, or none"):
        _core.adafactor_update(matrix, matrix, matrix, p, None, *cells(0.1, 1))
    with pytest.raises(ValueError, match=r"12 elements, received shapes \(3,\) and \(3,\)"):
        _core.adafactor_update(matrix, matrix, matrix, p, p, *cells(0.1, 1))
    rows = _core.RowMap(3, unknown=1, of=[p])
    with pytest.raises(ValueError, match="no row maps, because each step changes all rows"):
        _core.ftrl_update(p, p, p, p, *cells(0.1, 1), written=rows)
    with pytest.raises(ValueError, match="map of the used rows of the slots, received none"):
        _core.lion_update(p, p, p, *cells(0.1, 1), written=rows)
