"""Checks of constructor arguments that several layer families share."""

from __future__ import annotations

from typing import Any

import numpy as np


def positive(value: Any, layer: str, name: str) -> int:
    """Returns `value` as an int; raises ValueError if it is not a positive integer."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ValueError(f"{layer} expected a positive integer for `{name}`, received {value!r}.")
    return int(value)
