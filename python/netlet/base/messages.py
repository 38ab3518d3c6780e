"""Messages of callbacks and progress lines: to the current sys.stdout with any encoding, or to Python's logging."""

from __future__ import annotations

import sys

_interactive = True
_silent = False


def set_interactive(on: bool) -> None:
    """Sets whether messages go to sys.stdout (the default) or to the logger "netlet"."""
    global _interactive
    _interactive = on


def is_interactive() -> bool:
    """Whether messages go to sys.stdout."""
    return _interactive


def set_silent(on: bool) -> None:
    """Sets whether messages are dropped: of several processes that train together, the first one speaks."""
    global _silent
    _silent = on


def print_msg(message: str, line_break: bool = True) -> None:
    """Writes `message` to sys.stdout and flushes it. Characters that the encoding does not have are replaced."""
    if _silent:
        return
    if not _interactive:
        import logging  # takes milliseconds

        logging.getLogger("netlet").info(message.strip("\n"))
        return
    text = message + "\n" if line_break else message
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.replace("━", "=").encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()
