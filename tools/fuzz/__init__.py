"""Fuzzing of all that reads files or bytes, and of the native binding's arguments: `python -m tools.fuzz --help`."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
if str(TESTS) not in sys.path:  # at the end: tests/onnx has the name of a package
    sys.path.append(str(TESTS))
