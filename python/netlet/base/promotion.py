"""The dtype of a result of several dtypes, by Keras's rules.

Bools give way to integers, integers to floats of any size; of two floats or two integers the larger one counts.
Python's int and float give way to a dtype of their kind.
"""

from __future__ import annotations

from typing import Any

from .dtypes import FLOATS, HALVES, floatx, is_float, standardize_dtype

_INTEGERS = {"bool": 0, "uint8": 1, "int8": 1, "int32": 4, "int64": 8}


def _of_two(a: str, b: str) -> str:
    """The dtype of a result of two dtypes."""
    if a == b:
        return a
    if is_float(a) and is_float(b):
        return "float32" if a in HALVES and b in HALVES else next(f for f in reversed(FLOATS) if f in (a, b))
    if is_float(a) or is_float(b):
        return a if is_float(a) else b
    if {a, b} == {"uint8", "int8"}:
        return "int32"  # int16 in Keras
    return max(a, b, key=_INTEGERS.__getitem__)


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of several dtypes, by Keras's rules.

    Two differences from Keras on JAX: 64-bit dtypes stay (Keras turns them into those of 32 bits), and int8 with uint8
    is int32, since netlet has no int16.

    Args:
        *dtypes: names of dtypes, NumPy dtypes, or Python's int, float or bool.

    Returns:
        str; floatx without dtypes.

    Raises:
        ValueError: an unknown dtype.

    >>> result_type("int32", "bfloat16"), result_type("uint8", int), result_type("int32", float)
    ('bfloat16', 'uint8', 'float32')
    """
    if not dtypes:
        return floatx()
    strong = [standardize_dtype(d) for d in dtypes if not (d is int or d is float)]
    result = strong[0] if strong else ""
    for dtype in strong[1:]:
        result = _of_two(result, dtype)
    if float in dtypes and not is_float(result):
        return floatx()
    return "int32" if result in ("", "bool") and int in dtypes else result
