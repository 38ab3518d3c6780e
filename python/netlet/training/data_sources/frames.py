"""Frames and series of pandas, polars and Dask as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_frame(x: Any) -> bool:
    """Whether x is a frame or a series: an object with `to_numpy`, or a lazy one of Dask or polars."""
    return not isinstance(x, np.ndarray) and (hasattr(x, "to_numpy") or _is_dask(x) or _is_lazy(x))


def frame_to_numpy(x: Any) -> np.ndarray:
    """The values of a frame or series. A lazy one is computed first.

    Args:
        x: what `is_frame` accepts.

    Returns:
        An array (rows, columns). A series is one column, (rows, 1), as in Keras. Columns of numbers, booleans and
        missing values of different dtypes become float64.
    """
    if _is_dask(x):
        x = x.compute()
    elif _is_lazy(x):
        x = x.collect()
    array = np.asarray(x.to_numpy() if hasattr(x, "to_numpy") else x)
    if array.dtype == object and _all_numbers(x):
        array = array.astype(np.float64)
    return array[:, None] if array.ndim == 1 else array


def _is_dask(x: Any) -> bool:
    return hasattr(x, "__dask_graph__") and hasattr(x, "compute")


def _is_lazy(x: Any) -> bool:
    return type(x).__name__ == "LazyFrame" and hasattr(x, "collect")


def _all_numbers(frame: Any) -> bool:
    """Whether all columns hold numbers or booleans (pandas: also of the nullable dtypes)."""
    dtypes = getattr(frame, "dtypes", None)
    columns = [] if dtypes is None else list(dtypes) if hasattr(dtypes, "__iter__") else [dtypes]
    return bool(columns) and all(getattr(dtype, "kind", "O") in "biuf" for dtype in columns)
