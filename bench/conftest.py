"""`python -m pytest bench` runs the benchmarks; netlet's own test run does not collect them."""

from __future__ import annotations

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
# pytest imports the tests by path (import mode importlib), which does not find `steps` beside them, nor `bench` itself.
here = pathlib.Path(__file__).parent
sys.path[:0] = [str(here), str(here.parent)]
