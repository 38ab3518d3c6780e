"""What a fuzz target is: valid inputs to begin with, a way to change them, and the call that reads them."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import zlib
from collections.abc import Callable

from .mutation import change_bytes

# The kinds of exception that a reader may raise.
NAMED: tuple[type[BaseException], ...] = (ValueError, TypeError, OSError, NotImplementedError)
CANARY = "../canary/secret"  # a file that no reader may open; paths in hostile inputs point to it


@dataclasses.dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        what: what it reads, for the report.
        seeds: makes valid inputs; imports what the reader needs.
        run: reads an input. It may write to the folder, which is the current directory.
        change: makes another input of one. Changes parse the structure, so that mutants pass the first checks.
        named: the kinds of exception that are right for a bad input.
        longest_text: most characters of an error message.
        runs: executions in the default suite.
        accepted: texts of errors that need not say more.
        valid: whether all seeds are read without an exception.
    """

    what: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes, pathlib.Path], object]
    change: Callable[[bytes, random.Random], bytes] = change_bytes
    named: tuple[type[BaseException], ...] = NAMED
    longest_text: int = 4000
    runs: int = 200
    accepted: tuple[str, ...] = ()
    valid: bool = True


def written(folder: pathlib.Path, name: str, data: bytes) -> pathlib.Path:
    """The path of a file with these bytes. It stays open between executions, because to create one takes longer."""
    if name not in _files or not os.path.exists(name):
        path = folder / name
        _files[name] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), path
    file, path = _files[name]
    os.ftruncate(file, len(data))
    os.pwrite(file, data, 0)
    return path


def either(data: bytes) -> bool:
    """One of two ways to read an input, always the same for the same input."""
    return bool(zlib.crc32(data) & 1)


_files: dict[str, tuple[int, pathlib.Path]] = {}  # {name in the current directory: (descriptor, path)}
