"""What the commands that read and write model files share: loading, checks of the output, progress."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

READ = (".netlet", ".keras", ".h5", ".hdf5", ".onnx")
WRITTEN = (".netlet", ".keras", ".h5", ".onnx")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds `--force`."""
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")


def check_output(path: str, output: str, force: bool) -> None:
    """Checks the output before any work is done.

    Raises:
        ValueError: another ending, or the file that is read.
        FileExistsError: it exists, without `force`.
    """
    if not output.endswith(WRITTEN) or output.endswith((".weights.netlet", ".weights.h5")):
        raise ValueError(f"{output}: expected an ending among {', '.join(WRITTEN)}")
    if os.path.exists(output):
        if os.path.exists(path) and os.path.samefile(path, output):
            raise ValueError(f"{output}: expected another file than the one that is read")
        if not force:
            raise FileExistsError(f"{output} exists; --force replaces it")


def load(path: str) -> Any:
    """The model in a file, not compiled.

    Raises:
        ValueError: a file of weights only, or a damaged one.
        OSError: it cannot be read.
        ImportError: it needs a package that is not installed.
    """
    if not os.path.isfile(path):
        raise ValueError(f"{path}: expected a file, {'found a folder' if os.path.isdir(path) else 'found none'}")
    if path.endswith((".weights.netlet", ".weights.h5")):
        raise ValueError(f"{path}: expected a model, received weights only; `netlet summary` lists them")
    with step(f"loading {path}"):
        if path.endswith(".onnx"):
            from netlet import onnx

            return onnx.load(path)
        from netlet.models import load_model

        return load_model(path, compile=False)


def write(model: Any, output: str, **export_arguments: Any) -> None:
    """Writes a model in the format of the ending; an existing file is replaced as a whole or not at all."""
    with step(f"writing {output}"):
        if output.endswith(".onnx"):
            model.export(output, format="onnx", **export_arguments)
        else:
            model.save(output)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Shows on a terminal what takes time, and afterwards how long it took. Files and pipes get nothing."""
    shown = sys.stderr.isatty()
    begin = time.perf_counter()
    if shown:
        print(f"{what} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        if shown:
            print(file=sys.stderr)
        raise
    if shown:
        print(f" {time.perf_counter() - begin:.1f} s", file=sys.stderr)


def size_text(size: int) -> str:
    """A number of bytes with a unit.

    >>> size_text(1_500), size_text(12)
    ('1.5 kB', '12 B')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError
