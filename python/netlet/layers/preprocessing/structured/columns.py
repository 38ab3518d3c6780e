"""Columns of structured data as arrays with the axes (batch, 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.engine.graph import is_keras_tensor


def as_column(value: Any, dtype: str) -> Any:
    """A column as an array: of objects for texts, with the column's dtype for floats."""
    if is_keras_tensor(value):
        return value
    if dtype == "string":
        return np.asarray(value, object)
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return array.astype(dtype) if array.dtype.kind == "f" and dtype.startswith("float") else array


def with_axes(column: Any) -> Any:
    """A column with the axes (batch, 1)."""
    if len(column.shape) > 1:
        return column
    return ops.expand_dims(column, -1) if is_keras_tensor(column) else column.reshape(-1, 1)
