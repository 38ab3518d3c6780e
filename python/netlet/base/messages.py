"""Where callbacks write: the sys.stdout of the moment, flushed, whatever its encoding."""

from __future__ import annotations

import sys


def print_msg(message: str, line_break: bool = True) -> None:
    """Writes `message` to sys.stdout; characters that its encoding lacks are replaced, never an error."""
    text = message + "\n" if line_break else message
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.replace("━", "=").encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()
