"""What a fuzz target is: valid inputs to begin with, a way to change them, and the call that reads them."""

from __future__ import annotations

import dataclasses
import pathlib
import random
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
        valid: whether all seeds are read without an exception.
    """

    what: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes, pathlib.Path], object]
    change: Callable[[bytes, random.Random], bytes] = change_bytes
    named: tuple[type[BaseException], ...] = NAMED
    longest_text: int = 4000
    runs: int = 200
    valid: bool = True


def written(folder: pathlib.Path, name: str, data: bytes) -> pathlib.Path:
    """The path of a file with these bytes."""
    path = folder / name
    with open(path, "wb") as file:
        file.write(data)
    return path
