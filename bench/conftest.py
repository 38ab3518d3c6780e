"""The benchmarks are run by `python -m pytest bench`; netlet's tests do not collect them."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
