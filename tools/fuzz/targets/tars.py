"""Tar archives: changes of the members' names, kinds, sizes and contents, gzipped or not."""

from __future__ import annotations

import gzip
import io
import random
import tarfile

from ..mutation import change_bytes
from ..target import CANARY

_NAMES = (CANARY, "/tmp/evil", "a/../../b", "", ".", "x" * 300, "link", "link/x")
_KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE)


def changed_tar(data: bytes, rng: random.Random) -> bytes:
    """Changes the bytes of the archive, or a member."""
    kind = rng.randrange(8)
    packed = data[:2] == b"\x1f\x8b"
    try:
        plain = gzip.decompress(data) if packed else data
        if kind == 0:
            return change_bytes(data, rng)
        if kind == 1:
            return _packed(change_bytes(plain, rng), packed)
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            members = [(info, archive.extractfile(info).read() if info.isreg() else b"") for info in archive]  # type: ignore[union-attr]
        at = rng.randrange(len(members))
        info, content = members[at]
        if kind == 2:
            info.name = rng.choice(_NAMES)
        elif kind == 3:
            info.type, info.linkname = rng.choice(_KINDS), rng.choice((CANARY, "/etc/passwd", info.name, ".."))
        elif kind == 4:
            del members[at]
        elif kind == 5:
            link = tarfile.TarInfo("link")
            link.type, link.linkname = rng.choice(_KINDS), rng.choice(("../canary", CANARY))
            inside = tarfile.TarInfo("link/secret")
            members += [(link, b""), (inside, b"x")]
        elif kind == 6:
            content = change_bytes(content, rng)
            members[at] = (info, content)
            info.size = len(content)
        else:
            info.pax_headers = {
                rng.choice(("path", "size", "linkpath", "hdrcharset")): rng.choice((CANARY, "-1", "9" * 30))
            }
        return _packed(_tarred(members), packed)
    except Exception:  # bytes that are no archive, or one that cannot be written
        return change_bytes(data, rng)


def _packed(data: bytes, packed: bool) -> bytes:
    return gzip.compress(data, mtime=0) if packed else data


def _tarred(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            if info.isreg():
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()
