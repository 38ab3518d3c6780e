"""Items of a Dataset: structures of NumPy arrays, how they are made, stacked and described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from netlet.base import tree
from netlet.base.arrays import as_ndarray
from netlet.config import floatx, numpy_dtype


class TensorSpec(NamedTuple):
    """Shape and dtype of a part of an item, as in `Dataset.element_spec`.

    Args:
        shape: tuple; None for a length that differs between items.
        dtype: name of the dtype; "string" for texts. Default "float32".

    Source: TensorFlow, `tf.TensorSpec`.

    >>> TensorSpec((None, 3), "int32")
    TensorSpec(shape=(None, 3), dtype='int32')
    """

    shape: Any
    dtype: str = "float32"


class Array(np.ndarray):
    """A NumPy array with the method `numpy`, which scripts for tf.data call on what they iterate over.

    >>> np.arange(3).view(Array).numpy()
    array([0, 1, 2])
    """

    def numpy(self) -> np.ndarray:
        """The plain array."""
        return self.view(np.ndarray)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


class Text(str):
    """A text with the method `numpy`.

    >>> Text("a").numpy()
    b'a'
    """

    __slots__ = ()

    def numpy(self) -> bytes:
        """The text in UTF-8, as in tf.data."""
        return self.encode()


def _number_with_numpy(kind: Any) -> Any:
    """A subclass of a type of NumPy's numbers that has the method `numpy`, which returns the plain number."""
    return type(kind.__name__, (kind,), {"numpy": lambda self: kind(self), "__doc__": kind.__doc__})


_INTEGERS: tuple[Any, ...] = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
_WITH_NUMPY = {kind: _number_with_numpy(kind) for kind in (*_INTEGERS, np.float16, np.float32, np.float64)}
_WITH_NUMPY |= {str: Text, np.str_: Text}


def with_numpy(part: Any) -> Any:
    """An array, number or text as one with the method `numpy`; anything else (bools, data sets) as it is."""
    if type(part) is np.ndarray:
        return part.view(Array)
    kind = _WITH_NUMPY.get(type(part))
    return part if kind is None else kind(part)


def is_structure(value: Any) -> bool:
    """Whether a value is a tuple or dict of parts. A list is one array, as in tf.data."""
    return isinstance(value, (tuple, dict)) and not isinstance(value, TensorSpec)


def mapped(fn: Callable[[Any], Any], structure: Any) -> Any:
    """The structure with fn applied to each part but None."""
    if structure is None:
        return None
    if is_structure(structure):
        return tree.rebuilt(structure, [mapped(fn, structure[key]) for key in tree.keys_of(structure)])
    return fn(structure)


def parts(structure: Any) -> list[Any]:
    """The parts of a structure in a fixed order, without None."""
    if structure is None:
        return []
    if is_structure(structure):
        return [part for key in tree.keys_of(structure) for part in parts(structure[key])]
    return [structure]


def item_of(value: Any) -> Any:
    """A value with each part as an array.

    Python's numbers become `config.floatx()`, int32 (int64 where it needs that) and bool, a list becomes one array.
    Texts stay as they are; Tensors and other objects with `__array__` or `__dlpack__` become NumPy arrays.
    """
    if type(value) is np.ndarray or value is None:
        return value
    if is_structure(value):
        return tree.rebuilt(value, [item_of(value[key]) for key in tree.keys_of(value)])
    return array_of(value)


def array_of(value: Any) -> Any:
    """One part of an item as an array; see `item_of`."""
    if isinstance(value, (np.ndarray, np.generic, str, bytes)) or is_nested_dataset(value):
        return value
    if hasattr(value, "__dlpack__") or hasattr(value, "__array__") or hasattr(value, "to_numpy"):
        return as_ndarray(value)
    if isinstance(value, list) and any(hasattr(part, "shape") for part in value):
        value = [np.asarray(part) for part in value]
        return np.stack(value) if value else np.asarray(value)
    array = np.asarray(value)
    if not hasattr(value, "dtype") and not _holds_arrays(value):
        if array.dtype == np.float64:
            array = array.astype(numpy_dtype(floatx()))
        elif array.dtype == np.int64 and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31)):
            array = array.astype(np.int32)
        elif array.dtype.kind == "U":
            array = array.astype(object)
    return array[()] if array.ndim == 0 else array


def _holds_arrays(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(hasattr(part, "dtype") or _holds_arrays(part) for part in value)


def is_nested_dataset(value: Any) -> bool:
    """Whether a part of an item is a Dataset, as those of `window`."""
    return hasattr(value, "as_numpy_iterator")


def dtype_name(dtype: Any) -> str:
    """The name of a dtype: "string" for texts. Takes a name, a NumPy dtype or type, or a dtype of TensorFlow."""
    if isinstance(dtype, str):
        return dtype
    name = getattr(dtype, "name", None)
    if isinstance(name, str) and not isinstance(dtype, (np.dtype, type)):
        return name
    dtype = np.dtype(dtype)
    return "string" if dtype.kind in "OUS" else dtype.name


def with_dtype(value: Any, dtype: Any) -> Any:
    """A part of an item in a dtype."""
    name = dtype_name(dtype)
    if name == "string":
        return value if isinstance(value, (str, bytes)) else np.asarray(value, object)
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return array.astype(numpy_dtype(name), copy=False)[()]


def stacked(items: list[Any]) -> Any:
    """The arrays of items of one structure, stacked along a new first axis.

    >>> stacked([(1, 2.0), (3, 4.0)])
    (array([1, 3]), array([2., 4.]))
    """
    first = items[0]
    if not is_structure(first):
        return None if first is None else _stacked_arrays(items)
    for item in items:
        if not is_structure(item) or len(item) != len(first):
            raise ValueError(
                f"batch: expected items of one structure, {_described(first)}, received {_described(item)}."
            )
    return tree.rebuilt(first, [stacked([item[key] for item in items]) for key in tree.keys_of(first)])


def _stacked_arrays(arrays: list[Any]) -> np.ndarray:
    if isinstance(arrays[0], (str, bytes)):
        out = np.empty(len(arrays), object)
        out[:] = arrays
        return out
    try:
        return np.stack(arrays)
    except ValueError:
        shapes = [np.shape(a) for a in arrays]
        other = next((s for s in shapes if s != shapes[0]), shapes[0])
        raise ValueError(
            f"batch: expected items of one shape, {shapes[0]}, received {other}. `padded_batch` pads them."
        ) from None


def _described(item: Any) -> str:
    return f"a {type(item).__name__} of {len(item)}" if is_structure(item) else "one array"


def rows_of(arrays: Any, index: Any) -> Any:
    """The rows of a structure of arrays: one for an integer, an array of them for an integer array."""
    return mapped(lambda array: array[index], arrays)


def common_length(arrays: Any, name: str) -> int:
    """The length of all arrays of a structure.

    Raises:
        ValueError: they differ, there is no array, or one has no axis.
    """
    leaves = parts(arrays)
    if not leaves or any(np.ndim(leaf) == 0 for leaf in leaves):
        raise ValueError(f"{name}: expected arrays with at least one axis, received {_shapes(leaves)}.")
    lengths = {len(leaf) for leaf in leaves}
    if len(lengths) != 1:
        raise ValueError(f"{name}: expected arrays of one length, received lengths {sorted(lengths)}.")
    return lengths.pop()


def _shapes(leaves: Iterable[Any]) -> str:
    return ", ".join(f"shape {np.shape(leaf)}" for leaf in leaves) or "none"


def read_only(array: Any) -> Any:
    """A view of an array that cannot be written, so that a map function cannot change the data set itself."""
    if not isinstance(array, np.ndarray):
        return array
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def spec_of(item: Any, open_axes: int = 0) -> Any:
    """The structure of TensorSpecs of an item.

    Args:
        item: the item.
        open_axes: number of leading axes whose lengths differ between items.
    """

    def spec(part: Any) -> Any:
        if is_nested_dataset(part):
            return part
        array = np.asarray(part)
        shape = tuple(None if i < open_axes else n for i, n in enumerate(array.shape))
        return TensorSpec(shape, dtype_name(array.dtype))

    return mapped(spec, item)
