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
        assert np.array_equal(ours(x[:n].copy()), whole[:n])
        assert np.array_equal(ours(x[-n:].copy()), whole[-n:])


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
