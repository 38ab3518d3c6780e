"""The bytes that the HDF5 library reads, checked where the library would otherwise loop without end."""

from __future__ import annotations

import io
import struct
from typing import Any

_HEAP = b"GCOL"  # begins a global heap, where HDF5 stores texts of any length
_HEAP_HEADER, _OBJECT_HEADER = 16, 16


class CheckedBytes(io.RawIOBase):
    """A readable file whose global heaps are checked when the library reads their begin.

    The library of HDF5 2.0 does not return from a heap that has free space of size 0.

    Args:
        file: the file, which is closed with this one.
        longest: the most bytes that a text in a heap may have; None (the default) for any number.
    """

    def __init__(self, file: Any, longest: int | None = None) -> None:
        self._inner, self._longest = file, longest

    def readinto(self, buffer: Any) -> int:
        """Reads as `io.RawIOBase.readinto`. Raises ValueError for a damaged heap."""
        view = memoryview(buffer).cast("B")
        start = self._inner.tell()
        count = int(self._inner.readinto(view))
        if bytes(view[:4]) == _HEAP:
            after = self._inner.tell()
            self._check_heap(start)
            self._inner.seek(after)
        return count

    def _check_heap(self, start: int) -> None:
        """Follows the sizes of the objects in the heap. Source: HDF5 File Format Specification 4.0, III.E."""
        end = self._inner.seek(0, io.SEEK_END)
        self._inner.seek(start + 8)
        head = self._inner.read(8)
        (size,) = struct.unpack("<Q", head) if len(head) == 8 else (0,)
        if not _HEAP_HEADER <= size <= end - start:
            raise ValueError(f"a heap claims {size} bytes")
        at = _HEAP_HEADER
        while at + _OBJECT_HEADER <= size:
            self._inner.seek(start + at)
            number, _, _, length = struct.unpack("<HHIQ", self._inner.read(_OBJECT_HEADER))
            step = _OBJECT_HEADER + (length + 7) // 8 * 8 if number else length  # number 0: free space
            if step < _OBJECT_HEADER or at + step > size:
                raise ValueError(f"object {number} of a heap claims {length} bytes")
            if number and self._longest is not None and length > self._longest:
                raise ValueError(f"a text of {length} bytes is too long for a list")
            at += step

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._inner.close()
        super().close()
