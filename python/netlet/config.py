"""Process-wide settings: the default float type, the fuzz factor, dtype policies."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from .base.suggest import unknown

FLOATS = ("float32", "float64")
HALVES = ("float16", "bfloat16")  # stored and converted; computed with in float32
DTYPES = (*FLOATS, *HALVES, "int8", "uint8", "int32", "int64", "bool")

_floatx = "float32"
_epsilon = 1e-7
_policy: DTypePolicy | None = None


def floatx() -> str:
    """The float type of layers and variables that name none: "float32" unless `set_floatx` changed it."""
    return _floatx


def set_floatx(value: str) -> None:
    """Sets the default float type to "float32" or "float64".

    >>> set_floatx("float32")
    """
    global _floatx, _policy
    if value not in FLOATS:
        raise ValueError(f"floatx must be one of {FLOATS}; given {value!r}.")
    _floatx = value
    _policy = None


def epsilon() -> float:
    """The fuzz factor of losses (1e-7): probabilities are clipped to [epsilon, 1 - epsilon]."""
    return _epsilon


def set_epsilon(value: float) -> None:
    global _epsilon
    _epsilon = float(value)


def backend() -> str:
    return "netlet"


def image_data_format() -> str:
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    if data_format != "channels_last":
        raise ValueError(f"netlet keeps images channels last (N, H, W, C); given data_format={data_format!r}.")


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given as a name, a NumPy dtype or scalar type, a Python type, or None (`floatx()`).

    >>> standardize_dtype(np.int32), standardize_dtype(float), standardize_dtype(None)
    ('int32', 'float32', 'float32')
    """
    if dtype is None or dtype is float:
        return _floatx
    if isinstance(dtype, str):
        name = {"int": "int32", "float": _floatx, "boolean": "bool"}.get(dtype, dtype)
    elif dtype is int:
        name = "int32"
    elif isinstance(dtype, DTypePolicy):
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
    """NumPy's dtype of that name; bfloat16's is that of the package ml_dtypes (`pip install 'netlet[bfloat16]'`).

    >>> numpy_dtype("float16").itemsize
    2
    """
    return _core.numpy_dtype(standardize_dtype(dtype))


def is_float(dtype: str) -> bool:
    return dtype in FLOATS or dtype in HALVES


class DTypePolicy:
    """Which type a layer computes in and which its variables have; here always the same, "float32" or "float64".

    >>> DTypePolicy("float64").compute_dtype
    'float64'
    """

    def __init__(self, name: str | None = None) -> None:
        if isinstance(name, str) and name.startswith("mixed_"):
            raise NotImplementedError(f"Mixed precision policies are not supported yet; given {name!r}.")
        self.name = standardize_dtype(name)
        if self.name in HALVES:
            raise NotImplementedError(
                f"Layers compute in float32 or float64; {self.name} is for storing (ops.cast, Variables, files)."
            )

    @property
    def compute_dtype(self) -> str:
        return self.name

    @property
    def variable_dtype(self) -> str:
        return self.name

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def get_policy(identifier: Any) -> DTypePolicy:
    """A policy from None (the global one), a policy, a dtype, or a saved config dict."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy(**identifier.get("config", {}))
    return DTypePolicy(identifier if isinstance(identifier, str) else standardize_dtype(identifier))


def dtype_policy() -> DTypePolicy:
    """The policy of layers that name none."""
    global _policy
    if _policy is None:
        _policy = DTypePolicy(_floatx)
    return _policy


def set_dtype_policy(policy: Any) -> None:
    global _policy
    _policy = get_policy(policy)
