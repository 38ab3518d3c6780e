"""utils.float_parts: bits and values against NumPy's and ml_dtypes' formats."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from netlet.utils import float_parts

TYPES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
WIDTHS = {"float32": (8, 23), "float16": (5, 10), "bfloat16": (8, 7)}


def hard_numbers() -> np.ndarray:
    """float64 numbers of every binade, both signs, halfway cases, subnormal numbers and specials."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=500), np.ldexp(rng.uniform(0.5, 1, 2000), rng.integers(-152, 130, 2000))]
    x += [np.ldexp(1 + (2 * np.arange(64.0) + 1) / 256, e) for e in (0, 5, -126, -130)]  # halfway between bfloat16s
    x += [np.array([0.0, 1.0, 65504, 65519.999, 65520, 3.3961775e38, 3.4e38, np.inf, 1e300, 2.0**-133, 2.0**-134])]
    x = np.concatenate(x)
    return np.concatenate([x, -x])


@pytest.mark.parametrize("dtype", TYPES)
def test_parts_are_those_of_the_stored_number(dtype):
    x = hard_numbers()
    exponent_bits, mantissa_bits = WIDTHS[dtype]
    with np.errstate(over="ignore"):
        stored = (x.astype("float32") if dtype == "bfloat16" else x).astype(TYPES[dtype])
        single = x.astype("float32")
    if dtype == "bfloat16":  # ml_dtypes rounds float64 twice; leave out where the float32 in between is a halfway case
        keep = (single.view("uint32") & 0xFFFF != 0x8000) | (single == x)
        assert keep.mean() > 0.99
        x, stored = x[keep], stored[keep]
    parts = float_parts(x, dtype)
    pattern = stored.view(f"uint{1 + exponent_bits + mantissa_bits}").astype("int64")
    whole = (parts.sign << (exponent_bits + mantissa_bits)) | (parts.exponent << mantissa_bits) | parts.mantissa
    assert np.array_equal(whole, pattern)
    assert np.array_equal(parts.value, stored.astype("float32"))
    assert [len(f) for f in parts.bits[0].split()] == [1, exponent_bits, mantissa_bits]
    assert [int(b.replace(" ", ""), 2) for b in parts.bits] == pattern.tolist()


def test_bfloat16_is_rounded_once():
    """1 + 2^-8 + 2^-40 is above the halfway point, but its float32 is the halfway point itself."""
    assert float_parts(1 + 2.0**-8 + 2.0**-40, "bfloat16").mantissa == 1
    assert float_parts(1 + 2.0**-8, "bfloat16").mantissa == 0


@pytest.mark.parametrize("dtype", TYPES)
def test_nan(dtype):
    parts = float_parts(np.nan, dtype)
    assert np.isnan(parts.value) and parts.mantissa != 0
    assert "NaN" in str(parts)


def test_one_number_gives_numbers_and_its_string_explains_it():
    parts = float_parts(-0.15625)
    assert (parts.sign, parts.exponent, parts.mantissa) == (1, 124, 1 << 21)
    assert type(parts.sign) is type(parts.exponent) is type(parts.mantissa) is int
    assert str(parts).splitlines() == [
        "float32  1 01111100 01000000000000000000000  (1 + 8 + 23 bits)",
        "sign      1",
        "exponent  01111100 = 124: 2^-3",
        "mantissa  01000000000000000000000 = 2097152: 1 + 2097152/2^23 = 1.25",
        "value     -1.25 * 2^-3 = -0.15625",
        "spacing   2^-26 = 1.49e-08 to the next number",
    ]


def test_special_and_subnormal_numbers_say_so():
    assert "-infinity" in str(float_parts(-1e6, "float16"))
    assert "2^-14 (subnormal: no leading 1)" in str(float_parts(2.0**-24, "float16"))
    assert "0 + 1/2^10" in str(float_parts(2.0**-24, "float16"))


def test_an_array_has_a_line_for_each_number():
    lines = str(float_parts([[1.0, -2.5]], "float16")).splitlines()
    assert lines == [
        "float16  (1 + 5 + 10 bits)",
        "   1  0 01111 0000000000",
        "-2.5  1 10000 0100000000",
    ]
    assert str(float_parts(np.zeros((0,)))) == "float32  (1 + 8 + 23 bits)"


def test_which_of_the_two_halves_is_precise_and_which_is_wide():
    assert abs(float_parts(0.1, "float16").value - 0.1) < abs(float_parts(0.1, "bfloat16").value - 0.1)
    assert np.isinf(float_parts(1e5, "float16").value) and np.isfinite(float_parts(1e38, "bfloat16").value)


def test_tensors_and_halves_are_taken():
    from netlet import ops

    assert float_parts(ops.cast(np.array([0.1]), "float16"), "float16").mantissa.tolist() == [0x266]
    assert float_parts(np.array(1.5, ml_dtypes.bfloat16), "bfloat16").mantissa == 64


def test_errors():
    with pytest.raises(ValueError, match="float32, float16 or bfloat16, received int8"):
        float_parts(1.0, "int8")
    with pytest.raises(TypeError, match="real numbers"):
        float_parts(["a"])
    with pytest.raises(TypeError, match="real numbers"):
        float_parts(1 + 2j)
