"""Small things that training needs: logs, numbers out of metrics, argument checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet import _core


class NonFiniteLossError(FloatingPointError):
    """The loss or a gradient became NaN or infinite; the weights are those before the step that would have spoilt
    them."""


def as_number(value: Any) -> Any:
    """A metric's result as a Python float; arrays stay arrays, and what is part of a recorded step stays so."""
    if isinstance(value, _core.Tensor) and value.recorded:
        return value
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def checked_logs(returned: Any, step: str) -> dict[str, Any] | None:
    """What a step returned as one flat dict, or None.

    Raises:
        TypeError: it is no dict of numbers and Tensors.
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
            raise TypeError(f"{step}: log '{name}' is a metric; expected its result().")
        else:
            flat[name] = value
    return flat or None


def logs_of(model: Any, returned: Mapping[str, Any] | None) -> dict[str, Any]:
    """The logs after a step: what it returned, or the metrics where it returned nothing.

    Names of metrics come first, in their order, then the others, sorted.
    """
    metrics: dict[str, Any] = model.get_metrics_result()
    if returned is None:
        return metrics
    names = [n for n in metrics if n in returned] + sorted(n for n in returned if n not in metrics)
    return {name: as_number(returned[name]) for name in names}


def in_order(logs: dict[str, Any]) -> Any:
    """[loss, *metrics], or the only value."""
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def due(validation_freq: Any, epoch: int) -> bool:
    """Whether to validate after this epoch (counted from 0)."""
    if isinstance(validation_freq, (int, np.integer)):
        return (epoch + 1) % int(validation_freq) == 0
    return epoch + 1 in validation_freq


def check_frequency(validation_freq: Any) -> None:
    """Raises ValueError unless it is a whole number of at least 1, or a collection of such numbers."""
    if isinstance(validation_freq, (list, tuple, set, range)):
        for epoch in validation_freq:
            check_count("fit(validation_freq=)", epoch)
        return
    check_count("fit(validation_freq=)", validation_freq)


def check_count(what: str, value: Any, least: int = 1, none_too: bool = False) -> None:
    """Raises ValueError unless value is a whole number of at least `least` (or None, with `none_too`)."""
    if value is None and none_too:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what}: expected a whole number of at least {least}; given {value!r}.")
