"""Checks of constructor arguments that several layer families share."""

from __future__ import annotations

from typing import Any

import numpy as np


def positive(value: Any, layer: str, name: str) -> int:
    """`value`, if it is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ValueError(f"{layer} expects a positive integer for `{name}`; given {value!r}.")
    return int(value)
