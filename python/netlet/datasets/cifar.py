"""Reading of CIFAR's binary files.

A record consists of one or two label bytes and an image: 3 planes (red, green, blue) of 32 x 32 bytes.
"""

from __future__ import annotations

import pathlib
import tarfile
from collections.abc import Sequence
from typing import IO

import numpy as np

from netlet.base.untrusted import Damaged

from .reading import Bytes, at_most, bounded, opened, take

_IMAGE = 3 * 32 * 32


def read(path: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    """Reads files of records.

    Args:
        path: the original archive (.tar.gz), or a folder with the files, directly or in a subfolder.
        names: names of the files.
        labels: number of label bytes per record.

    Returns:
        For each name (images (N, 32, 32, 3), labels (N, labels)).

    Raises:
        Damaged: not an archive or a damaged one, or a file that does not consist of whole records.
        FileNotFoundError: a file is missing.
    """
    return _from_folder(path, names, labels) if path.is_dir() else _from_archive(path, names, labels)


def _records(stream: IO[bytes], size: int, labels: int, what: str) -> tuple[Bytes, Bytes]:
    record = labels + _IMAGE
    if size % record or size <= 0:
        raise Damaged(f"{what}: expected a positive multiple of {record} bytes (CIFAR's record), received {size:,}.")
    table = take(stream, size, what).reshape(-1, record)
    images = table[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), table[:, :labels].copy()


def _from_folder(folder: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    inside = next((p.parent for p in (folder / names[0], *sorted(folder.glob(f"*/{names[0]}"))) if p.exists()), folder)
    missing = [name for name in names if not (inside / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{inside}: missing {', '.join(missing)} of CIFAR's binary version.")
    found = []
    for name in names:
        with open(inside / name, "rb") as stream:
            found.append(_records(stream, (inside / name).stat().st_size, labels, str(inside / name)))
    return found


def _from_archive(path: pathlib.Path, names: Sequence[str], labels: int) -> list[tuple[Bytes, Bytes]]:
    """Reads members by name from the stream. Nothing is written to disk, so paths in the archive do no harm."""
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
                raise Damaged(f"{what}: expected a regular file of at most {limit:,} bytes.")
            found[name] = _records(contents, member.size, labels, what)
            if len(found) == len(names):
                break
    missing = [name for name in names if name not in found]
    if missing:
        raise FileNotFoundError(f"{path}: missing {', '.join(missing)}. Is it CIFAR's *binary* version?")
    return [found[name] for name in names]
