"""`netlet summary FILE`: what is in a model file, without running anything of it."""

from __future__ import annotations

import argparse
import os
from typing import Any

from .text import as_text

EXAMPLE = """examples:
  netlet summary digits.keras
  netlet summary digits.weights.h5
  netlet summary resnet.onnx --json | jq .parameters"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet summary`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a model (.netlet, .keras, .h5, .hdf5, .onnx) or weights (.weights.netlet, .weights.h5)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(options: argparse.Namespace) -> None:
    """Prints the description of the file."""
    facts = describe(options.file)
    if options.json:
        import json

        print(json.dumps(facts, indent=2))
    else:
        print(as_text(facts))


def describe(path: str) -> dict[str, Any]:
    """What is in a file, as values for JSON.

    Args:
        path: the file.

    Returns:
        {"file", "format", "bytes", "parameters", ...}: "layers" of a model, "arrays" of weights, "operators" of ONNX.

    Raises:
        ValueError: another kind of file, or a damaged one.
        OSError: it cannot be read.
    """
    facts: dict[str, Any] = {"file": path, "bytes": os.stat(path).st_size}
    if os.path.isdir(path):
        raise ValueError(f"{path}: expected a file, received a folder")
    if path.endswith(".onnx"):
        from .onnx_file import describe as describe_onnx

        return {**facts, **describe_onnx(path)}
    if path.endswith((".weights.netlet", ".weights.h5")):
        from .weights_file import describe as describe_weights

        return {**facts, **describe_weights(path)}
    if path.endswith((".netlet", ".keras", ".h5", ".hdf5")):
        from .model_file import describe as describe_model

        return {**facts, **describe_model(path)}
    raise ValueError(f"{path}: expected .netlet, .keras, .h5, .hdf5, .onnx, .weights.netlet or .weights.h5")
