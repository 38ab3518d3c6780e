"""Operators that make arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..node import Node
from .registry import operator

_DTYPES: dict[str, Any] = {
    "value_float": "float32",
    "value_floats": "float32",
    "value_int": "int64",
    "value_ints": "int64",
    "value_string": object,
    "value_strings": object,
}


@operator("Constant")
def constant_of_the_file(node: Node) -> Any:
    value = node.attribute("value")
    if value is not None:
        return value
    for name, dtype in _DTYPES.items():
        if (given := node.attribute(name)) is not None:
            return np.array(given, dtype)
    raise node.error("expected an attribute with a value.")
