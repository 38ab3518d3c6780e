"""Stages that keep the items of their first whole pass: in memory, or in a file."""

from __future__ import annotations

import json
import math
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from netlet.base.untrusted import Damaged, damage_named, npy_header
from netlet.config import numpy_dtype
from netlet.saving.atomic import naming

from ..values import is_structure, mapped, parts, read_only
from .stage import Stage


class Cache(Stage):
    """The items of the first pass that came to its end, kept in memory."""

    def __init__(self, source: Stage) -> None:
        super().__init__(source)
        self._kept: list[Any] | None = None
        self._began: list[int] = []  # the state in which the pass that was kept began

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept) if self._kept is not None else self._filled()

    def _filled(self) -> Iterator[Any]:
        began, items = super().get_state(), []
        for item in self.sources[0]:
            item = mapped(read_only, item)
            items.append(item)
            yield item
        self._kept, self._began = items, began

    def cardinality(self) -> int:
        return super().cardinality() if self._kept is None else len(self._kept)

    def get_state(self) -> list[int]:
        return super().get_state() if self._kept is None else self._began


class FileCache(Stage):
    """The items of the first pass that came to its end, kept in a file of NumPy arrays.

    The file is written beside its place and renamed when it is whole. It holds no Python objects: a JSON line with the
    structure of the items, then each array in NumPy's own format.

    Args:
        source: the items.
        path: path of the file. One that exists is read.
    """

    def __init__(self, source: Stage, path: Any) -> None:
        super().__init__(source)
        self._path = pathlib.Path(os.fspath(path))

    def __iter__(self) -> Iterator[Any]:
        return self._read() if self._path.exists() else self._filled()

    def _filled(self) -> Iterator[Any]:
        handle, name = tempfile.mkstemp(prefix=self._path.name, dir=self._path.parent or ".")
        try:
            file = os.fdopen(handle, "wb")
            try:
                skeleton = None
                for item in self.sources[0]:
                    with naming(self._path):
                        if skeleton is None:
                            skeleton = _skeleton(item)
                            file.write(json.dumps(skeleton).encode() + b"\n")
                        _write(file, item)
                    yield item
            finally:
                with naming(self._path):
                    file.close()
            os.replace(name, self._path)
        finally:
            if os.path.exists(name):
                os.unlink(name)

    def _read(self) -> Iterator[Any]:
        size = self._path.stat().st_size
        with open(self._path, "rb") as file:
            line = file.readline(1 << 20)
            try:
                structure = _structure(json.loads(line)) if line else None
                count = len(parts(structure))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise ValueError(f"cache: {self._path} is not a file that `cache` wrote.") from None
            while file.tell() < size:
                yield _filled(structure, [_read_array(file, size, self._path) for _ in range(count)])
                if not count:
                    raise ValueError(f"cache: {self._path} is not a file that `cache` wrote.")


def _write(file: IO[bytes], item: Any) -> None:
    for part in parts(item):
        array = np.asarray(part)
        if array.dtype == object:
            if not all(isinstance(text, str) for text in array.flat):
                raise TypeError("cache: expected arrays of numbers or texts for a file, received other objects.")
            array = array.astype(str)
        np.save(file, array, allow_pickle=False)


def _read_array(file: IO[bytes], size: int, path: Any) -> Any:
    """Reads an array as it was written.

    Raises:
        Damaged: something else, or an array that needs more bytes than the file has.
    """
    shape, fortran, dtype = npy_header(file, str(path))
    nbytes = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or min(shape, default=0) < 0 or nbytes > size - file.tell():
        raise Damaged(f"{path}: expected an array inside of the file, received {dtype} of shape {shape}.")
    with damage_named(path):
        return _restored(np.ndarray(shape, dtype, bytearray(file.read(nbytes)), order="F" if fortran else "C"))


def _filled(structure: Any, leaves: list[Any]) -> Any:
    """The structure with the arrays in place of its parts."""
    rest = iter(leaves)
    return mapped(lambda _: next(rest), structure)


def _restored(array: np.ndarray) -> Any:
    """An array as it was written: texts as objects, bfloat16, which NumPy writes as two bytes without a meaning."""
    if array.dtype == np.dtype("V2"):
        array = array.view(numpy_dtype("bfloat16"))
    array = array.astype(object) if array.dtype.kind == "U" else array
    return array[()] if array.ndim == 0 else array


def _skeleton(item: Any) -> Any:
    if item is None:
        return None
    if isinstance(item, dict):
        return {"dict": {key: _skeleton(part) for key, part in item.items()}}
    if is_structure(item):
        return {"tuple": [_skeleton(part) for part in item]}
    return 0


def _structure(skeleton: Any) -> Any:
    if isinstance(skeleton, dict):
        if "dict" in skeleton:
            return {key: _structure(part) for key, part in skeleton["dict"].items()}
        return tuple(_structure(part) for part in skeleton["tuple"])
    return skeleton
