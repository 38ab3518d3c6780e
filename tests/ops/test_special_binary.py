"""Integer division, bits, divisors and the dtypes of special binary operations."""

from __future__ import annotations

import math

import numpy as np
import pytest

import netlet
from netlet import _core, ops

INTEGERS = ["int8", "uint8", "int32", "int64"]
DTYPES = ["bool", *INTEGERS, "float32", "float64"]


def extremes(dtype):
    """All pairs of small numbers and of the lowest and highest ones."""
    info = np.iinfo(dtype)
    values = [info.min, info.min + 1, info.max - 1, info.max, *range(max(info.min, -7), 8), 100]
    return [v.ravel().astype(dtype) for v in np.meshgrid(values, values)]


def broadcast_pairs(name, a, b):
    """The results for whole arrays, and with either operand broadcast, which other loops compute."""
    f = getattr(_core, name)
    whole = np.asarray(f(a, b))
    for i in (0, 5):
        np.testing.assert_array_equal(f(a[i], b), f(np.full_like(b, a[i]), b))
        np.testing.assert_array_equal(f(a, b[i]), f(a, np.full_like(a, b[i])))
    np.testing.assert_array_equal(np.diagonal(f(a[:40, None], b[:40])), whole[:40])
    return whole


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["floor_divide", "mod", "fmod"])
def test_integer_division(isa, name, dtype):
    a, b = extremes(dtype)
    found = broadcast_pairs(name, a, b)
    assert found.dtype == dtype
    plain = b != 0
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found[plain], getattr(np, name)(a[plain], b[plain]))
    by_zero = {"mod": np.zeros_like(a), "fmod": np.zeros_like(a)}
    by_zero["floor_divide"] = np.full_like(a, 255) if dtype == "uint8" else np.where(a == 0, -1, -2)
    np.testing.assert_array_equal(found[~plain], by_zero[name][~plain])


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "gcd"])
def test_bits_and_divisors(isa, name, dtype):
    a, b = extremes(dtype)
    np.testing.assert_array_equal(broadcast_pairs(name, a, b), getattr(np, name)(a, b))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_least_common_multiples(isa, dtype):
    a, b = (v.ravel().astype(dtype) for v in np.meshgrid(range(0 if dtype == "uint8" else -11, 11), range(11)))
    np.testing.assert_array_equal(broadcast_pairs("lcm", a, b), [math.lcm(int(x), int(y)) for x, y in zip(a, b)])
    broadcast_pairs("lcm", *extremes(dtype))  # wraps around; no crash


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_past_the_width_shift_everything_out(isa, dtype):
    bits = np.iinfo(dtype).bits
    low = 0 if dtype == "uint8" else -3
    a, n = (v.ravel() for v in np.meshgrid([*range(low, 5), np.iinfo(dtype).max], [*range(low, bits + 3)]))
    inside = (n >= 0) & (n < bits)
    left = np.where(inside, a.astype("uint64") << np.where(inside, n, 0).astype("uint64"), 0).astype(dtype)
    right = np.where(inside, a >> np.where(inside, n, 0), np.where(a < 0, -1, 0)).astype(dtype)
    np.testing.assert_array_equal(broadcast_pairs("left_shift", a.astype(dtype), n.astype(dtype)), left)
    np.testing.assert_array_equal(broadcast_pairs("right_shift", a.astype(dtype), n.astype(dtype)), right)


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
def test_not(isa, dtype):
    x = np.arange(70).astype(dtype)
    np.testing.assert_array_equal(_core.bitwise_not(x), ~x)
    assert np.asarray(_core.bitwise_not(x)).dtype == dtype


FLOATING = ["arctan2", "hypot", "logaddexp", "logaddexp2", "nextafter", "heaviside"]
NUMBERS = ["floor_divide", "mod", "fmod", "fmax", "fmin"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor"]
SHIFTS = ["left_shift", "right_shift"]


def expected_dtype(name, a, b):
    """Keras's rule (keras.src.backend.common.dtypes), where int8 with uint8 is int32: netlet has no int16.

    None: a TypeError.
    """
    common = np.asarray(_core.add(np.ones(1, a), np.ones(1, b))).dtype.name
    floating = common.startswith("float")
    if name in FLOATING or name == "ldexp":
        return common if floating else "float32"
    if name in NUMBERS:
        return "int32" if common == "bool" and name not in ("fmax", "fmin") else common
    if floating or (common == "bool" and name in ("gcd", "lcm")):
        return None
    return "int32" if common == "bool" and name in SHIFTS else common


@pytest.mark.parametrize("name", [*FLOATING, *NUMBERS, *BITS, *SHIFTS, "gcd", "lcm"])
def test_dtypes_of_all_pairs(name):
    f = getattr(ops, name)
    for a in DTYPES:
        for b in DTYPES:
            x, y, want = np.ones(2, a), np.ones(2, b), expected_dtype(name, a, b)
            if want is None:
                with pytest.raises(TypeError, match=f"{name}: expected integers"):
                    f(x, y)
                continue
            assert np.asarray(f(x, y)).dtype.name == want, (a, b)
            symbol = f(netlet.Input(batch_shape=(2,), dtype=a), netlet.Input(batch_shape=(2,), dtype=b))
            assert symbol.dtype == want


@pytest.mark.parametrize("name", ["mod", "fmax", "bitwise_and", "left_shift", "gcd"])
def test_dtypes_of_all_pairs_are_keras(name):
    keras = pytest.importorskip("keras")
    for a, b in [(a, b) for i, a in enumerate(DTYPES) for b in DTYPES[i:]]:
        if expected_dtype(name, a, b) is None or {a, b} == {"int8", "uint8"}:
            continue
        found = getattr(keras.ops, name)(np.ones(1, a), np.ones(1, b)).dtype
        assert found == expected_dtype(name, a, b), (a, b)


def test_ldexp_takes_integers_as_exponents():
    for a in DTYPES:
        for b in INTEGERS:
            found = np.asarray(ops.ldexp(np.ones(2, a), np.ones(2, b)))
            assert found.dtype.name == (a if a.startswith("float") else "float32")
            assert found.tolist() == [2.0, 2.0]
        for b in ("bool", "float32"):
            with pytest.raises(TypeError, match="ldexp: expected x2 of integers"):
                ops.ldexp(np.ones(2, a), np.ones(2, b))


def test_ldexp_rounds_once(isa):
    """Subnormal numbers, from normal and subnormal ones; overflow, in both directions."""
    rng = np.random.default_rng(0)
    x = np.ldexp(rng.uniform(1, 2, 20000), rng.integers(-1074, 1024, 20000))
    to = rng.integers(-1080, 1030, 20000)
    n = to - np.frexp(x)[1]
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_array_equal(_core.ldexp(x, n).numpy(), np.ldexp(x, n))


def test_operators_of_integers():
    x = ops.convert_to_tensor(np.array([12, 7, -1], "int32"))
    v = netlet.Variable(np.array([12, 7, -1], "int32"), dtype="int32")
    for t in (x, v):
        assert (t & 10).tolist() == [8, 2, 10] and (10 & t).tolist() == [8, 2, 10]
        assert (t | 1).tolist() == [13, 7, -1] and (t ^ t).tolist() == [0, 0, 0]
        assert (~t).tolist() == [-13, -8, 0]
        assert (
            (t << 1).tolist() == [24, 14, -2]
            and (t >> 1).tolist() == [6, 3, -1]
            and (1 << (t & 3)).tolist() == [1, 8, 8]
        )
        assert [d.tolist() for d in divmod(t, 5)] == [[2, 1, -1], [2, 2, 4]]
        assert [d.tolist() for d in divmod(29, t)] == [[2, 4, -29], [5, 1, 0]]
        assert (np.array([3, 3, 3], "int32") & t).tolist() == [0, 3, 3] and (np.int32(3) | t).tolist() == [15, 7, -1]
    with pytest.raises(TypeError, match="bitwise_and: expected integers"):
        ops.convert_to_tensor(np.ones(2, "float32")) & 1
    symbol = netlet.Input(batch_shape=(3,), dtype="int32")
    for y in (symbol & symbol, symbol | symbol, symbol ^ symbol, ~symbol):
        assert y.dtype == "bool"  # logical, as Keras's symbols


def test_a_number_of_python_keeps_the_dtype_of_the_array():
    x = ops.convert_to_tensor(np.array([1, 200], "uint8"))
    for y in (x << 1, x & 15, x // 3, x % 7, ops.gcd(x, 4)):
        assert y.dtype == "uint8"
    assert (x << 1).tolist() == [2, 144]


def test_closeness():
    a = np.array([1.0, np.nan, np.inf, np.inf, 1.0, 0.0])
    b = np.array([1.0 + 1e-6, np.nan, np.inf, -np.inf, np.inf, 1e-9])
    for kwargs in ({}, {"equal_nan": True}, {"rtol": 0.0, "atol": 0.0}):
        np.testing.assert_array_equal(ops.isclose(a, b, **kwargs), np.isclose(a, b, **kwargs))
    big = np.array([2**31 - 1, -(2**31)], "int32")
    np.testing.assert_array_equal(ops.isclose(big, big[::-1].copy()), [False, False])
    assert bool(ops.allclose(big, big)) and not bool(ops.allclose(a, b))


@pytest.mark.parametrize("name", ["arctan2", "fmod", "mod"])
def test_the_result_does_not_depend_on_the_number_of_threads(threads, name):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 301)).astype("float32"), rng.normal(size=301).astype("float32")
    with _core.Tape():
        found = np.asarray(getattr(_core, name)(a, b))
    want = getattr(np, name)(a.astype("float64"), b)
    np.testing.assert_allclose(found, want, rtol=1e-6)
    np.testing.assert_array_equal(found[7], getattr(_core, name)(a[7], b))


def every_half(dtype):
    return np.arange(65536, dtype="uint16").view(dtype)


@pytest.mark.parametrize("towards", [np.inf, -np.inf, 0.0, 1.0, np.nan])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_neighbours_of_every_half(dtype, towards):
    numpy_dtype = np.dtype("float16") if dtype == "float16" else pytest.importorskip("ml_dtypes").bfloat16
    x, end = every_half(numpy_dtype), np.full(65536, towards).astype(numpy_dtype)
    with np.errstate(all="ignore"):
        want = np.nextafter(x, end).astype("float32")
    found = ops.nextafter(ops.cast(x.astype("float32"), dtype), ops.cast(end.astype("float32"), dtype))
    assert found.dtype == dtype
    np.testing.assert_array_equal(np.asarray(ops.cast(found, "float32")), want)
