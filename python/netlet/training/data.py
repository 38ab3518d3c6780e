"""What `fit`, `evaluate` and `predict` are fed, brought to one form.

Arrays stay where they are: float32 C-contiguous ones are read in place, others are converted once, and the native
feed gathers each batch (and casts uint8, float64, ... as it does). Everything else is an iterable of batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import _core
from ..utils.tree import flatten, map_structure, pack_like


class Batch(NamedTuple):
    """x, y and sample_weight as nested structures of `_core.Tensor` (y and sample_weight may be None)."""

    x: Any
    y: Any = None
    sample_weight: Any = None


def unpack_x_y_sample_weight(data: Any) -> Batch:
    """(x,), (x, y) or (x, y, sample_weight) as a Batch; anything that is no tuple is x alone."""
    if isinstance(data, Batch):
        return data
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return Batch(data)
    if not 1 <= len(data) <= 3:
        raise ValueError(f"A batch is x, (x, y) or (x, y, sample_weight); given a tuple of {len(data)} items.")
    return Batch(*data)


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

    Raises:
        ValueError: no rows, different numbers of rows, or arrays of objects.
    """

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None, *, method: str = "fit") -> None:
        self.x, self.y = _tensors(x, f"{method}(x)"), _tensors(y, f"{method}(y)")
        self.sample_weight = _tensors(sample_weight, f"{method}(sample_weight)")
        self.method = method
        named = [("x", t) for t in flatten(self.x)] + [("y", t) for t in flatten(self.y) if t is not None]
        named += [("sample_weight", t) for t in flatten(self.sample_weight) if t is not None]
        rows = {t.shape[0] for _, t in named}
        if len(rows) != 1:
            counts = ", ".join(f"{name} has {t.shape[0]}" for name, t in named)
            raise ValueError(f"{method}: all arrays need the same number of rows, but {counts}.")
        self.rows: int = rows.pop()
        if self.rows == 0:
            raise ValueError(f"{method}: the arrays are empty (0 rows).")

    def leaves(self) -> list[_core.Tensor]:
        """All arrays in one fixed order: those of x, of y, of sample_weight."""
        return [t for part in (self.x, self.y, self.sample_weight) for t in flatten(part) if t is not None]

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """The first rows, and the last `fraction` of them (taken before any shuffling, as in Keras)."""
        at = int(np.floor(self.rows * (1.0 - fraction)))
        if at == 0 or at == self.rows:
            raise ValueError(
                f"validation_split={fraction} of {self.rows} rows leaves {at} rows to train on and {self.rows - at} to "
                "validate."
            )
        return self._rows(0, at), self._rows(at, self.rows)

    def take(self, rows: Any) -> Batch:
        """The rows that a slice or an array of indices names."""

        def cut(t: Any) -> Any:
            return None if t is None else _core.as_tensor(t.numpy()[rows])

        return Batch(*(map_structure(cut, s) for s in (self.x, self.y, self.sample_weight)))

    def _rows(self, first: int, last: int) -> ArrayData:
        part = object.__new__(ArrayData)
        part.method, part.rows = self.method, last - first
        part.x, part.y, part.sample_weight = self.take(slice(first, last))
        return part


def pack_batch(data: ArrayData, tensors: list[_core.Tensor]) -> Batch:
    """Puts one Tensor for each of `data.leaves()` back into the structures of x, y and sample_weight."""
    remaining = iter(tensors)

    def pack(structure: Any) -> Any:
        return pack_like(structure, [None if t is None else next(remaining) for t in flatten(structure)])

    return Batch(pack(data.x), pack(data.y), pack(data.sample_weight))


def apply_class_weight(data: ArrayData, class_weight: dict[int, float]) -> None:
    """Turns class weights into sample weights, row by row of y (class indices, or one-hot rows).

    Raises:
        ValueError: together with sample_weight, or for a model with several outputs.
    """
    if data.sample_weight is not None:
        raise ValueError("fit: give class_weight or sample_weight, not both at once.")
    if data.y is None or isinstance(data.y, (list, tuple, dict)):
        raise ValueError("fit: class_weight is only supported for models with a single output.")
    y = data.y.numpy()
    classes = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else np.round(y.reshape(len(y), -1)[:, 0]).astype(np.int64)
    weights = np.ones(classes.shape, np.float32)
    for label, weight in class_weight.items():
        weights[classes == int(label)] = weight
    data.sample_weight = _core.as_tensor(weights)


def is_array_like(x: Any) -> bool:
    """Whether x is an array or a structure of arrays, and not an iterable of batches."""
    if x is None or isinstance(x, (np.ndarray, _core.Tensor, list, tuple, dict)):
        return True
    return hasattr(x, "__array__") or hasattr(x, "to_numpy") or hasattr(x, "__dlpack__")


def batches(source: Any) -> Callable[[], Iterator[Any]]:
    """A function that starts a new epoch over a PyDataset-like sequence, or goes on with a generator."""
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        return lambda: (source[i] for i in range(len(source)))
    if isinstance(source, Iterator):
        return lambda: source
    if isinstance(source, Iterable):
        return lambda: iter(source)
    raise ValueError(f"Cannot train on a {type(source).__name__}: expected arrays or an iterable of (x, y) batches.")
