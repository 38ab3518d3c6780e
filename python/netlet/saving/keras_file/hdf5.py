"""HDF5 files with arrays in groups, read as untrusted data: every object is checked before any array is read.

A file may only contain what Keras writes: groups and arrays of numbers that are reached by one hard link each. Links to
other files, soft links, virtual and external arrays, and references are errors. An array may not claim more bytes than
the file can hold, and compressed chunks are decompressed here, because the HDF5 library does not limit their size.
"""

from __future__ import annotations

import io
import math
import os
import stat
import zlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from netlet.base.extras import needs
from netlet.config import numpy_dtype

from .hdf5_bytes import CheckedBytes

# Decompressed bytes may be at most this multiple of the file's size, plus the slack: trained weights compress by about
# a tenth, an optimizer's zeros by a thousand, and those are small in number or not compressed at all.
MAX_EXPANSION = 20
SLACK_BYTES = 1 << 20

_MAX_PATH = 4096  # characters
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3  # numbers of HDF5's filters


def h5py() -> ModuleType:
    """The module h5py, or an ImportError that says how to get it."""
    return needs("h5py", "h5", "a '.keras' or '.h5' file")


class Hdf5Reader:
    """An HDF5 file that is open for reading. Its whole structure is checked when it is opened.

    Args:
        source: path of the file, or its bytes.
        label: used in errors.

    Attributes:
        arrays: {path without leading "/": h5py dataset}.
        groups: {path: h5py group}; "" is the root.
        nbytes: bytes of all arrays.

    Raises:
        ValueError: not an HDF5 file, or it contains anything but groups and arrays of a believable size.
        NotImplementedError: an array with a compression other than gzip.
        OSError: the file is missing or cannot be read.
        ImportError: h5py is missing.
    """

    def __init__(self, source: str | bytes, label: str) -> None:
        self._h5 = h5py()
        self.label = label
        if isinstance(source, str):
            if not stat.S_ISREG(os.stat(source).st_mode):
                raise ValueError(f"'{label}' is no regular file.")
            self._size = os.path.getsize(source)
        else:
            self._size = len(source)
        self._source = source
        self._bytes = self._opened()
        try:
            self._file = self._h5.File(self._bytes, "r")
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            self._bytes.close()
            raise ValueError(f"'{label}' is not an HDF5 file, or it is damaged: {error}.") from error
        self.arrays: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self.nbytes = 0
        self._stored = 0
        try:
            for path, item in self._items():
                if isinstance(item, self._h5.Dataset):
                    self._check_array(path, item)
                    self.arrays[path] = item
                else:
                    self.groups[path] = item
        except (OSError, RuntimeError, KeyError) as error:
            self.close()
            raise ValueError(f"'{label}' is damaged: {error}.") from error
        except BaseException:
            self.close()
            raise

    def _opened(self, longest: int | None = None) -> CheckedBytes:
        # Buffered, since an unbuffered read may return less than 2 GB of what it was asked for.
        path = self._source
        file = open(path, "rb") if isinstance(path, str) else io.BytesIO(path)  # noqa: SIM115 - see `close`
        return CheckedBytes(file, longest)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        self._bytes.close()

    def __enter__(self) -> Hdf5Reader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _items(self) -> Iterator[tuple[str, Any]]:
        """Yields (path, group or dataset) of everything in the file, without recursion; each object once."""
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", self._file)]
        while stack:
            path, item = stack.pop()
            address = self._h5.h5o.get_info(item.id).addr
            if address in seen:
                raise ValueError(f"'{self.label}': expected one link to '{path}', found a second one.")
            seen.add(address)
            yield path, item
            if not isinstance(item, self._h5.Group):
                continue
            for name in item:
                inner = f"{path}/{name}" if path else name
                if len(inner) > _MAX_PATH:  # nested groups of a file may have paths that need its size squared
                    raise ValueError(f"'{self.label}': the path '{inner[:40]}...' has {len(inner)} characters.")
                link = item.get(name, getlink=True)
                if not isinstance(link, self._h5.HardLink):
                    raise ValueError(
                        f"'{self.label}': '{inner}' is a {type(link).__name__}, which netlet does not follow."
                    )
                child = item[name]
                if not isinstance(child, (self._h5.Group, self._h5.Dataset)):
                    raise ValueError(f"'{self.label}': '{inner}' is neither a group nor an array.")
                stack.append((inner, child))

    # ---- arrays ------------------------------------------------------------------------------------------------------
    def _check_array(self, path: str, array: Any) -> None:
        """Raises unless the array holds numbers and its size is believable for the file's."""
        what = f"'{self.label}': the array '{path}'"
        if array.shape is None or _numpy_type(array) is None:
            raise ValueError(
                f"{what}: expected numbers, found {array.dtype if array.shape is not None else 'nothing'}."
            )
        plan = array.id.get_create_plist()
        if array.is_virtual or plan.get_external_count() > 0:
            raise ValueError(f"{what} is stored in other files, which netlet does not open.")
        nbytes = math.prod(array.shape) * array.dtype.itemsize
        self.nbytes += nbytes
        if array.chunks is None:
            self._stored += nbytes
            if self._stored > self._size:
                raise ValueError(f"{what} claims {nbytes} bytes; the whole file has {self._size}.")
            return
        for i in range(plan.get_nfilters()):
            if plan.get_filter(i)[0] not in (_DEFLATE, _SHUFFLE, _FLETCHER32):
                raise NotImplementedError(
                    f"{what} is compressed with {plan.get_filter(i)[3]!r}; netlet reads gzip only."
                )
        most = MAX_EXPANSION * self._size + SLACK_BYTES
        if max(self.nbytes, math.prod(array.chunks) * array.dtype.itemsize) > most:
            raise ValueError(f"{what} claims {nbytes} bytes, too many for a file of {self._size}.")

    def spec(self, path: str) -> tuple[str, tuple[int, ...]]:
        """(dtype, shape) of an array, without reading it."""
        array = self.arrays[path]
        return str(_numpy_type(array)), tuple(array.shape)

    def read(self, path: str) -> np.ndarray:
        """Reads an array. Raises ValueError if it is damaged, ImportError for bfloat16 without ml_dtypes."""
        array = self.arrays[path]
        try:
            values = array[()] if array.chunks is None else self._read_chunks(array)
        except (OSError, RuntimeError, KeyError, zlib.error) as error:
            raise ValueError(f"'{self.label}' is damaged: the array '{path}' cannot be read: {error}.") from error
        values = np.asarray(values)
        name = str(_numpy_type(array))
        return values.view(numpy_dtype(name)) if name == "bfloat16" else values.astype(name, copy=False)

    def _read_chunks(self, array: Any) -> np.ndarray:
        values = np.full(array.shape, array.fillvalue, array.dtype)
        plan = array.id.get_create_plist()
        filters = [plan.get_filter(i) for i in range(plan.get_nfilters())]
        nbytes = math.prod(array.chunks) * array.dtype.itemsize
        for i in range(array.id.get_num_chunks()):
            info = array.id.get_chunk_info(i)
            if info.byte_offset is None or info.byte_offset + info.size > self._size:
                raise ValueError("a chunk lies behind the file's end")
            mask, data = array.id.read_direct_chunk(info.chunk_offset)
            for number in reversed(range(len(filters))):
                if not mask >> number & 1:
                    data = _unfiltered(filters[number][0], data, nbytes, array.dtype.itemsize)
            if len(data) != nbytes:
                raise ValueError(f"a chunk has {len(data)} bytes instead of {nbytes}")
            block = np.frombuffer(data, array.dtype).reshape(array.chunks)
            place = tuple(slice(o, o + c) for o, c in zip(info.chunk_offset, array.chunks, strict=True))
            target = values[place]
            target[...] = block[tuple(slice(n) for n in target.shape)]
        return values

    # ---- attributes --------------------------------------------------------------------------------------------------
    def attribute(self, path: str, name: str) -> Any:
        """The attribute `name` of a group: a string, a list of strings, or None if it does not exist.

        Raises:
            ValueError: it is neither, or it would need much more memory than the file has bytes.
        """
        attributes = self.groups[path].attrs
        if name not in attributes:
            return None
        try:
            described = attributes.get_id(name)
            shape, dtype = described.shape, described.dtype
            count = math.prod(shape or ())
            fixed = dtype.kind == "S"
            # Any number of elements of variable length may point to one long string.
            nbytes = count * (dtype.itemsize if fixed else self._size) if shape else self._size
            most = MAX_EXPANSION * self._size + SLACK_BYTES
            if nbytes > most and (fixed or count > self._size):
                raise ValueError(f"its {count} elements are too many for a file of {self._size} bytes")
            if dtype.kind not in "SO" or (not fixed and self._h5.check_string_dtype(dtype) is None):
                if count == 0 and shape is not None:
                    return []
                raise ValueError(f"expected text, found {dtype}")
            value = attributes[name] if nbytes <= most else self._long_list(path, name, most // count)
            return _text(value) if shape == () else [_text(v) for v in value]
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'{self.label}' is damaged: attribute '{name}' of '{path}': {error}.") from error

    def _long_list(self, path: str, name: str, longest: int) -> Any:
        """Reads a list of texts of variable length, none of which may have more than `longest` bytes.

        The file is opened a second time, without a cache of heaps that were read before with another limit.
        """
        with self._opened(longest) as content, self._h5.File(content, "r") as file:
            return (file[path] if path else file).attrs[name]


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _numpy_type(array: Any) -> str | None:
    """The name of an array's dtype, or None if it does not hold numbers."""
    dtype = array.dtype
    if dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None and dtype.subdtype is None:
        return "bfloat16"  # Keras marks it with an attribute, which repeats this
    plain = dtype.kind in "fiub" and dtype.itemsize <= 8 and dtype.metadata is None
    return str(dtype.name) if plain else None


def _unfiltered(filter_number: int, data: bytes, nbytes: int, itemsize: int) -> bytes:
    """Reverses one filter of a chunk that has `nbytes` bytes when it is complete."""
    if filter_number == _FLETCHER32:
        return data[:-4]
    if filter_number == _SHUFFLE:
        return np.frombuffer(data, np.uint8).reshape(itemsize, -1).T.tobytes()
    inflater = zlib.decompressobj()
    whole = inflater.decompress(data, nbytes + 5)  # a checksum may follow the values
    if len(whole) > nbytes + 4:
        raise ValueError(f"a chunk of {nbytes} bytes decompresses to more")
    return whole


def write_hdf5(arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]]) -> bytes:
    """The bytes of an HDF5 file.

    Args:
        arrays: {path: array}. bfloat16 is stored as Keras stores it.
        attributes: {path of a group: its attributes}; these groups exist even if they are empty. "" is the root.
    """
    content = io.BytesIO()
    with h5py().File(content, "w") as file:
        for path, values in attributes.items():
            group = file.require_group(path) if path else file
            for name, value in values.items():
                group.attrs[name] = value
        for path, array in arrays.items():
            dataset = file.create_dataset(path, data=array)
            if array.dtype.name == "bfloat16":
                dataset.attrs["dtype"] = "bfloat16"
    return content.getvalue()
