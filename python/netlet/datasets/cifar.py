"""CIFAR's binary files: records of a few label bytes and an image, 3 planes (red, green, blue) of 32 x 32 bytes."""

from __future__ import annotations

import pathlib
import tarfile
from collections.abc import Sequence
from typing import IO

import numpy as np

from .reading import Bytes, Damaged, at_most, bounded, opened, take

_IMAGE = 3 * 32 * 32


def read(path: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    """For each name the images (N, 32, 32, 3) and the label bytes (N, labels) of that file.

    Args:
        path: the distributed archive (.tar.gz), or a folder that holds the files itself or one folder below.
        names: of the files that hold records.
        labels: label bytes a record.

    Raises:
        Damaged: no archive, a damaged one, or a file that is not made of whole records.
        FileNotFoundError: a file is missing.
    """
    return _from_folder(path, names, labels) if path.is_dir() else _from_archive(path, names, labels)


def _records(stream: IO[bytes], size: int, labels: int, what: str) -> tuple[Bytes, Bytes]:
    record = labels + _IMAGE
    if size % record or size <= 0:
        raise Damaged(f"{what} has {size:,} bytes, which is no positive multiple of {record}, CIFAR's record.")
    table = take(stream, size, what).reshape(-1, record)
    images = table[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), table[:, :labels].copy()


def _from_folder(folder: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    inside = next((p.parent for p in (folder / names[0], *sorted(folder.glob(f"*/{names[0]}"))) if p.exists()), folder)
    missing = [name for name in names if not (inside / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{inside} lacks {', '.join(missing)} of CIFAR's binary version.")
    found = []
    for name in names:
        with open(inside / name, "rb") as stream:
            found.append(_records(stream, (inside / name).stat().st_size, labels, str(inside / name)))
    return found


def _from_archive(path: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    """Members are read by name from the stream; nothing is written to disk, so no path in the archive matters."""
    found: dict[str, tuple[Bytes, Bytes]] = {}
    limit = at_most(path)
    with opened(path) as stream, tarfile.open(fileobj=bounded(stream, limit, path), mode="r|") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if name not in names or name in found:
                continue
            what = f"{path}: {member.name}"
            contents = archive.extractfile(member) if member.isreg() else None
            if contents is None or not 0 <= member.size <= limit:
                raise Damaged(f"{what} is no file that the archive can hold.")
            found[name] = _records(contents, member.size, labels, what)
            if len(found) == len(names):
                break
    missing = [name for name in names if name not in found]
    if missing:
        raise FileNotFoundError(f"{path} lacks {', '.join(missing)}: is it CIFAR's *binary* version?")
    return [found[name] for name in names]
