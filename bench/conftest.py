"""The benchmarks are run by `python -m pytest bench`; netlet's tests do not collect them."""

from __future__ import annotations

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
# The tests are imported by path (importmode=importlib), which finds no neighbours: `steps`, and `bench` itself.
here = pathlib.Path(__file__).parent
sys.path[:0] = [str(here), str(here.parent)]
