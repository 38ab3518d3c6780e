"""C libraries of this folder that a child process loads before all others, to count calls or let them fail."""

from __future__ import annotations

import functools
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile

import pytest

from .child import child_path, run_child

HERE = pathlib.Path(__file__).parent
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_preload = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or CC is None or "LD_PRELOAD" in os.environ,
    reason="replaces functions of glibc, with a C compiler and no sanitizer, which must be loaded first, too",
)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="netlet-preload-")  # deleted when the process ends


@functools.cache
def library(name: str) -> str:
    """The path of the shared library that `name`.c becomes; compiled once in a process."""
    target = os.path.join(_folder().name, f"{name}.so")
    subprocess.run([CC, "-shared", "-fPIC", "-fexceptions", "-O1", str(HERE / f"{name}.c"), "-o", target], check=True)
    return target


def run_preloaded(name: str, code: str, **env: str):
    """Runs `code` in a child that has loaded the library first and can import `support`."""
    return run_child(code, LD_PRELOAD=library(name), PYTHONPATH=child_path(), **env)
