"""The vector functions of csrc/simd/vmath.h: errors in ULP against wider arithmetic, on samples of every binade.

An ULP here is the distance of two neighbouring floats in the binade of the exact result. The reference for float32 is
float64; for float64 it is the 80-bit long double, if there is one.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from netlet import _core

wide = np.longdouble
HAS_LONG_DOUBLE = np.finfo(wide).nmant > 52


def ref_sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e / (1 + e), 1 / (1 + e))


def ref_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def by_name(name):
    return lambda x: _core.activation(x, name)


# name: (netlet's function, reference, bound in ULP for float32, for float64); the bounds are those of vmath_*.h
FUNCTIONS = {
    "exp": (_core.exp, np.exp, 0.87, 0.9),
    "exp2": (_core.exp2, np.exp2, 0.501, 0.9),
    "log2": (_core.log2, np.log2, 0.501, 0.9),
    "log10": (_core.log10, np.log10, 0.501, 0.9),
    "sqrt": (_core.sqrt, np.sqrt, 0.5, 0.5),
    "rsqrt": (_core.rsqrt, lambda x: 1 / np.sqrt(x), 1.5, 1.5),
    "tan": (_core.tan, np.tan, 0.501, 2.3),
    "silu": (by_name("silu"), lambda x: x * ref_sigmoid(x), 1.5, 1.5),
    "gelu": (by_name("gelu"), lambda x: x * special.ndtr(x), 10, None),
    "expm1": (_core.expm1, np.expm1, 0.88, 1.15),
    "tanh": (by_name("tanh"), np.tanh, 0.85, 1.0),
    "sigmoid": (by_name("sigmoid"), ref_sigmoid, 0.78, 0.8),
    "log": (_core.log, np.log, 0.85, 0.9),
    "log1p": (_core.log1p, np.log1p, 0.92, 0.9),
    "erf": (_core.erf, special.erf, 0.95, 4.0),  # float64: SciPy's own error is 2 ULP or more
    "sin": (_core.sin, np.sin, 0.501, 0.9),
    "cos": (_core.cos, np.cos, 0.501, 0.95),
    "softplus": (by_name("softplus"), ref_softplus, 1.7, 1.7),
    "log_sigmoid": (by_name("log_sigmoid"), lambda x: -ref_softplus(-x), 1.7, 1.7),
    "arcsin": (_core.arcsin, np.arcsin, 0.501, 0.9),
    "arccos": (_core.arccos, np.arccos, 0.501, 0.9),
    "arctan": (_core.arctan, np.arctan, 0.501, 0.9),
    "sinh": (_core.sinh, np.sinh, 0.501, 0.9),
    "cosh": (_core.cosh, np.cosh, 0.501, 0.9),
    "arcsinh": (_core.arcsinh, np.arcsinh, 0.501, 1.2),
    "arccosh": (_core.arccosh, np.arccosh, 0.501, 1.2),
    "arctanh": (_core.arctanh, np.arctanh, 0.501, 1.2),
    "cbrt": (_core.cbrt, np.cbrt, 0.501, 0.7),
    # float64: SciPy's errors are larger than ours; see KNOWN.
    "erfc": (_core.erfc, special.erfc, 0.501, None),
    "erfinv": (_core.erfinv, special.erfinv, 0.501, None),
    "i0": (_core.i0, special.i0, 0.501, None),
    "i1": (_core.i1, special.i1, 0.501, None),
}


def every_binade(dtype, each):
    """`each` random floats of either sign in each binade, including subnormals, infinities and NaNs."""
    bits, mantissa, exponents = (np.uint32, 23, 256) if dtype == np.float32 else (np.uint64, 52, 2048)
    rng = np.random.default_rng(1)
    fraction = rng.integers(0, 1 << mantissa, (exponents, each), dtype=bits)
    x = (fraction | (np.arange(exponents, dtype=bits)[:, None] << bits(mantissa))).ravel().view(dtype)
    return np.concatenate([x, -x])


def samples(dtype, each):
    rng = np.random.default_rng(2)
    low, high = (-104, 90) if dtype == np.float32 else (-746, 711)
    dense = [rng.uniform(low, high, 40_000), rng.uniform(-10, 10, 80_000), rng.uniform(-1, 1, 80_000)]
    special_values = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 2.0, np.pi]
    return np.concatenate(
        [every_binade(dtype, each), *(d.astype(dtype) for d in dense), np.array(special_values, dtype)]
    )


def ulp_error(got, want):
    """Errors in ULP where both are finite; elsewhere 0 if they are equal (or both NaN), else infinity."""
    dtype = got.dtype
    with np.errstate(over="ignore"):
        rounded = want.astype(dtype)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    finite = np.isfinite(got) & np.isfinite(rounded)
    digits = np.finfo(dtype).nmant + 1
    exponent = np.maximum(np.frexp(np.where(finite, want, 1))[1] - digits, np.finfo(dtype).minexp - digits + 1)
    unit = np.ldexp(wide(1), exponent)
    difference = np.abs(np.where(finite, got, 0).astype(wide) - np.where(finite, want, 0).astype(wide)) / unit
    return np.where(finite, difference, np.where(same, 0, np.inf)).astype(np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_ulp(isa, name, dtype):
    ours, reference, *bounds = FUNCTIONS[name]
    if dtype == np.float64 and not (HAS_LONG_DOUBLE and bounds[1]):
        pytest.skip("no wider judge")
    x = samples(dtype, 300 if dtype == np.float32 else 40)
    if name in ("sin", "cos", "tan"):
        x = x[np.abs(x) < dtype(1e30)]  # beyond, the C library's argument reduction would be tested
    if name in ("i0", "i1"):
        x = x[(np.abs(x) < 700) & (np.abs(x) > 1e-300)]  # beyond, SciPy's overflow and underflow in between
    if name == "erfc":
        x = x[x < 26]  # SciPy rounds subnormal results twice
    judge = np.float64 if dtype == np.float32 or name == "erf" else wide
    with np.errstate(all="ignore"):
        want = reference(x.astype(judge))
    got = ours(x)
    assert got.dtype == dtype
    error = ulp_error(got, want)
    worst = int(np.argmax(error))
    assert error[worst] <= bounds[dtype == np.float64], f"{name}({x[worst]!r}) = {got[worst]!r}, not {want[worst]!r}"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(isa, name, dtype):
    """NaN gives NaN; infinities and the signs of zeros are NumPy's."""
    ours, reference, *_ = FUNCTIONS[name]
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
    if name in ("i0", "i1", "erfinv"):
        x = x[[0, 3]]  # SciPy has NaN at infinities, and no -0
    with np.errstate(all="ignore"):
        want = np.asarray(reference(x.astype(np.float64))).astype(dtype)
    got = ours(x)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    zero = want == 0
    assert np.array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_position_does_not_matter(isa, name, dtype):
    """An element has the same bits in the body of a vector loop, in its tail, and on its own."""
    ours = FUNCTIONS[name][0]
    x = np.random.default_rng(3).uniform(0.1, 6, 67).astype(dtype)
    whole = ours(x)
    for n in (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33):
        assert np.array_equal(ours(x[:n].copy()), whole[:n], equal_nan=True)
        assert np.array_equal(ours(x[-n:].copy()), whole[-n:], equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_power(isa, dtype):
    """x^y against extended precision: 1 ULP up to overflow, where y log x needs the most digits."""
    if dtype == np.float64 and not HAS_LONG_DOUBLE:
        pytest.skip("long double is double on this platform")
    rng = np.random.default_rng(4)
    limit = 88 if dtype == np.float32 else 709
    x = np.exp(rng.uniform(-40, 40, 20_000)).astype(dtype)
    y = (rng.uniform(-limit, limit, x.size) / np.log(x.astype(np.float64))).astype(dtype)
    y = np.clip(y, -1e4, 1e4).astype(dtype)
    judge = np.float64 if dtype == np.float32 else wide
    with np.errstate(all="ignore"):
        want = np.power(x.astype(judge), y.astype(judge))
    assert ulp_error(_core.power(x, y), want).max() <= 1.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_power_special_cases(isa, dtype):
    """Every pair of special values as in C99's annex F and NumPy, including the signs of zeros."""
    v = np.array([0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, 1e17, -1e17, 1e30, np.inf, -np.inf, np.nan], dtype)
    x, y = (a.ravel().copy() for a in np.meshgrid(v, v))
    with np.errstate(all="ignore"):
        want = np.power(x, y)
    got = _core.power(x, y)
    np.testing.assert_array_max_ulp(got[np.isfinite(want)], want[np.isfinite(want)], 1)
    assert np.array_equal(got[~np.isfinite(want)], want[~np.isfinite(want)], equal_nan=True)
    zero = want == 0
    assert np.array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


def test_large_arguments_of_sin(isa):
    """Arguments too large for the vector reduction are computed by the C library, lane by lane."""
    x = np.array([1e6, 8.3e5, 1e10, -1e22, 3.0, 2.0**60], np.float64)
    np.testing.assert_array_max_ulp(_core.sin(x), np.sin(x), 2)
    np.testing.assert_array_max_ulp(_core.cos(x), np.cos(x), 2)


def near_and_far(rng):
    """Positive numbers of every size, and more around 1, 2 and the root of digamma, where few digits are left."""
    small = np.exp(rng.uniform(-14, -1, 3000))
    around = [center + sign * small for center in (1.0, 2.0, 1.4616321449683622) for sign in (-1, 1)]
    return np.concatenate([rng.uniform(0, 12, 20_000), np.exp(rng.uniform(-600, 600, 5000)), *around])


GAMMA = {
    "lgamma": (special.gammaln, 0.501),
    "digamma": (special.digamma, 0.51),
    "trigamma": (lambda x: special.polygamma(1, x), 0.501),
}
# Values to 21 digits, computed with mpmath, and the bounds of the headers in ULP. The arguments are these float64.
KNOWN: dict[str, dict[float, str]] = {
    "erfc": {
        -3.5: "1.99999925690162765859",
        -0.7: "1.67780119383741844228",
        0.1: "0.887537083981715101595",
        0.3: "0.67137324054087258381",
        0.86: "0.223899731676443291512",
        2.5: "0.000406952017444958939564",
        9.75: "2.98570083280057832206e-43",
        25.040408074825564: "1.09705279185402377804e-274",
    },
    "erfinv": {
        1e-20: "8.86226925452757965042e-21",
        0.01: "0.0088625012809505980923",
        0.3: "0.272462714726754345025",
        0.7: "0.732869077959216784879",
        0.97: "1.53448562177771789039",
        0.9999: "2.75106390571207969174",
        -0.999999999: "-4.32000538810536204595",
        0.9999999999999999: "5.86358474875516792721",
    },
    "i0": {
        0.5: "1.06348337074132351926",
        3.7: "8.73861752416939690582",
        7.9: "389.406283282157998428",
        8.1: "469.500606710121473362",
        30.0: "781672297823.977489717",
        700.0: "1.52959334767187373632e+302",
    },
    "i1": {
        1e-20: "4.99999999999999972577e-21",
        0.5: "0.257894305390896316362",
        3.7: "7.43574579653533692582",
        7.526311203494844: "255.842165582901194066",
        8.1: "439.484308910358457058",
        30.0: "768532038938.956999494",
        -700.0: "-1.52850039023390068815e+302",
    },
    "lgamma": {
        1e-200: "460.517018598809136821",
        0.03: "3.4899710434424119543",
        0.49: "0.592249629335267055745",
        0.51: "0.552973817929800722886",
        0.9: "0.066376239734742954426",
        1.001: "-0.000576393598283306151519",
        1.46875: "-0.121461830587650402057",
        1.999: "-0.000422461800692107284176",
        2.0001: "0.0000422816581129199463174",
        3.4: "1.0923280598027414725",
        7.99: "8.50501160608848110573",
        8.01: "8.54532442974773293309",
        150.0: "600.009470555327428108",
        1e30: "6.80775527898213718941e+31",
    },
    "digamma": {
        1e-200: "-1.0000000000000000179e+200",
        0.03: "-33.8622544206187650703",
        0.9: "-0.754926949947051349197",
        1.4616321449683622: "-9.24126552172942751679e-17",
        1.47: "0.00806648901136486844233",
        1.999: "0.422139198892355645619",
        2.1: "0.48533596867983234964",
        6.3: "1.75909017690782733766",
        7.99: "2.01430922204622379951",
        8.01: "2.01697196390651928575",
        150.0: "5.00729825707567926996",
        1e30: "69.0775527898213705404",
    },
    "trigamma": {
        1e-100: "9.99999999999999960016e+199",
        0.03: "1112.68673602647960061",
        0.9: "1.92253995947720344539",
        1.5: "0.934802200544679309417",
        2.1: "0.606852869801023248155",
        6.3: "0.171991031421928489146",
        7.99: "0.133314245659857596348",
        8.01: "0.132960253653009441521",
        150.0: "0.0066889382711659947299",
        1e30: "9.99999999999999980115e-31",
    },
}
BOUNDS = {"erfc": 3, "erfinv": 2.5, "i0": 3.5, "i1": 3.5, "lgamma": 5, "digamma": 4, "trigamma": 6}


@pytest.mark.skipif(not HAS_LONG_DOUBLE, reason="long double is double on this platform")
@pytest.mark.parametrize("name", KNOWN)
def test_known_values(isa, name):
    x, want = np.array(list(KNOWN[name])), np.array([wide(v) for v in KNOWN[name].values()])
    assert ulp_error(np.asarray(getattr(_core, name)(x)), want).max() <= BOUNDS[name]


@pytest.mark.parametrize("name", GAMMA)
def test_gamma_functions_of_positive_numbers(isa, name):
    """float32 to half an ULP; float64 to what SciPy's errors near the roots, at 1, 2 and 1.46, allow."""
    reference, bound = GAMMA[name]
    x = near_and_far(np.random.default_rng(5))
    x = x[(x > 1e-15) & (x < 1e15)]
    np.testing.assert_allclose(getattr(_core, name)(x), reference(x), rtol=3e-15, atol=2e-15)
    x = x.astype(np.float32)
    inner = (np.abs(x - 1) > 1e-4) & (np.abs(x - 2) > 1e-4)
    assert ulp_error(getattr(_core, name)(x), reference(x.astype(np.float64)))[inner].max() <= bound


@pytest.mark.parametrize("name", GAMMA)
def test_gamma_functions_of_negative_numbers(isa, name):
    """Relative to the largest term of the reflection formula: the results have roots."""
    x = -np.random.default_rng(6).uniform(0.001, 9.999, 5000)
    x = x[np.abs(x - np.round(x)) > 1e-3]
    want = GAMMA[name][0](x)
    if name == "trigamma":
        want = (np.pi / np.sin(np.pi * (x - np.round(x)))) ** 2 - special.polygamma(1, 1 - x)  # SciPy: 0 for negative x
    found = getattr(_core, name)(x)
    np.testing.assert_allclose(found, want, rtol=1e-13, atol=1e-13 if name != "trigamma" else 0)


def test_poles_of_gamma_functions(isa):
    x = np.array([0.0, -0.0, -1.0, -2.0, -1e17, -1e306, np.inf, np.nan, 1.0, 2.0])
    inf, nan = np.inf, np.nan
    assert np.array_equal(_core.lgamma(x), [inf, inf, inf, inf, inf, inf, inf, nan, 0, 0], equal_nan=True)
    want = [-inf, inf, nan, nan, nan, nan, inf, nan, special.digamma(1.0), special.digamma(2.0)]
    np.testing.assert_allclose(_core.digamma(x), want, rtol=1e-14)
    np.testing.assert_allclose(_core.trigamma(x), [inf] * 6 + [0, nan, np.pi**2 / 6, np.pi**2 / 6 - 1], rtol=1e-14)


def pairs(dtype, rng):
    each = every_binade(dtype, 8)
    special_values = np.array([0.0, -0.0, 1.0, -1.0, 2.5, np.inf, -np.inf, np.nan, np.finfo(dtype).tiny], dtype)
    a, b = (v.ravel() for v in np.meshgrid(special_values, special_values))
    near = rng.uniform(-5, 5, (2, 20_000)).astype(dtype)
    return np.concatenate([each, a, near[0]]), np.concatenate([rng.permutation(each), b, near[1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["arctan2", "hypot", "logaddexp", "logaddexp2"])
def test_functions_of_two_numbers(isa, name, dtype):
    if dtype == np.float64 and not HAS_LONG_DOUBLE:
        pytest.skip("long double is double on this platform")
    a, b = pairs(dtype, np.random.default_rng(7))
    judge = np.float64 if dtype == np.float32 else wide
    with np.errstate(all="ignore"):
        want = getattr(np, name)(a.astype(judge), b.astype(judge))
    found = getattr(_core, name)(a, b)
    if name.startswith("log"):  # log(e^a + e^b) cancels near 0: relative to the larger operand
        largest = np.maximum(np.abs(want), np.maximum(np.abs(a), np.abs(b)))
        with np.errstate(all="ignore"):
            close = np.abs(found - want) <= 2 * np.finfo(dtype).eps * largest
        same = np.isnan(want) & np.isnan(found) | (want.astype(dtype) == found)
        assert np.all(close | same)
    else:
        assert ulp_error(found, want).max() <= (0.501 if dtype == np.float32 else 0.9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["fmod", "mod", "floor_divide", "nextafter", "heaviside"])
def test_exact_functions_of_two_numbers(isa, name, dtype):
    """The bits of NumPy's results in float64, rounded once."""
    a, b = pairs(dtype, np.random.default_rng(8))
    whole = np.random.default_rng(9).integers(-9, 10, (2, 300)).astype(dtype)
    a, b = np.concatenate([a, whole[0], whole[0] / 10]), np.concatenate([b, whole[1], whole[1] / 10])
    judge = dtype if name == "nextafter" else np.float64
    with np.errstate(all="ignore"):
        want = getattr(np, name)(a.astype(judge), b.astype(judge)).astype(dtype)
    found = np.asarray(getattr(_core, name)(a, b))
    np.testing.assert_array_equal(found, want)
    zero = want == 0
    assert np.array_equal(np.signbit(found[zero]), np.signbit(want[zero]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ldexp_rounds_once(isa, dtype):
    x = every_binade(dtype, 4)
    n = np.random.default_rng(10).integers(-2300, 2300, x.size).astype("int32")
    n[::2] = np.clip(n[::2], -200, 200)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(_core.ldexp(x, n), np.ldexp(x, n))
