"""Zip archives: changes of the members' names, contents, links and sizes."""

from __future__ import annotations

import copy
import functools
import io
import random
import stat
import zipfile
from collections.abc import Callable

from ..mutation import change_bytes
from ..target import CANARY

_NAMES = (
    CANARY,
    f"assets/../{CANARY}",
    "/tmp/evil",
    "..\\evil",
    "C:\\evil",
    "a/../../b",
    "",
    ".",
    "x\0y",
    "assets/x/y",
)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
Change = Callable[[bytes, random.Random], bytes]


def members_of(data: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
    """The members of an archive in order. Raises any exception for bytes that are none."""
    return [(copy.copy(info), content) for info, content in _members(data)]


@functools.lru_cache(32)
def _members(data: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > 1 << 20:
            raise ValueError("a mutant that unpacks to too much to go on with")
        return [(info, archive.read(info)) for info in archive.infolist()]


def zipped(members: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return content.getvalue()


def changed_zip(data: bytes, rng: random.Random, change_member: Callable[[str, bytes, random.Random], bytes]) -> bytes:
    """Changes the bytes of the archive, a member's content, its name or its kind, or the list of members."""
    kind = rng.randrange(16)
    try:
        if kind == 0:
            return change_bytes(data, rng)
        members = members_of(data)
        at = rng.randrange(len(members))
        info, content = members[at]
        if kind <= 2:
            inside = info.filename.rpartition("/")[0]
            info.filename = rng.choice((f"{inside}/../{CANARY}", f"{inside}/{CANARY}", rng.choice(_NAMES)))
        elif kind == 3:
            link = zipfile.ZipInfo(rng.choice((info.filename, "assets/link", "link")))
            link.external_attr = (rng.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR)) | 0o777) << 16
            members.insert(at, (link, CANARY.encode()))
        elif kind == 4:
            info.compress_type = rng.choice(_COMPRESSIONS)
        elif kind == 5:
            del members[at]
        elif kind == 6:
            members.append((zipfile.ZipInfo(rng.choice((*_NAMES, info.filename))), content))
        elif kind == 7:
            members[at] = (info, rng.choice((b"", content[: len(content) // 2], content * 2, bytes(1 << 17))))
        else:
            members[at] = (info, change_member(info.filename, content, rng))
        return zipped(members)
    except Exception:  # bytes that are no archive, or an archive that cannot be written
        return change_bytes(data, rng)
