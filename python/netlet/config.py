"""Settings of the process: the default float dtype, epsilon, precision of products, and dtype policies."""

from __future__ import annotations

import os

from . import _core
from .base.device import set_default_device  # noqa: F401  (public here)
from .base.dtypes import (  # noqa: F401  (public here, as in Keras)
    DTYPES,
    FLOATS,
    HALVES,
    INTEGERS,
    floatx,
    is_float,
    is_int,
    numpy_dtype,
    standardize_dtype,
)
from .base.missing import explain_missing
from .base.policies import (  # noqa: F401  (public here, as in Keras)
    DTypePolicy,
    DTypePolicyMap,
    dtype_policy,
    get_policy,
    set_dtype_policy,
    set_floatx,
)
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

_epsilon = 1e-7
_limits: dict[str, int | None] = {
    name: int(os.environ[name]) if os.environ.get(name) else None
    for name in ("NETLET_MAX_EPOCHS", "NETLET_MAX_STEPS_PER_EPOCH")
}


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


explain_missing(__name__)
