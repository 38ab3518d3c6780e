"""`.netlet` files: changes of the header, the JSON document and the arrays, with checksums that are right again."""

from __future__ import annotations

import pathlib
import random
from typing import Any

from support.hostile import bytes_together, take_bytes_apart

from ..mutation import change_bytes, change_json
from ..target import Target, either, written
from .models import dense, saved, saved_models


def change(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(8)
    try:
        document, tensors, arrays = take_bytes_apart(data)
        if kind == 1:
            return bytes_together(document, change_json(tensors, rng), arrays, sums=False)
        if kind == 2:
            return bytes_together(document, change_json(tensors, rng), arrays)
        if kind == 3:
            return bytes_together(document, tensors, change_bytes(arrays, rng))
        if kind >= 4:
            return bytes_together(change_json(document, rng), tensors, arrays)
    except Exception:  # the file is damaged too much to be taken apart
        pass
    return change_bytes(data, rng)


def _load_model(data: bytes, folder: pathlib.Path) -> None:
    import netlet

    netlet.models.load_model(written(folder, "m.netlet", data))


_model: Any = None


def _weights_seeds() -> list[bytes]:
    global _model
    _model = dense()
    return [saved(_model, name) for name in (*["m.weights.netlet"] * 3, "m.netlet")]


def _load_weights(data: bytes, folder: pathlib.Path) -> None:
    path = written(folder, "m.weights.netlet", data)
    _model.load_weights(path, skip_mismatch=either(data))


MODEL = Target(
    what="a model from a .netlet file",
    seeds=lambda: saved_models("m.netlet"),
    run=_load_model,
    change=change,
    runs=80,
)
WEIGHTS = Target(
    what="weights and an optimizer's state from a .netlet file",
    seeds=_weights_seeds,
    run=_load_weights,
    change=change,
)
