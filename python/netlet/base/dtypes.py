"""Names of dtypes, and the default float dtype. `netlet.config` has the public functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .suggest import unknown

FLOATS = ("float32", "float64")
HALVES = ("float16", "bfloat16")  # kernels compute in float32; results are rounded to the half
INTEGERS = ("int8", "uint8", "int32", "int64")
DTYPES = (*FLOATS, *HALVES, *INTEGERS, "bool")

_floatx = "float32"


def floatx() -> str:
    """Returns the default float dtype of layers and variables: "float32", unless `set_floatx` changed it.

    >>> floatx()
    'float32'
    """
    return _floatx


def replace_floatx(value: str) -> None:
    """Sets what `floatx` returns.

    Args:
        value: a float dtype.

    Raises:
        ValueError: another value.
    """
    global _floatx
    if value not in (*FLOATS, *HALVES):
        raise ValueError(f'set_floatx: expected "float32", "float64", "bfloat16" or "float16", received {value!r}.')
    _floatx = value


def standardize_dtype(dtype: Any) -> str:
    """Returns the name of a dtype.

    Args:
        dtype: a name, a NumPy dtype or scalar type, a Python type, a DTypePolicy (its compute dtype), or None
            (`floatx()`).

    Returns:
        One of "float32", "float64", "float16", "bfloat16", "int8", "uint8", "int32", "int64" and "bool".

    Raises:
        ValueError: netlet does not support the dtype.

    >>> standardize_dtype(np.int32), standardize_dtype(float), standardize_dtype(None)
    ('int32', 'float32', 'float32')
    """
    if dtype is None or dtype is float:
        return _floatx
    if isinstance(dtype, str):
        name = {"int": "int32", "float": _floatx, "boolean": "bool"}.get(dtype, dtype)
    elif dtype is int:
        name = "int32"
    elif isinstance(getattr(dtype, "compute_dtype", None), str):
        name = dtype.compute_dtype
    else:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    if name not in DTYPES:
        raise unknown("dtype", name, DTYPES)
    return name


def numpy_dtype(dtype: Any) -> np.dtype:
    """Returns the NumPy dtype of a dtype.

    Args:
        dtype: what `standardize_dtype` accepts: a name, a NumPy or Python type, a DTypePolicy, or None for `floatx()`.
            "bfloat16" needs the package ml_dtypes (`pip install 'netlet[bfloat16]'`).

    Raises:
        ValueError: netlet does not support the dtype.
        ImportError: "bfloat16" without ml_dtypes.

    >>> numpy_dtype("float16").itemsize
    2
    """
    return _core.numpy_dtype(standardize_dtype(dtype))


def is_float(dtype: str) -> bool:
    """Whether a dtype is a float dtype.

    Args:
        dtype: its name, such as "float32".

    Returns:
        True for "float32", "float64", "float16" and "bfloat16".

    >>> is_float("bfloat16"), is_float("int32")
    (True, False)
    """
    return dtype in FLOATS or dtype in HALVES


def is_int(dtype: str) -> bool:
    """Whether a dtype is an integer dtype.

    Args:
        dtype: its name, such as "int32".

    Returns:
        True for "int8", "uint8", "int32" and "int64"; False for "bool".

    >>> is_int("uint8"), is_int("bool")
    (True, False)
    """
    return dtype in INTEGERS
