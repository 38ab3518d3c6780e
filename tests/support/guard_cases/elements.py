"""Cases of kernels of single elements, along axes, and of indices."""

from __future__ import annotations

import numpy as np

from netlet import _core
from support.guard_cases.table import FLOATS, NUMBERS, SIZES, case, numbers, with_gradients

SHAPES = [(1, 1), (3, 7), (17, 3), (2, 33), (33, 2), (2, 3, 9)]


@case(*FLOATS)
def filled(dtype):
    random = [_core.random(name, (n,), dtype, 0.0, 1.0, 3, False) for name in ("uniform", "normal") for n in SIZES]
    dropped = [with_gradients(lambda x: _core.dropout(x, 0.3, 5), numbers(n, dtype=dtype)) for n in SIZES]
    return [_core.full((n,), dtype, 2.5) for n in SIZES], random, dropped


@case("float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool")
def casts(dtype):
    return [_core.cast(_core.cast(numbers(n, dtype="float64"), dtype), to) for n in SIZES for to in (*NUMBERS, "int8")]


@case(*FLOATS)
def accumulated(dtype):
    total = [_core.tensor(numbers(n, dtype=dtype)) for n in SIZES]
    for x in total:
        _core.accumulate_into(numbers(x.shape[0], dtype=dtype, seed=1), x)
    return total


@case()
def counters():
    cell = _core.tensor(3, "int64")
    _core.increment(cell)
    return cell


@case(*NUMBERS, "int8", "uint8")
def pairs(dtype):
    found = []
    for n in SIZES:
        x, y = numbers(3, n, dtype=dtype), numbers(3, n, dtype=dtype, seed=1)
        for a, b in ((x, y), (x, y[0]), (x, y[:, :1].copy()), (x, y[0, 0])):
            found += [getattr(_core, f)(a, b) for f in ("add", "multiply", "maximum", "less", "equal", "logical_and")]
            found += [getattr(_core, f)(a, b) for f in ("floor_divide", "mod")]
            found += [getattr(_core, f)(a, b) for f in (("gcd",) if np.dtype(dtype).kind != "f" else ("hypot",))]
            found.append(_core.where(_core.less(a, b), a, b))
    return found


@case(*FLOATS)
def functions(dtype):
    found = []
    for n in SIZES:
        x, y = numbers(3, n, dtype=dtype), numbers(3, n, dtype=dtype, seed=1)
        for f in ("exp", "sqrt", "sin", "erf", "lgamma", "digamma", "cbrt", "i0", "arcsin"):
            found.append(with_gradients(getattr(_core, f), x))
        for f in ("add", "divide", "power", "maximum", "arctan2"):
            found += [with_gradients(getattr(_core, f), x, y), with_gradients(getattr(_core, f), x, y[0])]
        for name in ("gelu", "relu", "softplus"):
            found.append(with_gradients(lambda v, name=name: _core.activation(v, name), x))
        found += [_core.isfinite(x), _core.isnan(x), _core.signbit(x)]
    return found


@case(*NUMBERS, "bool")
def reductions(dtype):
    names = ("any", "all") if dtype == "bool" else ("sum", "max", "prod", "argmax")
    arrays = [numbers(*shape, dtype=dtype) for shape in SHAPES]
    return [getattr(_core, f)(x, axis) for f in names for x in arrays for axis in (None, 0, 1)]


@case(*FLOATS)
def gradients_of_reductions(dtype):
    names = ("sum", "max", "prod", "softmax", "log_softmax", "logsumexp", "cumsum", "cumprod")
    arrays = [numbers(*shape, dtype=dtype) for shape in SHAPES]
    return [
        with_gradients(lambda v, f=f, axis=axis: getattr(_core, f)(v, axis), x)
        for f in names
        for x in arrays
        for axis in (0, 1)
    ]


@case(*NUMBERS)
def ordered(dtype):
    found = []
    for shape in [*SHAPES, (3, 70), (70, 3)]:
        x = numbers(*shape, dtype=dtype)
        for axis in (0, 1):
            found += [getattr(_core, f)(x, axis) for f in ("sort", "argsort", "cumsum", "cumprod")]
        found += [_core.searchsorted(np.sort(x.ravel()), x), *_core.top_k(x, 1)]
        if dtype in FLOATS:
            rows = np.zeros(shape[:-1], "int32")
            found.append(_core.in_top_k(rows, x, 2))
    return found


@case("int8", *FLOATS)
def moves(dtype):
    found = []
    for shape in SHAPES:
        x, rank = numbers(*shape, dtype=dtype), len(shape)
        for f in (
            lambda v, r=rank: _core.transpose(v, list(range(r))[::-1]),
            lambda v: _core.getitem(v, (slice(None, None, -1), slice(None, None, -2))),
            lambda v, r=rank: _core.pad(v, [1] * r, [2] * r),
            lambda v, r=rank: _core.tile(v, [2] * r),
            lambda v, s=shape: _core.broadcast_to(v, (3, *s)),
            lambda v: _core.concatenate([v, v], 1),
        ):
            found.append(f(x) if dtype == "int8" else with_gradients(f, x))
    return found


@case(*NUMBERS)
def positions(dtype):
    def of_shape(rows, columns, *rest):
        x, updates = numbers(rows, columns, *rest, dtype=dtype), numbers(3, *rest, dtype=dtype)
        at = np.array([[0, 0], [-1, -1], [rows - 1, 0]])
        along = np.full(x.shape, columns - 1)
        calls = [
            (lambda v: _core.take(v, np.array([0, -1, columns - 1]), 1), x),
            (lambda v: _core.take(v, np.array([-1, 0, 0, -1]), 0), x),
            (lambda v: _core.take_along_axis(v, along, 1), x),
            *[(lambda v, u, h=how: _core.scatter(v, at, u, h), x, updates) for how in ("set", "add", "max")],
        ]
        return [f(*a) if dtype not in FLOATS else with_gradients(f, *a) for f, *a in calls]

    return [of_shape(*shape) for shape in SHAPES]


@case()
def indices():
    for n in SIZES:
        _core.check_index(np.arange(n, dtype="int32"), n)
    return [_core.one_hot(np.arange(n, dtype="int32"), 5, dtype) for n in SIZES for dtype in FLOATS]
