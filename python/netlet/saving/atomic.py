"""Replacing a file atomically: after a crash there is either the complete old file or the complete new one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable

_CHUNK = 1 << 24  # bytes per write call; signals are handled between calls


def replace_file(path: str, parts: Iterable[bytes | memoryview]) -> None:
    """Replaces the content of a file atomically.

    It writes a temporary file in the same directory, syncs it to the disk, copies the old file's permissions, renames
    it to `path` and syncs the directory. If the process is killed, a file ".netlet-<random>.tmp" may remain, which may
    be deleted. If `path` is a symbolic link, the file that it points to is replaced.

    Args:
        path: the file.
        parts: the new content, in order.

    Raises:
        OSError: the directory is missing or read-only, the disk is full, ... The old file is unchanged.
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
    """Syncs a rename to the disk, on file systems that support it."""
    try:
        folder = os.open(directory, os.O_RDONLY)
    except PermissionError:  # writable but not readable
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
