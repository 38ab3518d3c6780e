"""Texts of bounded length: the beginning and the end of a long one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_LONGEST_MESSAGE = 2000  # characters


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and end around "…" if it has more than `most` characters.

    >>> shortened("a_very_long_name", 9)
    'a_ve…name'
    """
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return text[: most - 1 - end] + "…" + text[-end:]


@contextlib.contextmanager
def short_messages() -> Iterator[None]:
    """Context manager that shortens the messages of exceptions: a file or config may hold values and names of any
    length, which messages repeat.

    >>> with short_messages():
    ...     raise ValueError("x" * 10_000)
    Traceback (most recent call last):
        ...
    ValueError: xxx...
    """
    try:
        yield
    except Exception as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (shortened(error.args[0], _LONGEST_MESSAGE),)
        raise
