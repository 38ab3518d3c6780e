"""Elementwise kernels: values against NumPy in float64."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core
from support.elementwise import BINARY, UNARY, argument, numbers

SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257, 1000]
COMPARE = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}
LOGICAL = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}
# Allowed errors in units in the last place (ULP), beyond correct rounding. Functions not listed are exact.
ROUNDINGS = {
    **dict.fromkeys(["exp", "log", "log1p", "expm1", "sin", "cos", "erf", "power"], 1),
    **dict.fromkeys(["exp2", "log2", "log10", "rsqrt"], 2),
    **dict.fromkeys("arctan sinh cosh arcsin arccos arctanh arcsinh arccosh cbrt".split(), 1),
    **dict.fromkeys(["tan", "erfc", "erfinv", "lgamma", "digamma", "i0", "i1"], 3),
}
# In float64 SciPy's own errors are larger than these; tests/ops/test_vmath.py has values of more digits.
OF_SCIPY = {"erfc", "erfinv", "lgamma", "digamma", "i0", "i1"}
INTEGER_BINARY = ["add", "subtract", "multiply", "maximum", "minimum"]


def assert_matches(ours: np.ndarray, truth: np.ndarray, name: str, dtype: str) -> None:
    """Equal to the float64 reference rounded once, or within the function's allowed error in ULP."""
    assert ours.dtype == np.dtype(dtype)
    assert ours.shape == truth.shape
    with np.errstate(over="ignore", under="ignore"):
        expected = truth.astype(dtype)
    if name in OF_SCIPY and dtype == "float64":
        np.testing.assert_allclose(ours, expected, rtol=4e-15, atol=2e-15)
        return
    units = ROUNDINGS.get(name, 0) + (dtype == "float64" and name in ROUNDINGS)  # the float64 reference has errors too
    if not units:
        np.testing.assert_array_equal(ours, expected)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(ours[~finite], expected[~finite])
    # The bound is relative to the result, plus half a unit for its rounding.
    allowed = (units + 0.5) * np.spacing(np.abs(expected[finite]))
    assert np.all(np.abs(ours[finite].astype("float64") - truth[finite]) <= allowed)


# ---- values ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BINARY)
def test_binary_at_every_edge_of_the_vector(isa, name, dtype):
    for n in SIZES:
        a, b = numbers(n, 1, name == "power").astype(dtype), numbers(n, 2).astype(dtype)
        truth = BINARY[name](a.astype("float64"), b.astype("float64"))
        assert_matches(getattr(_core, name)(a, b), truth, name, dtype)
        if n:
            for x, y in ((a, b[:1]), (a[:1], b), (a, b[0]), (np.array(a[0]), b)):
                truth = BINARY[name](x.astype("float64"), y.astype("float64"))
                assert_matches(getattr(_core, name)(x, y), truth, name, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_unary_at_every_edge_of_the_vector(isa, name, dtype):
    positive = name in {"log", "log2", "log10", "log1p", "sqrt", "rsqrt", "lgamma", "digamma"}
    for n in SIZES:
        x = argument(name, numbers(n, n, positive)).astype(dtype)
        truth = UNARY[name](x.astype("float64"))
        assert_matches(getattr(_core, name)(x), truth, name, dtype)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, 3e-39])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*BINARY, *COMPARE, *LOGICAL])
def test_binary_on_special_values(isa, name, dtype):
    x = SPECIAL.astype(dtype)
    a, b = x[:, None], x[None, :]
    table = {**BINARY, **COMPARE, **LOGICAL}
    expected = table[name](a, b)
    ours = getattr(_core, name)(a, b)
    if name == "power":
        np.testing.assert_allclose(ours, expected, rtol=3 * np.finfo(dtype).eps)
    else:
        np.testing.assert_array_equal(ours, expected)
    assert ours.dtype == expected.dtype


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_unary_on_special_values(isa, name, dtype):
    x = SPECIAL.astype(dtype)
    if name in {"sin", "cos", "tan"}:
        x = x[(np.abs(x) < 1e3) | ~np.isfinite(x)]
    if name in {"i0", "i1", "lgamma", "digamma"}:
        x = x[~np.isinf(x)]  # SciPy: NaN, or the wrong sign
    expected = UNARY[name](x.astype("float64")).astype(dtype)
    np.testing.assert_allclose(getattr(_core, name)(x), expected, rtol=6 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["isfinite", "isnan", "isinf", "isposinf", "isneginf", "signbit", "logical_not"])
def test_classification(isa, name, dtype):
    x = np.resize(SPECIAL.astype(dtype), 77)
    np.testing.assert_array_equal(getattr(_core, name)(x), getattr(np, name)(x))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), name=st.sampled_from([*BINARY, "less"]), dtype=st.sampled_from(["float32", "float64"]))
def test_broadcasting(data, name, dtype):
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=6, max_side=5, min_side=0))
    a, b = (numbers(s, i, True).astype(dtype) for i, s in enumerate(shapes.input_shapes))
    table = {**BINARY, **COMPARE}
    truth = table[name](a.astype("float64"), b.astype("float64"))
    assert_matches(getattr(_core, name)(a, b), truth, name, "bool" if name == "less" else dtype)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((4, 3), (3,)),
        ((3,), (50, 3)),
        ((300, 7), (1, 7)),
        ((40, 63), (63,)),
        ((40, 64), (64,)),
        ((40, 65), (65,)),
        ((9, 1), (9, 40)),
        ((2, 5, 40), (2, 1, 40)),
        ((2, 5, 40), (2, 5, 1)),
        ((6, 1, 4, 1), (1, 5, 1, 3)),
        ((3, 1), (1, 70)),
        ((2, 1, 2, 1, 2, 1, 2, 1), (1, 2, 1, 2, 1, 2, 1, 2)),
    ],
    ids=str,
)
def test_broadcasting_by_kind_of_row(isa, a, b):
    x, y = numbers(a, 1).astype("float32"), numbers(b, 2).astype("float32")
    np.testing.assert_array_equal(_core.subtract(x, y), x - y)
    np.testing.assert_array_equal(_core.less(x, y), x < y)
    c = numbers(np.broadcast_shapes(a, b), 3) > 0
    np.testing.assert_array_equal(_core.where(c, x, y), np.where(c, x, y))
    np.testing.assert_array_equal(_core.where(x > 0, y, 1.5), np.where(x > 0, y, np.float32(1.5)))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("name", [*INTEGER_BINARY, *COMPARE])
def test_integers(isa, name, dtype):
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(3)
    for n in (0, 1, 17, 100):
        a = rng.integers(limits.min, limits.max, n, dtype=dtype, endpoint=True)
        b = rng.integers(limits.min, limits.max, n, dtype=dtype, endpoint=True)
        b[::3] = a[::3]
        expected = {**BINARY, **COMPARE}[name](a, b)
        ours = getattr(_core, name)(a, b)
        np.testing.assert_array_equal(ours, expected)
        assert ours.dtype == expected.dtype


def test_integer_unary_stays_integer(isa):
    x = np.array([-3, 0, 4, np.iinfo("int32").max], "int32")
    for name in ("negative", "abs", "square", "sign", "floor", "round"):
        ours = getattr(_core, name)(x)
        np.testing.assert_array_equal(ours, getattr(np, name)(x))
        assert ours.dtype == np.dtype("int32"), name
    np.testing.assert_array_equal(_core.clip(x, -1.5, 3.5), np.clip(x, -1, 3))
    np.testing.assert_allclose(_core.exp(x[:3]), np.exp(x[:3]), rtol=1e-6)
    assert _core.exp(x[:3]).dtype == np.dtype("float32")


def test_dtypes_of_mixed_operands():
    f32, f64 = np.ones(2, "float32"), np.ones(2, "float64")
    i32, i64, boolean = np.ones(2, "int32"), np.ones(2, "int64"), np.ones(2, bool)
    i8, u8 = np.ones(2, "int8"), np.ones(2, "uint8")
    for a, b, expected in [
        (f32, 2, "float32"),
        (f32, 2.5, "float32"),
        (f64, 2.5, "float64"),
        (2.5, f32, "float32"),
        (f32, True, "float32"),
        (i32, 2, "int32"),
        (i32, 2.5, "float32"),
        (i64, 2, "int64"),
        (i32, 2**40, "int64"),
        (boolean, 2, "int32"),
        (u8, u8, "uint8"),
        (i8, i8, "int8"),
        (i8, u8, "int32"),
        (i8, boolean, "int8"),
        (u8, 2, "uint8"),
        (i8, 200, "int32"),
        (i8, i32, "int32"),
        (i8, 2.5, "float32"),
        (i32, i64, "int64"),
        (i64, f32, "float32"),
        (f32, f64, "float64"),
        (boolean, f64, "float64"),
        (2, 3, "int32"),
        (2, 0.5, "float32"),
    ]:
        assert _core.add(a, b).dtype == np.dtype(expected), (a, b)
        assert float(np.ravel(_core.add(a, b))[0]) == float(np.ravel(a)[0]) + float(np.ravel(b)[0])
    assert _core.divide(i32, 2).dtype == np.dtype("float32")
    assert _core.add(_core.tensor(f32), f64).dtype == "float32"  # the ndarray is cast to the Tensor's dtype
    assert _core.add(_core.tensor(f32), _core.tensor(f64)).dtype == "float64"


def test_bytes_stay_bytes(isa):
    """All pairs of values of 8-bit integers wrap around as in NumPy; no cast to a wider type is recorded."""
    for dtype in ("int8", "uint8"):
        x = np.arange(256).astype(dtype)
        a, b = np.repeat(x, 256), np.tile(x, 256)
        for (
            name
        ) in "add subtract multiply maximum minimum equal not_equal less less_equal greater greater_equal".split():
            got, want = getattr(_core, name)(a, b), getattr(np, name)(a, b)
            np.testing.assert_array_equal(got, want)
            assert got.dtype == want.dtype
        for name in "negative abs square sign".split():
            got, want = getattr(_core, name)(x), getattr(np, name)(x)
            np.testing.assert_array_equal(got, want)
            assert got.dtype == want.dtype
        np.testing.assert_array_equal(_core.clip(x, 3, 100), np.clip(x, 3, 100))
        np.testing.assert_array_equal(_core.clip(x, -1000, 1000), x)
        with _core.Tape(record=True) as tape:
            y = _core.less(_core.negative(_core.add(tape.input((3, 5), dtype, "x"), 1)), 7)
            plan = tape.compile([y])
        assert {row["kernel"].rsplit("_", 1)[0] for row in plan.records()} == {"binary", "compare"}


def test_sums_and_products_of_truths():
    """Booleans as in NumPy and Keras: a sum is "or", a product "and", a difference raises an error."""
    a, b = np.array([False, False, True, True]), np.array([False, True, False, True])
    for name in "add multiply maximum minimum".split():
        got = getattr(_core, name)(a, b)
        np.testing.assert_array_equal(got, getattr(np, name)(a, b))
        assert got.dtype == bool
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            assert getattr(_core, name)(x, y).dtype == bool
            assert getattr(_core, name)(x, y) == getattr(np, name)(x, y)
    np.testing.assert_array_equal(_core.abs(a), a)
    np.testing.assert_array_equal(_core.logical_not(a), ~a)
    for call in (lambda: _core.subtract(a, b), lambda: _core.negative(a)):
        with pytest.raises(TypeError, match="bool"):
            call()


def test_powers_by_a_number(isa):
    x = np.array([-2.0, -0.5, 0.0, 0.7, 3.0], "float32")
    for exponent in (1, 2, 3, 2.0, 0, 4, -1):
        with np.errstate(divide="ignore"):
            expected = np.power(x.astype("float64"), exponent)
        np.testing.assert_allclose(_core.power(x, exponent), expected, rtol=3e-7)
    np.testing.assert_allclose(_core.power(2.0, x), 2.0 ** x.astype("float64"), rtol=2e-7)


def test_clip_takes_open_ends(isa):
    x = np.array([-2.0, 0.0, 2.0, np.nan, np.inf], "float32")
    for lo, hi in ((-1.0, 1.0), (None, 1.0), (-1.0, None)):
        np.testing.assert_array_equal(_core.clip(x, lo, hi), np.clip(x, lo, hi))


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"add: shapes \(2, 3\) and \(4,\) do not broadcast"):
        _core.add(np.zeros((2, 3)), np.zeros(4))
    with pytest.raises(ValueError, match="where"):
        _core.where(np.zeros(3, bool), np.zeros(2), 0.0)


# ---- results do not depend on position, memory layout or threads -----------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_element_does_not_depend_on_its_place(isa, dtype):
    x = numbers(67, 5, True).astype(dtype)
    for name in UNARY:
        f = getattr(_core, name)
        np.testing.assert_array_equal(f(x), np.concatenate([f(x[i : i + 1]) for i in range(67)]), err_msg=name)
    for name in BINARY:
        f = getattr(_core, name)
        b = x[::-1].copy()
        one_by_one = np.concatenate([f(x[i : i + 1], b[i : i + 1]) for i in range(67)])
        np.testing.assert_array_equal(f(x, b), one_by_one, err_msg=name)


def test_threads_do_not_change_bits(threads):
    x, row, column = (numbers(s, 4).astype("float32") for s in ((700, 130), (130,), (700, 1)))
    for f in (_core.add, _core.multiply, _core.divide, _core.maximum):
        for y in (row, column, x[::-1].copy(), np.float32(3.0)):
            ours = f(x, y)
            _core.set_num_threads(1)
            np.testing.assert_array_equal(ours, f(x, y))
            _core.set_num_threads(threads)
    np.testing.assert_array_equal(_core.add(x[:, :7].copy(), row[:7]), x[:, :7] + row[:7])
    np.testing.assert_array_equal(_core.exp(x), np.stack([_core.exp(r) for r in x]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_beyond_the_caches(isa, dtype):
    """Results larger than the L3 cache (at most 32 MB) are stored past it: whole, and in rows, few of them aligned."""
    columns = 1_450_003 if dtype == "float32" else 725_003
    a, b = np.arange(6 * columns, dtype=dtype).reshape(6, columns), np.arange(6, dtype=dtype)[:, None]
    np.testing.assert_array_equal(_core.add(a, a), a + a)
    np.testing.assert_array_equal(_core.multiply(a, b), a * b)
