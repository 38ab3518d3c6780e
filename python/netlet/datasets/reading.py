"""Reading data files that nobody vouches for: sizes are checked before memory is taken, and no file holds code.

A compressed file may claim to hold far more than it does. Deflate cannot shrink anything below 1/1032 of its size, so a
claim beyond that is a lie; and nothing here is larger than `MAX_BYTES`.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import pathlib
import zipfile
from collections.abc import Iterator
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 30  # of one array, or one archive unpacked; the largest set's has 184 MB
_DEFLATE = 1032
Bytes = NDArray[np.uint8]


class Damaged(ValueError):
    """A file that is not what it should be; the message begins with its path."""


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked if it is a gzip file whatever its name; Damaged if it cannot be."""
    with open(path, "rb") as file, damage_named(path):
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file


@contextlib.contextmanager
def damage_named(path: Any) -> Iterator[None]:
    """Whatever a decoder trips over is a Damaged: the standard library's raise a dozen types, some by accident."""
    try:
        yield
    except (Damaged, FileNotFoundError, MemoryError):
        raise
    except Exception as e:
        raise Damaged(f"{path} is damaged: {e}") from None


def at_most(path: pathlib.Path) -> int:
    """More bytes than this cannot come out of the file."""
    return min(MAX_BYTES, path.stat().st_size * _DEFLATE)


def take(stream: IO[bytes], size: int, what: str) -> Bytes:
    """The next `size` bytes; Damaged if there are fewer. The caller has checked `size`."""
    buffer = np.empty(size, np.uint8)
    view, filled = buffer.data, 0
    while filled < size:
        block = stream.read(min(size - filled, 1 << 20))
        if not block:
            raise Damaged(f"{what} is truncated: {size:,} bytes expected, {filled:,} there.")
        view[filled : filled + len(block)] = block
        filled += len(block)
    return buffer


def bounded(stream: IO[bytes], limit: int, path: pathlib.Path) -> IO[bytes]:
    """The stream, which ends with an error after `limit` bytes: an archive may unpack without end."""
    return cast("IO[bytes]", _Bounded(stream, limit, str(path)))


class _Bounded:
    def __init__(self, stream: IO[bytes], limit: int, what: str) -> None:
        self.stream, self.left, self.what = stream, limit, what

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self.left -= len(data)
        if self.left < 0:
            raise Damaged(f"{self.what} unpacks to more than it can hold.")
        return data


def read_idx(path: pathlib.Path, rank: int) -> Bytes:
    """An array of bytes from a file of the IDX format (LeCun's, of MNIST), gzipped or not.

    Two zero bytes, the type (8: unsigned bytes), the rank, an extent a rank (big-endian, 4 bytes), the elements.

    Raises:
        Damaged: another magic number or rank, fewer or more bytes than the extents say.
    """
    with opened(path) as stream:
        magic = take(stream, 4, str(path))
        if magic.tolist() != [0, 0, 8, rank]:
            raise Damaged(
                f"{path} is no IDX file of unsigned bytes with {rank} axes: it begins with {magic.tobytes().hex(' ')}, "
                f"not 00 00 08 {rank:02x}."
            )
        shape = tuple(int(n) for n in take(stream, 4 * rank, str(path)).view(">u4"))
        size = math.prod(shape)
        if size > at_most(path):
            raise Damaged(
                f"{path} says that it holds {shape}, {size:,} bytes; a file of {path.stat().st_size:,} cannot."
            )
        array = take(stream, size, str(path))
        if stream.read(1):
            raise Damaged(f"{path} has more bytes than its extents {shape} say.")
        return array.reshape(shape)


def read_npz(path: pathlib.Path, names: tuple[str, ...], dtypes: tuple[str, ...] = ("uint8",)) -> list[Any]:
    """Arrays of these types (little-endian, in C order) from an .npz file; objects in it are never unpickled.

    Raises:
        Damaged: no .npz file, an array missing, of another type, or of another size than its header says.
    """
    with npz_members(path) as (archive, members):
        missing = [name for name in names if f"{name}.npy" not in members]
        if missing:
            raise Damaged(f"{path} lacks {', '.join(missing)}; it has {', '.join(members) or 'nothing'}.")
        return [_read_npy(archive, members[f"{name}.npy"], path, dtypes) for name in names]


@contextlib.contextmanager
def npz_members(path: pathlib.Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """An .npz file, and its members by name; Damaged if it is none."""
    with open(path, "rb") as file, damage_named(path), zipfile.ZipFile(file) as archive:
        yield archive, {info.filename: info for info in archive.infolist()}


def npy_header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether in Fortran's order, dtype) that an array in NumPy's format begins with."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = read_header[version](stream)
    except Exception as e:  # MemoryError: of Python's parser, if brackets are nested too deeply
        raise Damaged(f"{what} is no array: {e}") from None
    return shape, fortran, dtype


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: pathlib.Path, dtypes: tuple[str, ...]) -> Any:
    what = f"{path}: {member.filename}"
    with archive.open(member) as stream:
        shape, fortran, dtype = npy_header(stream, what)
        if dtype.newbyteorder("<") != dtype or dtype.name not in dtypes or fortran:
            wanted = "unsigned bytes" if dtypes == ("uint8",) else " or ".join(dtypes)
            raise Damaged(f"{what} must hold {wanted} in C order; it holds {dtype}.")
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size > at_most(path) or size > member.file_size:
            raise Damaged(f"{what} says that it holds {shape}, {size:,} bytes; it cannot.")
        array = take(stream, size, what)
        if stream.read(1):
            raise Damaged(f"{what} has more bytes than its shape {shape} says.")
        return array.view(dtype).reshape(shape)
