"""Settings of XLA, which compiles the reference library: an XLA that does not have a flag ends the process."""

from __future__ import annotations

import importlib.util
import mmap
import pathlib
import platform
import re
import zlib

from .repo import ROOT


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


def cache_folder() -> pathlib.Path:
    """Where JAX keeps what it has compiled. Code for one CPU may not run on another: each kind has its own folder."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        text = platform.processor()
    kind = sorted(set(re.findall(r"^(?:model name|flags|Features)\s*:.*$", text, re.MULTILINE))) or [text]
    return ROOT / "build" / "jax-cache" / f"{zlib.crc32(repr(kind).encode()):08x}"
