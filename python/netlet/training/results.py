"""Results of steps and metrics as numbers, and NonFiniteLossError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet import _core


class NonFiniteLossError(FloatingPointError):
    """The loss or a gradient became NaN or infinite.

    The step stopped before the update, so the weights are those before this step. If a step uses several optimizers,
    the updates of earlier ones may have been made; the message names them.
    """


def as_number(value: Any) -> Any:
    """A metric's result as a Python float. Arrays stay arrays; Tensors of a recorded step are returned unchanged.

    A function is called: it returns a result that is known after the step only.
    """
    if callable(value):
        value = value()
    if isinstance(value, _core.Tensor) and value.recorded:
        return value
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def checked_logs(returned: Any, step: str) -> dict[str, Any] | None:
    """The return value of a step as one flat dict.

    Args:
        returned: dict of numbers, Tensors and such dicts, or None.
        step: name of the step, for errors.

    Returns:
        The dict; None if it is empty or None.

    Raises:
        TypeError: not a dict, or a metric in place of its result.
    """
    if returned is None:
        return None
    if not isinstance(returned, Mapping):
        raise TypeError(f"{step}: expected a dict of logs or None as its result, received {type(returned).__name__}.")
    flat: dict[str, Any] = {}
    for name, value in returned.items():
        if isinstance(value, Mapping):
            flat.update(checked_logs(value, step) or {})
        elif hasattr(type(value), "update_state"):
            raise TypeError(f"{step}: log '{name}': expected the metric's result(), received the metric.")
        else:
            flat[name] = value
    return flat or None


def in_order(logs: dict[str, Any]) -> Any:
    """[loss, *metrics]; the value itself if there is only one."""
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
