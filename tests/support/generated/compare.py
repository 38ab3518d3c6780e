"""What a call returned or raised, and the comparison of two of these."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

TOLERANCE = {"float64": 1e-11, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}
# The types of netlet that hold the values of types that it has not.
HAS_NOT = {"int16": "int32", "uint16": "int32", "uint32": "int32"}
# What a function may raise for wrong arguments. Anything else is an error of the library.
NAMED = (ValueError, TypeError, NotImplementedError, IndexError)


def leaves(value: Any) -> list[Any]:
    """The arrays and numbers in a structure of lists, tuples and dicts."""
    if isinstance(value, dict):
        value = [value[k] for k in sorted(value)]
    return [x for v in value for x in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def outcome(f: Callable[[], Any]) -> list[np.ndarray] | Exception:
    """The arrays that f returns, or what it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return [numpy(x) for x in leaves(f()) if x is not None]
        except Exception as error:
            return error


def numpy(x: Any) -> np.ndarray:
    if type(x).__module__.startswith("torch"):
        return keras.ops.convert_to_numpy(x)
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def assert_alike(ours: Any, theirs: Any, except_for: set[str] = frozenset(), computed_in: str = "float64") -> None:
    """Both raised, or both returned arrays of the same shapes, dtypes and values.

    Args:
        ours: an outcome of netlet.
        theirs: that of Keras.
        except_for: what is not compared: "error", "dtype", "values"; "float32" is as `computed_in`.
        computed_in: the least precise dtype that was used inside.
    """
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        if "error" not in except_for and isinstance(ours, Exception) != isinstance(theirs, Exception):
            raise AssertionError(f"netlet: {shown(ours)}\nKeras: {shown(theirs)}")
        assert not isinstance(ours, Exception) or isinstance(ours, NAMED), shown(ours)
        return
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape, f"netlet returned shape {a.shape}, Keras {b.shape}"
        if "dtype" not in except_for:
            expected = HAS_NOT.get(str(b.dtype), str(b.dtype))
            assert str(a.dtype) == expected, f"netlet returned {a.dtype}, expected {expected}"
        if "values" not in except_for and a.dtype.kind not in "US":
            assert_close(a, b, [computed_in, *(except_for & {"float32"})])


def assert_close(a: np.ndarray, b: np.ndarray, computed_in: list[str]) -> None:
    """Equal up to the tolerance of the least precise dtype, relative to each element and to the largest one."""
    kinds = [str(x.dtype) for x in (a, b) if str(x.dtype) in TOLERANCE]
    tolerance = max(TOLERANCE[k] for k in [*kinds, *computed_in]) if kinds else 0.0
    a, b = (x.astype("float64") if str(x.dtype) in TOLERANCE else x for x in (a, b))
    finite = np.abs(b[np.isfinite(b)]) if b.dtype.kind == "f" else np.zeros(0)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, finite.max(initial=0.0)))


def shown(result: Any) -> str:
    return repr(result) if isinstance(result, Exception) else f"returned {[(x.shape, str(x.dtype)) for x in result]}"
