"""Converts the inputs of text layers to flat tokens: UTF-8 bytes of texts, or integers."""

from __future__ import annotations

import codecs
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.frames import is_arrow

ABSENT = -1  # index that `finder` returns for a token that is not in the table


class Texts:
    """Strings as tokens: UTF-8 bytes, as in TensorFlow, so that order and hashes are equal.

    Args:
        encoding: of `bytes` inputs; "utf-8" by default.

    Raises:
        ValueError: Python does not know the encoding.
    """

    dtype = "string"

    def __init__(self, encoding: str = "utf-8") -> None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"expected `encoding` to be the name of a Python codec, received {encoding!r}.") from None
        self.encoding = encoding

    def read(self, values: Any) -> tuple[list[bytes], tuple[int, ...]]:
        """Returns the tokens of a text, of nested lists of texts, or of an array, in order, and the shape.

        Raises:
            ValueError: an element is not text (the error gives its position); lists of different lengths.
        """
        flat, shape = flattened(values)
        try:
            return list(map(str.encode, flat)), shape
        except (TypeError, UnicodeEncodeError):
            return [self.token(item, i) for i, item in enumerate(flat)], shape

    def token(self, value: Any, position: int | None = None) -> bytes:
        """The token of one text; `position` is given in the error if it is not a text."""
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes):
            utf8 = self.encoding.lower() in ("utf-8", "utf8")
            return bytes(value) if utf8 else value.decode(self.encoding).encode()
        where = "" if position is None else f" at position {position}"
        raise ValueError(f"expected texts (str or bytes), received {type(value).__name__} {value!r}{where}.")

    def plain(self, token: bytes) -> str:
        """The token as a `str`."""
        return token.decode("utf-8", "surrogateescape")

    def key(self, token: bytes) -> bytes:
        """The bytes to hash."""
        return token

    def finder(self, table: dict[bytes, int]) -> Callable[[Sequence[bytes]], np.ndarray]:
        """A function that maps tokens to their indices in the table, or ABSENT."""
        return functools.partial(_found_texts, table)

    def counted(self, flat: Iterable[bytes]) -> Counter[Any]:
        """How often each token occurs."""
        return Counter(flat)

    def lines(self, data: bytes) -> list[bytes]:
        """The tokens of a vocabulary file, one on each line."""
        found = data.split(b"\n")
        return [self.token(line.rstrip(b"\r")) for line in (found if found[-1] else found[:-1])]


def _found_texts(table: dict[bytes, int], flat: Sequence[bytes]) -> np.ndarray:
    return np.fromiter(map(table.get, flat, repeat(ABSENT)), np.int64, len(flat))


def _found_integers(keys: np.ndarray, numbers: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Indices of integers: `keys` are the sorted integers of the table, `numbers` their indices."""
    if not len(keys):
        return np.full(len(flat), ABSENT, np.int64)
    at = np.searchsorted(keys, flat).clip(max=len(keys) - 1)
    return np.where(keys[at] == flat, numbers[at], ABSENT)


class Integers:
    """Integers as tokens, with the same methods as `Texts`."""

    dtype = "int64"

    def read(self, values: Any) -> tuple[np.ndarray, tuple[int, ...]]:
        """Returns all integers (also floats without a fraction) in order, and the shape.

        Raises:
            ValueError: an element is not an integer, or does not fit int64.
        """
        array = as_array(values)
        if array.dtype.kind == "f" and (np.abs(array) < 2**63).all() and (array == np.trunc(array)).all():
            array = array.astype(np.int64)
        if array.dtype.kind not in "iub" or (array.dtype == np.uint64 and array.size and array.max() >= 2**63):
            raise ValueError(f"expected integers that fit int64, received {_described(values, array)}.")
        return array.astype(np.int64).reshape(-1), array.shape

    def token(self, value: Any, position: int | None = None) -> int:
        if isinstance(value, (int, np.integer)) and -(2**63) <= int(value) < 2**63:
            return int(value)
        raise ValueError(f"expected an integer that fits int64, received {value!r}.")

    def plain(self, token: Any) -> int:
        return int(token)

    def key(self, token: Any) -> bytes:
        return str(int(token)).encode()

    def finder(self, table: dict[int, int]) -> Callable[[np.ndarray], np.ndarray]:
        keys = np.fromiter(table, np.int64, len(table))
        order = np.argsort(keys)
        keys, numbers = keys[order], np.fromiter(table.values(), np.int64, len(table))[order]

        return functools.partial(_found_integers, keys, numbers)

    def counted(self, flat: Any) -> Counter[Any]:
        values, counts = np.unique(np.asarray(flat, np.int64), return_counts=True)
        return Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def lines(self, data: bytes) -> list[int]:
        return [self.token(int(line)) for line in data.split(b"\n") if line.strip()]


def as_array(values: Any) -> np.ndarray:
    """Converts to a NumPy array; raises ValueError for a Tensor of a recorded step and for lists of unequal lengths."""
    if isinstance(values, _core.Tensor):
        if values.recorded:
            raise ValueError(
                "this layer runs in Python, before the model's recorded step: call it on the data first, or put it "
                "first in a Sequential."
            )
        return np.asarray(values.numpy())
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"expected an array, or lists of equal lengths: {error}") from None


def holds_texts(values: Any) -> bool:
    """Whether `values` is a text, an array of texts or objects, or a (nested) list that starts with one."""
    while isinstance(values, (list, tuple)) and values:
        values = values[0]
    if isinstance(values, (str, bytes)):
        return True
    if isinstance(values, _core.Tensor) or not hasattr(values, "dtype"):
        return False
    return getattr(values.dtype, "kind", "") in tuple("USTO") or str(values.dtype) in ("str", "string", "String")


def flattened(values: Any) -> tuple[Sequence[Any], tuple[int, ...]]:
    """Returns the elements of nested lists or of an array, in order, and the shape."""
    if isinstance(values, (str, bytes)):
        return [values], ()
    if isinstance(values, (list, tuple)):
        if not values or isinstance(values[0], (str, bytes)):
            return values, (len(values),)
        parts = [flattened(value) for value in values]
        shapes = {shape for _, shape in parts}
        if len(shapes) > 1:
            i = next(i for i, (_, shape) in enumerate(parts) if shape != parts[0][1])
            raise ValueError(
                f"expected lists of equal lengths, received shape {parts[0][1]} at item 0, {parts[i][1]} at {i}. "
                "For texts of different lengths, pass unsplit texts to TextVectorization."
            )
        return [leaf for leaves, _ in parts for leaf in leaves], (len(values), *shapes.pop())
    if is_arrow(values):
        values = values.to_pylist()
    elif hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):  # pandas, polars
        values = values.to_numpy()
    array = as_array(values)
    if array.dtype.kind not in "USTO":
        raise ValueError(f"expected texts (str or bytes), received {_described(values, array)}.")
    return array.reshape(-1).tolist(), array.shape


def _described(values: Any, array: np.ndarray) -> str:
    return repr(values) if array.ndim == 0 else f"an array of dtype {array.dtype} and shape {array.shape}"


def batches_of_tokens(data: Any, steps: int | None) -> Iterator[tuple[Any, bool]]:
    """Yields (batch, whether it is all of the data) of the data passed to `adapt`: a list or array, or its batches.

    Args:
        data: texts or integers as a list or array, which is one batch; or an iterable of batches.
        steps: the largest number of batches; None: all.
    """
    whole = isinstance(data, (str, bytes, list, tuple)) or hasattr(data, "shape") or hasattr(data, "to_numpy")
    if whole:
        yield data, True
        return
    if not isinstance(data, Iterable):
        raise ValueError(f"adapt expected a list, an array or an iterable of batches, received {type(data).__name__}.")
    for i, batch in enumerate(data):
        if steps is not None and i >= steps:
            return
        labelled = isinstance(batch, tuple) and batch and not isinstance(batch[0], (str, bytes))
        yield (batch[0] if labelled else batch), False
