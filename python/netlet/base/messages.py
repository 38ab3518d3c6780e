"""Printing to the current sys.stdout with any encoding, for callbacks."""

from __future__ import annotations

import sys


def print_msg(message: str, line_break: bool = True) -> None:
    """Writes `message` to sys.stdout and flushes it. Characters that the encoding does not have are replaced."""
    text = message + "\n" if line_break else message
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.replace("━", "=").encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()
