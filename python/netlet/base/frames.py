"""Frames and series of pandas, polars, Dask and PyArrow as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_NUMBERS = "biuf"  # NumPy's kinds: bool, integers, floats
_ENCODE = "encode it with layers.StringLookup or utils.FeatureSpace, or drop it"


def is_frame(x: Any) -> bool:
    """Whether x is a frame, a series, an array of PyArrow or a collection of Dask.

    >>> is_frame(np.ones(3))
    False
    """
    return not isinstance(x, np.ndarray) and (hasattr(x, "to_numpy") or _is_lazy(x) or is_arrow(x) or is_dask(x))


def is_arrow(x: Any) -> bool:
    """Whether x is a Table, RecordBatch, ChunkedArray or Array of PyArrow.

    >>> is_arrow([1])
    False
    """
    return type(x).__module__.startswith("pyarrow.")


def is_dask(x: Any) -> bool:
    """Whether x is an array, frame or series of Dask, which is computed on demand.

    >>> is_dask([1])
    False
    """
    return hasattr(x, "__dask_graph__") and hasattr(x, "compute")


def frame_to_numpy(x: Any) -> np.ndarray:
    """The values of a frame, series or array of PyArrow. A lazy one is computed first.

    One column without missing values is read in place where the library allows it; several columns are copied into
    one array. Index labels have no effect: rows are taken in their order.

    Args:
        x: what `is_frame` accepts.

    Returns:
        An array (rows, columns). A series is one column, (rows, 1), as in Keras; lists of one length are as many
        columns; an array of Dask keeps its shape. Columns of different dtypes become the dtype that holds all of them,
        as in pandas: float64, or that of the floats if there are only floats.

    Raises:
        TypeError: a column that holds no numbers, or missing values (floats may hold NaN). The message names it.

    >>> import pandas
    >>> frame_to_numpy(pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})).tolist()
    [[1.0, 0.5], [2.0, 1.5]]
    """
    if is_dask(x):
        x = x.compute()
    elif _is_lazy(x):
        x = x.collect()
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x)  # of an array of Dask
    if (whole := _in_one_piece(x)) is not None:
        return whole
    columns = [_column(name, column) for name, column in _columns(x)]
    if len(columns) == 1:
        return columns[0]
    if not columns:
        return np.zeros((len(x), 0), np.float32)
    return np.concatenate([c.astype(_common_dtype(columns), copy=False) for c in columns], axis=1)


def column_to_numpy(x: Any) -> np.ndarray:
    """`frame_to_numpy`, where a series or one array of PyArrow keeps its one axis.

    >>> import pandas
    >>> column_to_numpy(pandas.Series([1, 2])).shape
    (2,)
    """
    values = frame_to_numpy(x)
    one_axis = not hasattr(x, "column_names") if is_arrow(x) else len(getattr(x, "shape", (0, 0))) == 1
    return values[:, 0] if one_axis and values.shape[1] == 1 else values


def _is_lazy(x: Any) -> bool:
    return type(x).__name__ == "LazyFrame" and hasattr(x, "collect")


def _in_one_piece(x: Any) -> np.ndarray | None:
    """The values of a pandas frame whose columns all have one of NumPy's dtypes; pandas holds them in one block."""
    dtypes: Any = getattr(x, "dtypes", None)
    if is_arrow(x) or not hasattr(x, "iloc") or getattr(dtypes, "ndim", 0) != 1 or not len(dtypes):
        return None
    first = dtypes.iloc[0]
    if not isinstance(first, np.dtype) or first.kind not in _NUMBERS or any(d != first for d in dtypes):
        return None
    return np.asarray(x.to_numpy())


def _columns(x: Any) -> Iterator[tuple[Any, Any]]:
    """(name, column) of each column; the name of a series without one is None."""
    if hasattr(x, "column_names"):  # PyArrow's Table and RecordBatch
        yield from zip(x.column_names, x.columns)
    elif hasattr(x, "iter_columns"):  # polars
        yield from ((column.name, column) for column in x.iter_columns())
    elif hasattr(x, "iloc") and x.ndim == 2:  # pandas
        yield from ((name, x.iloc[:, i]) for i, name in enumerate(x.columns))
    else:
        yield getattr(x, "name", None), x


def _column(name: Any, column: Any) -> np.ndarray:
    """One column as an array (rows, 1), or (rows, length of its lists)."""
    what = "the series" if name is None else f"column {name!r}"
    try:
        array = _arrow_column(column) if is_arrow(column) else _values(column)
    except _Unusable as e:
        raise TypeError(f"{what} {e}") from None
    return array[:, None] if array.ndim == 1 else array


class _Unusable(Exception):
    """What is wrong with a column: the end of a sentence that begins with its name."""


def _values(column: Any) -> np.ndarray:
    """The values of a series of pandas or polars, or of another object with `to_numpy`."""
    dtype = column.dtype
    missing = _missing(column)
    if hasattr(column, "cat") and hasattr(dtype, "categories") and _text_categories(dtype):
        raise _Unusable(f"is categorical, with texts: use its codes (`.cat.codes`, `.to_physical()`), or {_ENCODE}.")
    if missing is not None:
        raise _Unusable(f"has a missing value in row {missing}: fill it, or drop the row.")
    array = np.asarray(column.to_numpy())
    if array.dtype == object and getattr(dtype, "kind", "O") in _NUMBERS:  # pandas's nullable dtypes
        array = np.asarray(column.to_numpy(getattr(dtype, "numpy_dtype", None)))
    if array.dtype == object and array.size and len({np.shape(item) for item in array}) == 1 and np.ndim(array[0]):
        array = np.stack([np.asarray(item) for item in array])  # lists of one length
    if array.dtype.kind == "M" or array.dtype.kind == "m":
        raise _Unusable(f"has dtype {dtype}: make numbers of the dates first, e.g. seconds or the day of the year.")
    if array.dtype.kind not in _NUMBERS:
        raise _Unusable(f"has dtype {dtype}, expected numbers: {_ENCODE}.")
    return array


def _text_categories(dtype: Any) -> bool:
    """Whether the categories of a dtype are no numbers; those of polars are always texts."""
    categories = dtype.categories
    return getattr(getattr(categories, "dtype", None), "kind", "O") not in _NUMBERS


def _missing(column: Any) -> int | None:
    """The first row with a missing value, for dtypes that know them; None if there is none."""
    if hasattr(column, "null_count"):  # polars
        return int(column.is_null().arg_max()) if column.null_count() else None
    if isinstance(column.dtype, np.dtype) or not hasattr(column, "isna"):
        return None  # NaN is a float
    absent = np.asarray(column.isna().to_numpy())
    return int(absent.argmax()) if absent.any() else None


def _arrow_column(column: Any) -> np.ndarray:
    """The values of an Array or ChunkedArray of PyArrow."""
    if column.null_count:
        row = next(i for i, valid in enumerate(column.is_valid()) if not valid.as_py())
        raise _Unusable(f"has a missing value in row {row}: fill it, or drop the row.")
    kind = str(column.type)
    if hasattr(column, "combine_chunks"):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if hasattr(column, "to_numpy_ndarray"):  # tensors of one shape
        return np.asarray(column.to_numpy_ndarray())
    if kind.startswith("fixed_size_list") and not column.flatten().null_count:
        parts = _arrow_column(column.flatten())
        return parts.reshape(len(column), -1)
    if kind.startswith(("date", "time", "duration")):
        raise _Unusable(f"has type {kind}: make numbers of the dates first, e.g. seconds or the day of the year.")
    if kind not in ("bool", "halffloat", "float", "double") and not kind.startswith(("int", "uint", "decimal")):
        raise _Unusable(f"has type {kind}, expected numbers: {_ENCODE}.")
    array = np.asarray(column.to_numpy(zero_copy_only=False))
    return array.astype(np.float64) if array.dtype == object else array


def _common_dtype(columns: list[np.ndarray]) -> np.dtype[Any]:
    """The dtype of an array that holds all columns: as in pandas, float64 for bools beside other numbers."""
    kinds = {c.dtype.kind for c in columns}
    if "b" in kinds and len(kinds) > 1:
        return np.dtype(np.float64)
    return np.result_type(*columns)
