"""What readers of untrusted files and configs share: errors that name the file or object, and headers of arrays."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from .shortening import short_messages

_LEAST_ELEMENTS = 1 << 24


def elements_for(nbytes: int) -> int:
    """How many elements an array may have whose shape a file of `nbytes` bytes only states: 16 for each byte, and at
    least 16.8 million."""
    return max(_LEAST_ELEMENTS, 16 * nbytes)


class Damaged(ValueError):
    """A file with unexpected contents. The message begins with its path."""


@contextlib.contextmanager
def damage_named(path: Any) -> Iterator[None]:
    """Converts exceptions to Damaged. The standard library's decoders raise many types, some of them unintended.

    MemoryError stays, and an OSError of the disk: those of decoders have no number, or that of an invalid position.
    """
    try:
        yield
    except (Damaged, FileNotFoundError, MemoryError):
        raise
    except Exception as e:
        if isinstance(e, OSError) and e.errno not in (None, errno.EINVAL):
            raise
        raise Damaged(f"{path} is damaged: {e or type(e).__name__}") from None


@contextlib.contextmanager
def damaged_config_named(what: str) -> Iterator[None]:
    """Converts the exceptions that a config of unexpected structure causes, such as KeyError, to ValueError.

    Messages of more than 2,000 characters are shortened.

    Args:
        what: the object of the config, for the message: "Sequential".
    """
    try:
        with short_messages():
            yield
    except RecursionError:
        raise ValueError(f"The config of {what} is nested too deeply.") from None
    except KeyError as error:
        raise ValueError(f"The config of {what} is damaged: {error} is missing or unknown.") from error
    except (LookupError, AttributeError, ArithmeticError, AssertionError, UnicodeError) as error:
        raise ValueError(f"The config of {what} is damaged ({type(error).__name__}: {error}).") from error


def npy_header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Reads the header of an array in NumPy's format. Returns (shape, whether in Fortran order, dtype)."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = read_header[version](stream)
    except Exception as e:  # also MemoryError, from Python's parser for deeply nested brackets
        raise Damaged(f"{what}: expected an array: {e}") from None
    return shape, fortran, dtype
