"""Settings of the process: the default float dtype, epsilon, precision of products, and dtype policies."""

from __future__ import annotations

import os

from . import _core
from .base.device import set_default_device
from .base.dtypes import (  # noqa: F401  (the lists are for netlet's own parts)
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
from .base.policies import (
    DTypePolicy,
    DTypePolicyMap,
    dtype_policy,
    get_policy,
    set_dtype_policy,
    set_floatx,
)
from .base.switches import (
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

__all__ = [
    "DTypePolicy",
    "DTypePolicyMap",
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "float32_conv_precision",
    "float32_matmul_precision",
    "floatx",
    "get_policy",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_float",
    "is_int",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "numpy_dtype",
    "set_default_device",
    "set_dtype_policy",
    "set_epsilon",
    "set_float32_conv_precision",
    "set_float32_matmul_precision",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
    "standardize_dtype",
]

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

    It applies to what is computed afterwards; a step that is recorded already keeps the constant it was recorded with.

    Args:
        value: a small positive number.

    >>> set_epsilon(1e-5)
    >>> epsilon()
    1e-05
    >>> set_epsilon(1e-7)
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


def float32_conv_precision() -> str:
    """Returns the precision of float32 convolutions on the CPU: "high", unless `set_float32_conv_precision` changed it.

    >>> float32_conv_precision()
    'high'
    """
    return "highest" if _core.convolutions_are_exact() else "high"


def set_float32_conv_precision(precision: str) -> None:
    """Sets the precision of float32 convolutions on the CPU: of `ops.conv`, convolutional layers and their gradients.

    It matters for 3×3 convolutions of stride 1 with 16 channels or more on both sides. With "high", Winograd's
    F(4×4, 3×3) computes those of larger images, and their gradients with regard to the input: about 1.5 times as fast,
    with rounding errors about twice those of the definition's sums. With "highest", F(2×2, 3×3) does: its errors are
    smaller than the definition's, and whole numbers are exact as long as their sums have a few bits to spare.
    docs/numerics.md has the bounds of both.

    It is a setting of the process. A recorded step keeps the precision that was set when it was recorded: set it before
    the first call of a model or of a compiled function.

    Args:
        precision: "high" (the default) or "highest".

    Raises:
        ValueError: another value.

    Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

    >>> set_float32_conv_precision("highest")
    >>> float32_conv_precision()
    'highest'
    >>> set_float32_conv_precision("high")
    """
    if precision not in ("highest", "high"):
        raise ValueError(f'set_float32_conv_precision: expected "highest" or "high", received {precision!r}.')
    _core.keep_convolutions_exact(precision == "highest")


def max_epochs() -> int | None:
    """Returns the most epochs of a call to `fit`, or None (the default) for no limit. See `set_max_epochs`.

    >>> max_epochs() is None
    True
    """
    return _limits["NETLET_MAX_EPOCHS"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Limits the epochs of every call to `fit`, to try a script quickly.

    The environment variable NETLET_MAX_EPOCHS sets the limit without changing the script.

    Args:
        max_epochs: the largest number; None for no limit.

    >>> set_max_epochs(2)
    >>> max_epochs()
    2
    >>> set_max_epochs(None)
    """
    _limits["NETLET_MAX_EPOCHS"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """Returns the most steps of an epoch, or None (the default) for no limit. See `set_max_steps_per_epoch`.

    >>> max_steps_per_epoch() is None
    True
    """
    return _limits["NETLET_MAX_STEPS_PER_EPOCH"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limits the steps of every epoch of `fit`, `evaluate` and `predict`, to try a script quickly.

    The environment variable NETLET_MAX_STEPS_PER_EPOCH sets the limit without changing the script.

    Args:
        max_steps_per_epoch: the largest number; None for no limit.

    >>> set_max_steps_per_epoch(100)
    >>> max_steps_per_epoch()
    100
    >>> set_max_steps_per_epoch(None)
    """
    _limits["NETLET_MAX_STEPS_PER_EPOCH"] = max_steps_per_epoch


def backend() -> str:
    """Returns "netlet", the name of the backend, which `keras.config.backend` returns for Keras.

    >>> backend()
    'netlet'
    """
    return "netlet"


def image_data_format() -> str:
    """Returns "channels_last": images have the shape (batch, height, width, channels).

    Layers and ops take `data_format="channels_first"` where Keras's do; the default of the process is fixed.

    >>> image_data_format()
    'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accepts "channels_last", for compatibility with Keras.

    Args:
        data_format: "channels_last".

    Raises:
        ValueError: another value.

    >>> set_image_data_format("channels_last")
    """
    if data_format != "channels_last":
        raise ValueError(f'set_image_data_format: expected "channels_last" (N, H, W, C), received {data_format!r}.')


explain_missing(__name__)
