"""Runs code in another Python process: for checks that may crash it, or that limit or interrupt it."""

from __future__ import annotations

import subprocess
import sys
import textwrap

WATCHDOG = 120  # seconds; no check takes that long, it only turns a hang into a failure
BEFORE = ""  # code that every child runs first; tests plant faults with it


class NotHereError(Exception):
    """A check cannot run on this system; the text says why."""


def command(code: str) -> list[str]:
    """The command line of a child that runs `code`."""
    return [sys.executable, "-c", BEFORE + textwrap.dedent(code)]


def failures(code: str) -> list[str]:
    """Runs `code` in a child. Returns what broke: nothing, the last line that it printed, or how it ended."""
    try:
        result = subprocess.run(command(code), capture_output=True, text=True, timeout=WATCHDOG)
    except subprocess.TimeoutExpired:
        return [f"a child did not end within {WATCHDOG} s"]
    if result.returncode == 0:
        return []
    said = (result.stderr.strip() or result.stdout.strip()).splitlines()
    return [f"a child ended with {result.returncode}" + (f": {said[-1]}" if said else "")]


def needs_linux(what: str) -> None:
    if sys.platform != "linux":
        raise NotHereError(f"{what} is checked on Linux")
