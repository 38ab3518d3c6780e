"""Flags of XLA, which compiles the reference library's functions. An XLA that does not have a flag ends the process."""

from __future__ import annotations

import importlib.util
import mmap
import pathlib


def has_flag(flag: str) -> bool:
    """Whether the installed jaxlib has a flag: its library contains the name. False without jaxlib."""
    spec = importlib.util.find_spec("jaxlib")
    if spec is None or spec.origin is None:
        return False
    libraries = sorted(pathlib.Path(spec.origin).parent.glob("*.so"), key=lambda path: path.stat().st_size)
    if not libraries:
        return False
    with open(libraries[-1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(flag.encode()) >= 0
