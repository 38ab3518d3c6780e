"""ArrayData: the arrays of one batch or of a whole data set, as Tensors.

C-contiguous arrays are read in place, others are copied once. Native code gathers each batch from them and casts it
(from uint8, float64, ...).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.arrays import as_ndarray
from netlet.base.frames import frame_to_numpy, is_frame
from netlet.base.tree import flatten, map_structure
from netlet.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight


def to_tensor(value: Any, what: str) -> _core.Tensor:
    """Converts an array-like to a Tensor with at least one axis, without a copy where possible.

    Args:
        value: NumPy array, Tensor, DataFrame, nested list, or another object that NumPy converts.
        what: the argument's name, for errors.

    Returns:
        The Tensor.

    Raises:
        ValueError: texts, objects, or a single number.
    """
    if isinstance(value, (str, bytes)):
        raise ValueError(f"{what}: expected an array of numbers, received {value!r}.")
    try:
        value = frame_to_numpy(value) if is_frame(value) else value
        array = value if isinstance(value, (np.ndarray, _core.Tensor)) else as_ndarray(value)
        if isinstance(array, np.ndarray) and array.dtype.kind in "UST":
            raise TypeError(
                "texts become numbers by layers.TextVectorization or StringLookup: call one on the data, or make it "
                "the first layer of the model."
            )
        if isinstance(array, np.ndarray) and array.dtype == object:
            raise TypeError("its dtype is object: rows of different lengths, strings, or missing values?")
        tensor = _core.as_tensor(array)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: expected an array of numbers: {error}") from None
    if tensor.ndim == 0:
        raise ValueError(f"{what}: expected an array with one row per sample, received a single number.")
    return tensor


def _tensors(structure: Any, what: str) -> Any:
    """`to_tensor` of each array in a structure."""
    if structure is None:
        return None
    leaves = flatten(structure)
    # A list of numbers is one array; a list of arrays is several inputs.
    if isinstance(structure, (list, tuple)) and all(
        np.ndim(leaf) == 0 and not hasattr(leaf, "shape") for leaf in leaves
    ):
        return to_tensor(structure, what)
    if not isinstance(structure, (list, tuple, dict)):
        return to_tensor(structure, what)
    names = structure.keys() if isinstance(structure, dict) else range(len(leaves))
    label = {id(leaf): name for leaf, name in zip(leaves, sorted(names) if isinstance(structure, dict) else names)}

    def converted(leaf: Any) -> Any:
        return None if leaf is None else to_tensor(leaf, f"{what}[{label.get(id(leaf))!r}]")

    return map_structure(converted, structure)


class ArrayData:
    """Arrays with one row per sample.

    Args:
        x: array of shape (N, ...), or a list or dict of arrays.
        y: targets in the same form, or None.
        sample_weight: weights in the same form, or None.
        method: name of the calling method, for errors.
        parts: length of the tuple that a step receives; 0 for x alone. By default as long as the data need.
        uneven: whether the arrays may have different numbers of rows, e.g. two data sets side by side.

    Attributes:
        x, y, sample_weight: Tensors in the structure of the arguments.
        method: name of the calling method.
        rows: number of rows of the first array.
        even: whether all arrays have the same number of rows.
        parts: length of the tuple that a step receives; 0 for x alone.
        rows_of_ranks: in data-parallel training, the rows that each rank has of the batch if these are this rank's own;
            None if all ranks have the whole batch.

    Raises:
        ValueError: no rows, except in `predict`; different numbers of rows without `uneven`; arrays of texts or
            objects.
    """

    rows_of_ranks: tuple[int, ...] | None = None

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
        parts_by_name = (("x", self.x), ("y", self.y), ("sample_weight", self.sample_weight))
        named = [(name, t) for name, part in parts_by_name for t in flatten(part) if t is not None]
        rows = {t.shape[0] for _, t in named}
        self.even = len(rows) == 1
        if not rows or not (self.even or uneven):
            counts = ", ".join(f"{name} has {t.shape[0]}" for name, t in named)
            raise ValueError(f"{method}: expected arrays with the same number of rows, received: {counts}.")
        self.rows: int = named[0][1].shape[0]
        if 0 in rows and method != "predict":
            raise ValueError(f"{method}: expected at least one row, received empty arrays.")
        self.parts = self._parts_needed() if parts is None else parts

    @classmethod
    def of_batch(cls, batch: Any, method: str, own_step: bool, run_ahead: Callable[[Any], Any]) -> ArrayData:
        """The arrays of one batch of an iterable.

        Args:
            batch: x, (x,), (x, y) or (x, y, sample_weight). An overridden step may have other tuples of arrays.
            method: name of the calling method, for errors. "predict" drops y and sample_weight unless `own_step`.
            own_step: whether the model overrides the step.
            run_ahead: function that is applied to x first (`GraphLayer.run_ahead`).

        Returns:
            The batch. Its `parts` makes the step receive the same form.

        Raises:
            ValueError: a tuple of another length, or unsuitable arrays.
        """
        if own_step and isinstance(batch, (list, tuple)) and len(batch) > 3:
            return cls(tuple(batch), method=method, parts=0, uneven=True)
        x, y, sample_weight = parts_of(batch, f"{method}: a batch")
        x = run_ahead(x)
        if method == "predict" and not own_step:
            return cls(x, method=method)
        parts = len(batch) if isinstance(batch, (list, tuple)) else 0
        return cls(x, y, sample_weight, method=method, parts=parts, uneven=own_step)

    def _parts_needed(self) -> int:
        """The length of the tuple that holds x, y and sample_weight without trailing Nones; 0 for x alone."""
        packed = pack_x_y_sample_weight(self.x, self.y, self.sample_weight)
        return len(packed) if isinstance(packed, tuple) else 0

    def leaves(self) -> list[_core.Tensor]:
        """All Tensors in a fixed order: those of x, of y, of sample_weight."""
        return self._leaves

    @functools.cached_property
    def _leaves(self) -> list[_core.Tensor]:
        return [t for part in (self.x, self.y, self.sample_weight) for t in flatten(part) if t is not None]

    @functools.cached_property
    def signature(self) -> Any:
        """All that a recorded step depends on: structure, dtypes, and the shape of each array's rows."""
        arrays = tuple((t.shape[1:] if self.even else t.shape, t.dtype) for t in self._leaves)
        return repr(
            (self.rows_of_ranks, self.parts, _skeleton(self.x), _skeleton(self.y), _skeleton(self.sample_weight))
        ), arrays

    def weighted(self, sample_weight: Any) -> ArrayData:
        """The same rows with these sample weights."""
        return self._with(self.rows, self.x, self.y, sample_weight, parts=3)

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """Splits off the last rows. This happens before any shuffling, as in Keras.

        Args:
            fraction: of the rows, between 0 and 1.

        Returns:
            (the first rows, the last rows).

        Raises:
            ValueError: one of the parts is empty.
        """
        at = int(np.floor(self.rows * (1.0 - fraction)))
        if at == 0 or at == self.rows:
            raise ValueError(
                f"{self.method}(validation_split={fraction}): expected rows on both sides, received {at} for training "
                f"and {self.rows - at} for validation."
            )
        return self.take(slice(0, at)), self.take(slice(at, self.rows))

    def blank(self) -> ArrayData:
        """One row of zeros with the shapes and dtypes of these arrays."""

        def zeros(t: Any) -> Any:
            return None if t is None else _core.as_tensor(np.zeros((1, *t.shape[1:]), t.numpy().dtype))

        return self._with(1, *(map_structure(zeros, s) for s in (self.x, self.y, self.sample_weight)))

    def take(self, rows: Any) -> ArrayData:
        """The rows with these indices: a slice or an integer array."""

        def cut(t: Any) -> Any:
            return None if t is None else _core.as_tensor(t.numpy()[rows])

        x, y, sample_weight = (map_structure(cut, s) for s in (self.x, self.y, self.sample_weight))
        first = next(t for t in flatten((x, y, sample_weight)) if t is not None)
        return self._with(first.shape[0], x, y, sample_weight)

    def _with(self, rows: int, x: Any, y: Any, sample_weight: Any, parts: int | None = None) -> ArrayData:
        """A copy with other arrays."""
        part = object.__new__(ArrayData)
        part.method, part.rows, part.parts = self.method, rows, self.parts if parts is None else parts
        part.even = self.even
        part.x, part.y, part.sample_weight = x, y, sample_weight
        return part


def _skeleton(structure: Any) -> Any:
    """The structure with 0 for an array and None for None, to compare structures."""
    if isinstance(structure, dict):
        return {key: _skeleton(value) for key, value in sorted(structure.items())}
    if isinstance(structure, (list, tuple)):
        return [_skeleton(value) for value in structure]
    return None if structure is None else 0


def pack_batch(data: ArrayData, tensors: list[_core.Tensor]) -> Any:
    """What a step receives.

    Args:
        data: the arrays.
        tensors: a Tensor for each of `data.leaves()`.

    Returns:
        x, or a tuple of `data.parts` parts, in the structure of the data.
    """
    remaining = iter(tensors)
    parts = tuple(_filled(part, remaining) for part in (data.x, data.y, data.sample_weight))
    return parts[: data.parts] if data.parts else parts[0]


def pack_x(data: ArrayData, tensors: list[_core.Tensor]) -> Any:
    """The inputs alone, in the structure of `data.x`: a Tensor for each array."""
    return _filled(data.x, iter(tensors))


def _filled(structure: Any, tensors: Iterator[_core.Tensor]) -> Any:
    """The structure with the next of the Tensors in place of each array; None stays None."""
    return map_structure(lambda t: None if t is None else next(tensors), structure)


def parts_of(batch: Any, what: str) -> tuple[Any, Any, Any]:
    """`unpack_x_y_sample_weight` with an error that says what the batch is, e.g. "fit(validation_data=)"."""
    if isinstance(batch, (list, tuple)) and not 1 <= len(batch) <= 3:
        kind = type(batch).__name__
        raise ValueError(
            f"{what}: expected x, (x,), (x, y) or (x, y, sample_weight), received a {kind} of {len(batch)} items."
        )
    parts: tuple[Any, Any, Any] = unpack_x_y_sample_weight(batch)
    return parts


def is_array_like(x: Any) -> bool:
    """Whether x is an array or a structure of arrays, and not an iterable of batches."""
    if x is None or isinstance(x, (np.ndarray, _core.Tensor, list, tuple, dict)):
        return True
    return hasattr(x, "__array__") or hasattr(x, "__dlpack__") or is_frame(x)
