"""Models as bytes, for copies and pickles: the bytes of the file that `save` writes."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from netlet import saving


def to_bytes(model: Any) -> bytes:
    """The bytes of the file that `model.save` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.netlet")
        model.save(path)
        with open(path, "rb") as f:
            return f.read()


def from_bytes(data: bytes, own: dict[str, Any]) -> Any:
    """The model in these bytes; `own` holds the functions and classes that are not netlet's, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.netlet")
        with open(path, "wb") as f:
            f.write(data)
        return saving.load_model(path, custom_objects=own)
