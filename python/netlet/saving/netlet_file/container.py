"""The format of a saved file: named arrays and one JSON document, as a safetensors file.

Any safetensors reader can open it. The file's metadata hold the document under "netlet" and its CRC-32 under
"netlet_crc32"; the document holds the CRC-32 of each array, so that damage is detected. The safetensors package reads
the file, because bytes may be hostile. We write it ourselves, because that package's writer gives no control over fsync
and permissions.

Source: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.config import numpy_dtype

from ..atomic import replace_file

FORMAT = 1  # increased when older releases cannot read new files

_CODES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
_DTYPES = {code: name for name, code in _CODES.items()}
_MAX_HEADER = 100_000_000  # what safetensors readers accept


def write_container(path: str, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a file atomically, and replaces an existing one.

    Args:
        path: the file.
        document: dict that JSON can hold.
        arrays: name to array. C-contiguous little-endian arrays are not copied.

    Raises:
        ValueError: the document is longer than a safetensors header may be.
        OSError: the file cannot be written. An existing file is unchanged.
    """
    # Largest item size first, so that every array is aligned. Then by name, so that the bytes depend on the data alone.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    bytes_of = {name: _bytes(np.ascontiguousarray(arrays[name], _little_endian(arrays[name].dtype))) for name in order}
    text = json.dumps({**document, "format": FORMAT, "crc32": {name: zlib.crc32(bytes_of[name]) for name in order}})
    header: dict[str, Any] = {"__metadata__": {"netlet": text, "netlet_crc32": str(zlib.crc32(text.encode()))}}
    offset = 0
    for name in order:
        end = offset + bytes_of[name].nbytes
        code, shape = _CODES[arrays[name].dtype.name], list(arrays[name].shape)
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    if len(encoded) > _MAX_HEADER:
        raise ValueError(
            f"The model's description: expected at most {_MAX_HEADER} bytes, received {len(encoded)}. "
            "Are there large arrays in a layer's config?"
        )
    replace_file(path, [struct.pack("<Q", len(encoded)), encoded, *(bytes_of[name] for name in order)])


class Container:
    """A file that is open for reading: its document, and its arrays, which are read one at a time.

    Args:
        path: the file.

    Attributes:
        document: the JSON document.
        names: the names of all arrays.

    Raises:
        ValueError: it is not a netlet file, or it is damaged.
        OSError: it is missing or cannot be read.
    """

    def __init__(self, path: str) -> None:
        from safetensors import SafetensorError, safe_open

        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError(f"'{path}' is no regular file.")
        try:
            try:
                # pread: if the file is truncated meanwhile, this is an error; with mmap it would kill the process.
                self._file = safe_open(path, framework="numpy", backend="pread")
            except TypeError:  # safetensors before 0.8 has no `backend`
                self._file = safe_open(path, framework="numpy")
            metadata = self._file.metadata() or {}
        except SafetensorError as error:
            raise ValueError(f"'{path}' is not a netlet file, or it is damaged: {error}.") from error
        self.path = path
        self.names = frozenset(self._file.keys())
        self.document = _document(path, metadata)

    def spec(self, name: str) -> tuple[str, tuple[int, ...]]:
        """Returns (dtype, shape) of an array without reading it. Raises ValueError if the array is missing."""
        if name not in self.names:
            raise ValueError(f"'{self.path}' is damaged: the array '{name}' is missing.")
        piece = self._file.get_slice(name)
        code = str(piece.get_dtype())
        if code not in _DTYPES:
            raise ValueError(f"'{self.path}': array '{name}' has dtype {code}, which netlet does not read.")
        return _DTYPES[code], tuple(piece.get_shape())

    def read(self, name: str) -> np.ndarray:
        """Reads an array. Raises ValueError if its CRC-32 is wrong."""
        dtype, _ = self.spec(name)
        if dtype == "bfloat16":
            numpy_dtype(dtype)  # its error names the missing package
        try:
            array: np.ndarray = self._file.get_tensor(name)
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(f"'{self.path}' is damaged: array '{name}' cannot be read: {error}.") from error
        sums = self.document.get("crc32")
        if not isinstance(sums, dict) or sums.get(name) != zlib.crc32(_bytes(array)):
            raise ValueError(f"'{self.path}' is damaged: the bytes of array '{name}' have changed.")
        return array

    def nbytes(self, name: str) -> int:
        """The size of an array in bytes."""
        dtype, shape = self.spec(name)
        itemsize = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
        return int(np.prod(shape, dtype=object)) * itemsize

    def array_names(self, key: str) -> list[str]:
        """Returns the array names that the document lists under `key`; empty without such a list.

        Raises:
            ValueError: the list is damaged or has a name twice.
        """
        value = self.document.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"'{self.path}' is damaged: '{key}' is not a list of names.")
        if len(set(value)) != len(value):  # otherwise a small file could request any number of large weights
            twice = next(name for name, count in Counter(value).items() if count > 1)
            raise ValueError(f"'{self.path}' is damaged: '{key}' lists the array '{twice}' twice.")
        return value


def _little_endian(dtype: np.dtype) -> np.dtype:
    # newbyteorder() turns ml_dtypes' types into raw bytes. They always have the machine's byte order.
    return dtype if dtype.kind == "V" else dtype.newbyteorder("<")


def _bytes(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _document(path: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    text = metadata.get("netlet")
    if text is None:
        raise ValueError(f"'{path}' is a safetensors file, but not netlet's: it has no model's description.")
    if metadata.get("netlet_crc32") != str(zlib.crc32(text.encode())):
        raise ValueError(f"'{path}' is damaged: its description has changed.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{path}' is damaged: its description is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ValueError(f"'{path}' is damaged: its description is not a dict.")
    number = document.get("format")
    if not isinstance(number, int):
        raise ValueError(f"'{path}' is damaged: its format number is missing.")
    if number > FORMAT:
        raise ValueError(
            f"'{path}' was written by a newer netlet (file format {number}; this one reads up to {FORMAT}): "
            "upgrade netlet to read it."
        )
    return document
