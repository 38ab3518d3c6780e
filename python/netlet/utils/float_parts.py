"""The parts of a floating-point number: sign, exponent and mantissa, for lessons and for debugging."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlet.base.arrays import as_ndarray
from netlet.config import standardize_dtype

FORMATS = {"float32": (8, 23), "float16": (5, 10), "bfloat16": (8, 7)}  # bits of exponent and mantissa


class FloatParts(NamedTuple):
    """A number's sign, exponent and mantissa as integers, its bits, and its value. `str()` explains them.

    For an array every field but `dtype` is an array of its shape.

    Attributes:
        dtype: "float32", "float16" or "bfloat16".
        sign: 0 or 1: the number is positive or negative.
        exponent: the stored exponent. The power of 2 is `exponent` minus the bias: 127 (float16: 15).
        mantissa: the stored digits after the leading 1 (after a leading 0 where `exponent` is 0: subnormal numbers).
        bits: the three fields in binary, separated by spaces, such as "0 10000000 10011001100110011001101".
        value: what the bits stand for, as float32: x, rounded to `dtype`.

    >>> parts = float_parts(-1.5, "float16")
    >>> parts.sign, parts.exponent, parts.mantissa, parts.bits, float(parts.value)
    (1, 15, 512, '1 01111 1000000000', -1.5)
    """

    dtype: str
    sign: Any
    exponent: Any
    mantissa: Any
    bits: Any
    value: Any

    def __str__(self) -> str:
        if np.ndim(self.sign):
            return self._table()
        exponent_bits, mantissa_bits = FORMATS[self.dtype]
        bias, steps = (1 << (exponent_bits - 1)) - 1, 1 << mantissa_bits
        s, e, m = self.bits.split()
        minus = "-" if self.sign else ""
        lines = [f"{self.dtype}  {self.bits}  (1 + {exponent_bits} + {mantissa_bits} bits)", f"sign      {s}"]
        if self.exponent == 2 * bias + 1:
            what = f"{minus}infinity" if self.mantissa == 0 else "NaN (not a number)"
            return "\n".join(
                [*lines, f"exponent  {e} = {self.exponent}: special", f"mantissa  {m}", f"value     {what}"]
            )
        first, power = (1, self.exponent - bias) if self.exponent else (0, 1 - bias)
        kind = "" if first else " (subnormal: no leading 1)"
        significand = first + self.mantissa / steps
        lines += [
            f"exponent  {e} = {self.exponent}: 2^{power}{kind}",
            f"mantissa  {m} = {self.mantissa}: {first} + {self.mantissa}/2^{mantissa_bits} = {significand:.10g}",
            f"value     {minus}{significand:.10g} * 2^{power} = {float(self.value):.10g}",
            f"spacing   2^{power - mantissa_bits} = {2.0 ** (power - mantissa_bits):.4g} to the next number",
        ]
        return "\n".join(lines)

    def _table(self) -> str:
        """One line for each number of an array: its value and its bits."""
        exponent_bits, mantissa_bits = FORMATS[self.dtype]
        values = [f"{float(v):.10g}" for v in self.value.reshape(-1)]
        width = max((len(v) for v in values), default=0)
        rows = [f"{v:>{width}}  {b}" for v, b in zip(values, self.bits.reshape(-1), strict=True)]
        return "\n".join([f"{self.dtype}  (1 + {exponent_bits} + {mantissa_bits} bits)", *rows])


def float_parts(x: Any, dtype: Any = "float32") -> FloatParts:
    """Sign, exponent and mantissa of numbers in a floating-point format.

    | format | sign | exponent | mantissa | largest | relative spacing |
    |---|---|---|---|---|---|
    | float32 | 1 bit | 8 bits | 23 bits | 3.4e38 | 2⁻²³ = 1.2e-7 |
    | float16 | 1 bit | 5 bits | 10 bits | 65504 | 2⁻¹⁰ = 0.00098 |
    | bfloat16 | 1 bit | 8 bits | 7 bits | 3.4e38 | 2⁻⁷ = 0.0078 |

    Of the two formats of 16 bits, float16 is the more precise; bfloat16 has the wider range, that of float32.

    Args:
        x: a number or an array of numbers. It is rounded to `dtype`, half to even; too large numbers become infinite.
        dtype: "float32" (default), "float16" or "bfloat16".

    Returns:
        A `FloatParts`: named tuple (dtype, sign, exponent, mantissa, bits, value) of a number, or of arrays.

    Raises:
        ValueError: another dtype.
        TypeError: x is not made of real numbers.

    Source: IEEE 754 (binary32, binary16); bfloat16 is the upper half of a float32.

    >>> print(float_parts(3.2, "bfloat16"))
    bfloat16  0 10000000 1001101  (1 + 8 + 7 bits)
    sign      0
    exponent  10000000 = 128: 2^1
    mantissa  1001101 = 77: 1 + 77/2^7 = 1.6015625
    value     1.6015625 * 2^1 = 3.203125
    spacing   2^-6 = 0.01562 to the next number
    >>> float_parts([1.0, -0.1], "float16").mantissa
    array([  0, 614])
    """
    name = standardize_dtype(dtype)
    if name not in FORMATS:
        raise ValueError(f"float_parts: expected dtype float32, float16 or bfloat16, received {name}.")
    numbers = as_ndarray(x)
    if numbers.dtype.name == "bfloat16":
        numbers = numbers.astype("float32")
    if numbers.dtype.kind not in "fiub":
        raise TypeError(f"float_parts: expected real numbers, received an array of {numbers.dtype}.")
    exponent_bits, mantissa_bits = FORMATS[name]
    value, pattern = _rounded(numbers.astype("float64"), name)
    sign = pattern >> (exponent_bits + mantissa_bits)
    exponent = (pattern >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = pattern & ((1 << mantissa_bits) - 1)
    texts = [
        f"{s} {e:0{exponent_bits}b} {m:0{mantissa_bits}b}"
        for s, e, m in zip(sign.reshape(-1), exponent.reshape(-1), mantissa.reshape(-1), strict=True)
    ]
    if numbers.ndim == 0:
        return FloatParts(name, int(sign), int(exponent), int(mantissa), texts[0], value[()])
    bits = np.array(texts, dtype=f"U{exponent_bits + mantissa_bits + 3}").reshape(numbers.shape)
    return FloatParts(name, sign, exponent, mantissa, bits, value)


def _rounded(x: Any, name: str) -> tuple[Any, Any]:
    """float64 numbers, rounded once to the format: their values as float32, and their bits as int64."""
    with np.errstate(over="ignore", invalid="ignore"):
        if name == "float16":
            half = x.astype("float16")
            return half.astype("float32"), half.view("uint16").astype("int64")
        if name == "float32":
            single = x.astype("float32")
            return single, single.view("uint32").astype("int64")
        # 8 significant bits, but no bit below that of the smallest subnormal number, 2^-133.
        step = np.maximum(np.frexp(x)[1] - 8, -133)
        single = np.where(np.isfinite(x), np.ldexp(np.rint(np.ldexp(x, -step)), step), x).astype("float32")
        return single, single.view("uint32").astype("int64") >> 16
