"""Files of layers in a `.keras` archive: `assets/<path of the layer>/...`, such as the vocabulary of a text layer.

A layer writes and reads them in `save_assets(directory)` and `load_assets(directory)`. netlet's own text layers write
their vocabulary into their config, which Keras reads too, and read the files that Keras writes.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from .archive import Archive
from .state import parts


def collect_assets(model: Any) -> dict[str, bytes]:
    """Returns {member's name: content} of the files that the model's layers save."""
    members: dict[str, bytes] = {}
    for path, part in parts(model):
        if not hasattr(part, "save_assets"):
            continue
        with tempfile.TemporaryDirectory() as directory:
            part.save_assets(directory)
            for folder, _, files in os.walk(directory):
                for name in files:
                    full = os.path.join(folder, name)
                    inner = os.path.relpath(full, directory).replace(os.sep, "/")
                    with open(full, "rb") as file:
                        members["/".join(filter(None, ("assets", path, inner)))] = file.read()
    return members


def load_assets(model: Any, archive: Archive) -> None:
    """Passes each layer its files, in a temporary directory that has nothing else."""
    if not any(name.startswith("assets/") for name in archive.names):
        return
    known = list(parts(model))
    for path, part in known:
        prefix = f"assets/{path}/" if path else "assets/"
        below = [
            f"assets/{other}/" for other, _ in known if other.startswith(f"{path}/" if path else "") and other != path
        ]
        names = [
            n for n in archive.names if n.startswith(prefix) and not n.endswith("/") and not n.startswith(tuple(below))
        ]
        if not names or not hasattr(part, "load_assets"):
            continue
        with tempfile.TemporaryDirectory() as directory:
            for name in names:
                target = os.path.join(directory, *name.removeprefix(prefix).split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.write(archive.read(name))
            part.load_assets(directory)
