"""Replacing a file so that there is the old one or the new one, whole, whatever happens in between."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable

_CHUNK = 1 << 24  # bytes a write call: a signal is noticed between two


def replace_file(path: str, parts: Iterable[bytes | memoryview]) -> None:
    """Writes `parts` one after another as the new content of `path`.

    They go to a temporary file in the same directory, which is forced to the disk, given the old file's permissions,
    and renamed onto it; then the directory is forced to the disk. A process killed on the way leaves a file
    ".netlet-<random>.tmp" that may be deleted. A symbolic link stays one, and what it points at is replaced.

    Raises:
        OSError: the directory is missing or read-only, the disk is full, ...; the old file is as it was.
    """
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    temporary = os.path.join(directory, f".netlet-{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            for part in parts:
                _write_all(handle, part)
            with contextlib.suppress(FileNotFoundError, PermissionError, AttributeError):
                os.fchmod(handle, os.stat(target).st_mode & 0o7777)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if os.name == "posix":
        _sync_directory(directory)


def _sync_directory(directory: str) -> None:
    """Forces a rename to the disk, on file systems that know how."""
    try:
        folder = os.open(directory, os.O_RDONLY)
    except PermissionError:  # it may be written and not be read
        return
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def _write_all(handle: int, part: bytes | memoryview) -> None:
    view = memoryview(part)
    while len(view):
        view = view[os.write(handle, view[:_CHUNK]) :]
