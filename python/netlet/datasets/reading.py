"""Reading of untrusted data files: sizes are checked before memory is allocated, and nothing is unpickled.

A compressed file may state a size that is far too large. Deflate compresses by a factor of at most 1032, so a larger
stated size is wrong. No file here has more than `MAX_BYTES`.
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

from netlet.base.untrusted import Damaged, damage_named, npy_header

MAX_BYTES = 1 << 30  # of one array or unpacked archive; the largest data set has 184 MB
_DEFLATE = 1032  # maximum compression factor
_EMPTY_READS = 8  # after the end of an archive; a whole one needs one or two
Bytes = NDArray[np.uint8]


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[IO[bytes]]:
    """Opens a file, and decompresses it if its contents are gzip. Raises Damaged for damaged gzip data."""
    with open(path, "rb") as file, damage_named(path):
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file


def at_most(path: pathlib.Path) -> int:
    """Returns the maximum number of bytes that the file can decompress to."""
    return min(MAX_BYTES, path.stat().st_size * _DEFLATE)


def take(stream: IO[bytes], size: int, what: str) -> Bytes:
    """Reads `size` bytes. Raises Damaged if there are fewer. The caller has checked `size`."""
    buffer = np.empty(size, np.uint8)
    view, filled = buffer.data, 0
    while filled < size:
        block = stream.read(min(size - filled, 1 << 20))
        if not block:
            raise Damaged(f"{what} is truncated: expected {size:,} bytes, received {filled:,}.")
        view[filled : filled + len(block)] = block
        filled += len(block)
    return buffer


def bounded(stream: IO[bytes], limit: int, path: pathlib.Path) -> IO[bytes]:
    """Returns a stream that raises Damaged after `limit` bytes, because an archive may decompress without end.

    It also raises for reads after its end: `tarfile` skips a member by as many reads as the member's size asks for.
    """
    return cast("IO[bytes]", _Bounded(stream, limit, str(path)))


class _Bounded:
    def __init__(self, stream: IO[bytes], limit: int, what: str) -> None:
        self.stream, self.left, self.what = stream, limit, what
        self.empty = 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self.left -= len(data)
        if self.left < 0:
            raise Damaged(f"{self.what} unpacks to more bytes than are possible for its size.")
        self.empty = 0 if data or size == 0 else self.empty + 1
        if self.empty > _EMPTY_READS:
            raise Damaged(f"{self.what} is truncated: a member has more bytes than the archive.")
        return data


def read_idx(path: pathlib.Path, rank: int) -> Bytes:
    """Reads an array of bytes from a file in the IDX format of MNIST, gzipped or not.

    The format: two zero bytes, the type (8 for unsigned bytes), the rank, the size of each axis (big-endian, 4 bytes),
    the elements.

    Raises:
        Damaged: another magic number or rank, fewer or more bytes than the shape needs.
    """
    with opened(path) as stream:
        magic = take(stream, 4, str(path))
        if magic.tolist() != [0, 0, 8, rank]:
            raise Damaged(
                f"{path}: expected an IDX file of unsigned bytes with {rank} axes, which begins with 00 00 08 "
                f"{rank:02x}, received {magic.tobytes().hex(' ')}."
            )
        shape = tuple(int(n) for n in take(stream, 4 * rank, str(path)).view(">u4"))
        size = math.prod(shape)
        if size > at_most(path):
            raise Damaged(
                f"{path}: its shape {shape} needs {size:,} bytes, too many for a file of {path.stat().st_size:,}."
            )
        array = take(stream, size, str(path))
        if stream.read(1):
            raise Damaged(f"{path} has more bytes than its shape {shape} needs.")
        return array.reshape(shape)


def read_npz(path: pathlib.Path, names: tuple[str, ...], dtypes: tuple[str, ...] = ("uint8",)) -> list[Any]:
    """Reads arrays from an .npz file. Objects in it are never unpickled.

    Args:
        path: the file.
        names: names of the arrays.
        dtypes: names of the permitted dtypes (little-endian, C order).

    Raises:
        Damaged: not an .npz file, a missing array, another dtype, or a size that contradicts the header.
    """
    with npz_members(path) as (archive, members):
        missing = [name for name in names if f"{name}.npy" not in members]
        if missing:
            raise Damaged(f"{path}: missing {', '.join(missing)}; it contains {', '.join(members) or 'nothing'}.")
        return [_read_npy(archive, members[f"{name}.npy"], path, dtypes) for name in names]


@contextlib.contextmanager
def npz_members(path: pathlib.Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Opens an .npz file. Returns it with {name: member}. Raises Damaged if it is not one."""
    with open(path, "rb") as file, damage_named(path), zipfile.ZipFile(file) as archive:
        yield archive, {info.filename: info for info in archive.infolist()}


def _read_npy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: pathlib.Path, dtypes: tuple[str, ...]) -> Any:
    what = f"{path}: {member.filename}"
    with archive.open(member) as stream:
        shape, fortran, dtype = npy_header(stream, what)
        if dtype.newbyteorder("<") != dtype or dtype.name not in dtypes or fortran:
            wanted = "unsigned bytes" if dtypes == ("uint8",) else " or ".join(dtypes)
            raise Damaged(
                f"{what}: expected {wanted} in C order, received {dtype}{' in Fortran order' if fortran else ''}."
            )
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size > at_most(path) or size > member.file_size:
            raise Damaged(f"{what}: its shape {shape} needs {size:,} bytes, too many for the file.")
        array = take(stream, size, what)
        if stream.read(1):
            raise Damaged(f"{what} has more bytes than its shape {shape} needs.")
        return array.view(dtype).reshape(shape)
