"""The numbers of a benchmark program as JSON, for `python -m bench.report`."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterable
from typing import Any

from netlet.commands.info import machine


def versions(names: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write_results(path: str, tables: dict[str, Any], **about: Any) -> None:
    """Writes tables with the machine, the peers' versions and the command line.

    Args:
        path: the file.
        tables: {table: {row: {column: number}}}; times in seconds, memory in bytes, rates in 1e9 a second.
        about: more facts of the run.
    """
    facts = {key: value for key, value in machine().items() if key not in ("path", "devices")}
    document = {
        "machine": facts,
        "peers": versions(("numpy", "torch", "keras", "jax", "onnxruntime", "scikit-learn")),
        "arguments": sys.argv[1:],
        **about,
        "tables": tables,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
