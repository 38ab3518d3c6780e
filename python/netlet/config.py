"""Settings of the process: the default float dtype, epsilon, precision of products, and dtype policies."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from . import _core
from .base.device import set_default_device  # noqa: F401  (public here)
from .base.missing import explain_missing
from .base.suggest import unknown
from .base.switches import (  # noqa: F401  (public here, as in Keras)
    disable_flash_attention,
    disable_interactive_logging,
    disable_traceback_filtering,
    enable_flash_attention,
    enable_interactive_logging,
    enable_traceback_filtering,
    is_flash_attention_enabled,
    is_interactive_logging_enabled,
    is_traceback_filtering_enabled,
)

FLOATS = ("float32", "float64")
HALVES = ("float16", "bfloat16")  # for storage and casts; computations convert them to float32
INTEGERS = ("int8", "uint8", "int32", "int64")
DTYPES = (*FLOATS, *HALVES, *INTEGERS, "bool")

_floatx = "float32"
_epsilon = 1e-7
_policy: DTypePolicy | None = None
_limits: dict[str, int | None] = {
    name: int(os.environ[name]) if os.environ.get(name) else None
    for name in ("NETLET_MAX_EPOCHS", "NETLET_MAX_STEPS_PER_EPOCH")
}


def floatx() -> str:
    """Returns the default float dtype of layers and variables: "float32", unless `set_floatx` changed it.

    >>> floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Sets the default float dtype. This also resets the default dtype policy.

    Args:
        value: "float32" or "float64".

    Raises:
        ValueError: another value.

    >>> set_floatx("float32")
    """
    global _floatx, _policy
    if value not in FLOATS:
        raise ValueError(f'set_floatx: expected "float32" or "float64", received {value!r}.')
    _floatx = value
    _policy = None


def epsilon() -> float:
    """Returns the small constant (default 1e-7) that losses and constraints use to avoid log(0) and division by 0.

    >>> epsilon()
    1e-07
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the constant that `epsilon` returns.

    Args:
        value: a small positive number.
    """
    global _epsilon
    _epsilon = float(value)


def float32_matmul_precision() -> str:
    """Returns the precision of float32 products on a GPU: "highest", unless `set_float32_matmul_precision` changed it.

    >>> float32_matmul_precision()
    'highest'
    """
    return "high" if _core.is_tf32_allowed() else "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """Sets the precision of float32 matrix products on a GPU: of `ops.matmul`, dense layers and their gradients.

    With "high" the GPU's tensor cores compute them: they round each operand to TF32, which has 10 bits of mantissa in
    place of 23 (a relative error of up to 0.0005 for each operand), and add the products in float32. Products of at
    most 4 rows or of one column, and long sums into few elements, stay float32. It has no effect on the CPU, on float64
    and on convolutions.

    It is a setting of the process. A recorded step keeps the precision that was set when it was recorded: set it before
    the first call of a model or of a compiled function.

    Args:
        precision: "highest" for float32 (the default) or "high" for TF32. The names are those of PyTorch.

    Raises:
        ValueError: another value.

    >>> set_float32_matmul_precision("high")
    >>> float32_matmul_precision()
    'high'
    >>> set_float32_matmul_precision("highest")
    """
    if precision not in ("highest", "high"):
        raise ValueError(f'set_float32_matmul_precision: expected "highest" or "high", received {precision!r}.')
    _core.allow_tf32(precision == "high")


def max_epochs() -> int | None:
    """Returns the most epochs of a call to `fit`; None: no limit. See `set_max_epochs`."""
    return _limits["NETLET_MAX_EPOCHS"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Limits the epochs of every call to `fit`, to try a script quickly.

    The environment variable NETLET_MAX_EPOCHS sets the limit without changing the script.

    Args:
        max_epochs: the largest number; None for no limit.
    """
    _limits["NETLET_MAX_EPOCHS"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """Returns the most steps of an epoch; None: no limit. See `set_max_steps_per_epoch`."""
    return _limits["NETLET_MAX_STEPS_PER_EPOCH"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limits the steps of every epoch of `fit`, `evaluate` and `predict`, to try a script quickly.

    The environment variable NETLET_MAX_STEPS_PER_EPOCH sets the limit without changing the script.

    Args:
        max_steps_per_epoch: the largest number; None for no limit.
    """
    _limits["NETLET_MAX_STEPS_PER_EPOCH"] = max_steps_per_epoch


def backend() -> str:
    """Returns "netlet", the name of the backend."""
    return "netlet"


def image_data_format() -> str:
    """Returns "channels_last": images have the shape (batch, height, width, channels)."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accepts "channels_last", for compatibility with Keras.

    Args:
        data_format: "channels_last".

    Raises:
        ValueError: another value.
    """
    if data_format != "channels_last":
        raise ValueError(f'set_image_data_format: expected "channels_last" (N, H, W, C), received {data_format!r}.')


def standardize_dtype(dtype: Any) -> str:
    """Returns the name of a dtype.

    Args:
        dtype: a name, a NumPy dtype or scalar type, a Python type, a DTypePolicy (its compute dtype), or None
            (`floatx()`).

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
    """Returns the NumPy dtype of a dtype that `standardize_dtype` accepts.

    bfloat16 needs the package ml_dtypes (`pip install 'netlet[bfloat16]'`).

    >>> numpy_dtype("float16").itemsize
    2
    """
    return _core.numpy_dtype(standardize_dtype(dtype))


def is_float(dtype: str) -> bool:
    """Whether a dtype is a float dtype.

    Args:
        dtype: its name.

    >>> is_float("bfloat16"), is_float("int32")
    (True, False)
    """
    return dtype in FLOATS or dtype in HALVES


def is_int(dtype: str) -> bool:
    """Whether a dtype is an integer dtype.

    Args:
        dtype: its name.

    >>> is_int("uint8"), is_int("bool")
    (True, False)
    """
    return dtype in INTEGERS


class DTypePolicy:
    """The dtype that a layer computes in, which is also that of its variables: "float32" or "float64".

    Args:
        name: "float32" or "float64"; default `config.floatx()`.

    Raises:
        NotImplementedError: a mixed precision policy, float16 or bfloat16.
        ValueError: an unknown dtype.

    >>> DTypePolicy("float64").compute_dtype
    'float64'
    """

    def __init__(self, name: str | None = None) -> None:
        if isinstance(name, str) and name.startswith("mixed_"):
            raise NotImplementedError(
                f'DTypePolicy: expected "float32" or "float64", received {name!r}. Mixed precision is not supported.'
            )
        self.name = standardize_dtype(name)
        if self.name in HALVES:
            raise NotImplementedError(
                f'DTypePolicy: expected "float32" or "float64", received {self.name!r}, which is for storage only '
                "(ops.cast, Variables, files)."
            )

    @property
    def compute_dtype(self) -> str:
        """Name of the dtype that layers compute in."""
        return self.name

    @property
    def variable_dtype(self) -> str:
        """Name of the dtype of the layers' variables."""
        return self.name

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as a dict."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Makes a policy from the dict that `get_config` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def get_policy(identifier: Any) -> DTypePolicy:
    """Returns a policy.

    Args:
        identifier: None for the default policy, a policy, a dtype, or the config dict of a policy.
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy(**identifier.get("config", {}))
    return DTypePolicy(identifier if isinstance(identifier, str) else standardize_dtype(identifier))


def dtype_policy() -> DTypePolicy:
    """Returns the default policy of layers."""
    global _policy
    if _policy is None:
        _policy = DTypePolicy(_floatx)
    return _policy


def set_dtype_policy(policy: Any) -> None:
    """Sets the default policy of layers.

    Args:
        policy: a policy, a dtype, or the config dict of a policy.

    >>> set_dtype_policy("float32")
    """
    global _policy
    _policy = get_policy(policy)


explain_missing(__name__)
