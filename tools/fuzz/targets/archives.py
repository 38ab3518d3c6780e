"""Archives that `utils.get_file` unpacks: no member may be written outside of the folder."""

from __future__ import annotations

import io
import pathlib
import random
import shutil
import zipfile

from support.data_files import archive

from ..mutation import change_bytes
from ..target import Target, written
from .tars import changed_tar
from .zips import changed_zip


def _seeds() -> list[bytes]:
    members = {"a/x.txt": b"one", "b.txt": b"two"}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in members.items():
            packed.writestr(zipfile.ZipInfo(name), data)
    return [content.getvalue(), archive(members)]


def _change(data: bytes, rng: random.Random) -> bytes:
    if data[:2] == b"PK":
        return changed_zip(data, rng, lambda name, content, rng: change_bytes(content, rng))
    return changed_tar(data, rng)


def _run(data: bytes, folder: pathlib.Path) -> None:
    from netlet.utils import get_file

    path = written(folder, "origin", data)
    cache = folder / "cache"
    try:
        get_file("data.bin", f"file://{path}", extract=True, cache_dir=str(cache), force_download=True)
    finally:
        shutil.rmtree(cache, ignore_errors=True)


ARCHIVES = Target("zip and tar archives that get_file unpacks", _seeds, _run, _change)
