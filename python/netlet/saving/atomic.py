"""Replacing a file atomically: after a crash there is either the complete old file or the complete new one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from typing import IO

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
    try:
        with naming(path, temporary):
            # A file object: Ctrl-C between the system's call and the next line closes it with its last reference.
            with open(temporary, "xb", buffering=0) as file:
                for part in parts:
                    _write_all(file, part)
                with contextlib.suppress(FileNotFoundError, PermissionError, AttributeError):
                    os.fchmod(file.fileno(), os.stat(target).st_mode & 0o7777)
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if os.name == "posix":
        with naming(path):
            _sync_directory(directory)


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file at once: `replace_file`, but what is no regular file, such as "/dev/stdout", is written to.

    Raises:
        OSError: the file cannot be written. A regular file is unchanged then.
    """
    name = os.fspath(path)
    if os.path.lexists(name) and not os.path.isfile(name):
        with naming(name), open(name, "wb") as file:
            file.write(content)
    else:
        replace_file(name, [content])


@contextlib.contextmanager
def naming(path: str | os.PathLike[str], temporary: str | None = None) -> Iterator[None]:
    """Context manager: an OSError without a path, such as that of a write to a full disk, gets this one.

    Args:
        path: the file that the user knows.
        temporary: a path that is replaced by it, too.

    >>> try:
    ...     with naming("model.netlet"):
    ...         raise OSError(errno.ENOSPC, "No space left on device")
    ... except OSError as error:
    ...     print(error)
    [Errno 28] No space left on device: 'model.netlet'
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename2 is None and error.filename in (None, temporary):
            error.filename = os.fspath(path)
        raise


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


def _write_all(file: IO[bytes], part: bytes | memoryview) -> None:
    view = memoryview(part)
    while len(view):
        view = view[os.write(file.fileno(), view[:_CHUNK]) :]
