"""Arrays of one batch, or of a whole data set, brought to one form.

float32 C-contiguous arrays are read in place, others are converted once; the native feed gathers each batch from them
(and casts uint8, float64, ... as it does).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.tree import flatten, map_structure, pack_like
from netlet.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight


def to_tensor(value: Any, what: str) -> _core.Tensor:
    """An array-like as a Tensor with at least one axis, borrowed where possible; errors name the argument `what`."""
    if hasattr(value, "to_numpy") and not isinstance(value, np.ndarray):  # pandas, polars
        value = value.to_numpy()
    if isinstance(value, (str, bytes)):
        raise ValueError(f"{what}: expected an array of numbers; given {value!r}.")
    try:
        array = value if isinstance(value, (np.ndarray, _core.Tensor)) else np.asarray(value)
        if isinstance(array, np.ndarray) and array.dtype.kind in "UST":
            raise TypeError(
                "texts become numbers by layers.TextVectorization or StringLookup: call one on the data, or put it at "
                "the front of the model."
            )
        if isinstance(array, np.ndarray) and array.dtype == object:
            raise TypeError("its dtype is object: rows of different lengths, strings, or missing values?")
        tensor = _core.as_tensor(array)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: cannot be used as an array of numbers: {error}") from None
    if tensor.ndim == 0:
        raise ValueError(f"{what}: expected an array with one row a sample; given a single number.")
    return tensor


def _tensors(structure: Any, what: str) -> Any:
    if structure is None:
        return None
    leaves = flatten(structure)
    # A list of numbers is one array; a list of arrays is several inputs.
    if isinstance(structure, (list, tuple)) and all(
        np.ndim(leaf) == 0 and not hasattr(leaf, "shape") for leaf in leaves
    ):
        return to_tensor(structure, what)
    if isinstance(structure, (list, tuple)) and structure and isinstance(structure[0], (list, tuple)):
        return to_tensor(structure, what)
    if not isinstance(structure, (list, tuple, dict)):
        return to_tensor(structure, what)
    names = structure.keys() if isinstance(structure, dict) else range(len(leaves))
    label = {id(leaf): name for leaf, name in zip(leaves, sorted(names) if isinstance(structure, dict) else names)}
    return map_structure(lambda leaf: to_tensor(leaf, f"{what}[{label.get(id(leaf))!r}]"), structure)


class ArrayData:
    """Arrays with one row a sample.

    Args:
        x, y, sample_weight: arrays, or lists or dicts of them.
        method: named in errors.
        parts: the length of the tuple that a step receives; 0 for x alone. By default as long as the data needs.
        uneven: whether the arrays may have different numbers of rows, as those of two data sets side by side.

    Attributes:
        rows: of the first array.
        even: whether all arrays have as many.

    Raises:
        ValueError: no rows, different numbers of rows, or arrays of objects.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        method: str = "fit",
        parts: int | None = None,
        uneven: bool = False,
    ) -> None:
        self.x, self.y = _tensors(x, f"{method}(x)"), _tensors(y, f"{method}(y)")
        self.sample_weight = _tensors(sample_weight, f"{method}(sample_weight)")
        self.method = method
        named = [("x", t) for t in flatten(self.x)] + [("y", t) for t in flatten(self.y) if t is not None]
        named += [("sample_weight", t) for t in flatten(self.sample_weight) if t is not None]
        rows = {t.shape[0] for _, t in named}
        self.even = len(rows) == 1
        if not rows or not (self.even or uneven):
            counts = ", ".join(f"{name} has {t.shape[0]}" for name, t in named)
            raise ValueError(f"{method}: all arrays need the same number of rows, but {counts}.")
        self.rows: int = named[0][1].shape[0]
        if 0 in rows:
            raise ValueError(f"{method}: the arrays are empty (0 rows).")
        self.parts = self._parts_needed() if parts is None else parts

    @classmethod
    def of_batch(cls, batch: Any, method: str, own_step: bool, run_ahead: Callable[[Any], Any]) -> ArrayData:
        """One batch of an iterable, which its step receives in the form that it has here.

        Args:
            batch: x, (x,), (x, y) or (x, y, sample_weight); anything made of arrays for a step of the user's own.
            method: named in errors. "predict" leaves out y and sample_weight unless the step is the user's own.
            own_step: whether the step is the user's own.
            run_ahead: what is called on x first.
        """
        if own_step and isinstance(batch, (list, tuple)) and len(batch) > 3:
            return cls(tuple(batch), method=method, parts=0, uneven=True)
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        x = run_ahead(x)
        if method == "predict" and not own_step:
            return cls(x, method=method)
        parts = len(batch) if isinstance(batch, (list, tuple)) else 0
        return cls(x, y, sample_weight, method=method, parts=parts, uneven=own_step)

    def _parts_needed(self) -> int:
        packed = pack_x_y_sample_weight(self.x, self.y, self.sample_weight)
        return len(packed) if isinstance(packed, tuple) else 0

    def leaves(self) -> list[_core.Tensor]:
        """All arrays in one fixed order: those of x, of y, of sample_weight."""
        return self._leaves

    @functools.cached_property
    def _leaves(self) -> list[_core.Tensor]:
        return [t for part in (self.x, self.y, self.sample_weight) for t in flatten(part) if t is not None]

    @functools.cached_property
    def signature(self) -> Any:
        """What a recorded step depends on: structure, dtypes, and the shape of a row of each array."""
        arrays = tuple((t.shape[1:] if self.even else t.shape, t.dtype) for t in self._leaves)
        return repr((self.parts, _skeleton(self.x), _skeleton(self.y), _skeleton(self.sample_weight))), arrays

    def weighted(self, sample_weight: Any) -> ArrayData:
        """The same rows with these sample weights."""
        return self._with(self.rows, self.x, self.y, sample_weight, parts=3)

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """The first rows, and the last `fraction` of them (taken before any shuffling, as in Keras)."""
        at = int(np.floor(self.rows * (1.0 - fraction)))
        if at == 0 or at == self.rows:
            raise ValueError(
                f"validation_split={fraction} of {self.rows} rows leaves {at} rows to train on and {self.rows - at} to "
                "validate."
            )
        return self.take(slice(0, at)), self.take(slice(at, self.rows))

    def take(self, rows: Any) -> ArrayData:
        """The rows that a slice or an array of indices names."""

        def cut(t: Any) -> Any:
            return None if t is None else _core.as_tensor(t.numpy()[rows])

        x, y, sample_weight = (map_structure(cut, s) for s in (self.x, self.y, self.sample_weight))
        return self._with(flatten(x)[0].shape[0], x, y, sample_weight)

    def _with(self, rows: int, x: Any, y: Any, sample_weight: Any, parts: int | None = None) -> ArrayData:
        part = object.__new__(ArrayData)
        part.method, part.rows, part.parts = self.method, rows, self.parts if parts is None else parts
        part.even = self.even
        part.x, part.y, part.sample_weight = x, y, sample_weight
        return part


def _skeleton(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _skeleton(value) for key, value in sorted(structure.items())}
    if isinstance(structure, (list, tuple)):
        return [_skeleton(value) for value in structure]
    return None if structure is None else 0


def pack_batch(data: ArrayData, tensors: list[_core.Tensor]) -> Any:
    """What a step receives: one Tensor for each of `data.leaves()`, in the structure of the data."""
    remaining = iter(tensors)

    def pack(structure: Any) -> Any:
        return pack_like(structure, [None if t is None else next(remaining) for t in flatten(structure)])

    parts = (pack(data.x), pack(data.y), pack(data.sample_weight))
    return parts[: data.parts] if data.parts else parts[0]


def pack_x(data: ArrayData, tensors: list[_core.Tensor]) -> Any:
    """The inputs alone: one Tensor for each array of x."""
    return pack_like(data.x, tensors)


def is_array_like(x: Any) -> bool:
    """Whether x is an array or a structure of arrays, and not an iterable of batches."""
    if x is None or isinstance(x, (np.ndarray, _core.Tensor, list, tuple, dict)):
        return True
    return hasattr(x, "__array__") or hasattr(x, "to_numpy") or hasattr(x, "__dlpack__")
