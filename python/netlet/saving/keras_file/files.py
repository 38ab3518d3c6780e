"""Models in `.keras` files and weights in `.weights.h5` files, as Keras 3 writes and reads them.

A `.keras` file is a zip archive with the architecture (`config.json`), the versions (`metadata.json`), the weights and
the optimizer's state (`model.weights.h5`), and vocabularies (`assets/`). netlet adds to `metadata.json`, which Keras
does not read, the seeds of random layers and the state of shuffling.

Source: Keras 3.15 `keras/src/saving/saving_lib.py`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

from netlet.version import __version__

from ..atomic import replace_file
from ..rebuilding import check_saveable, compile_config, rebuild, recompile
from ..serialization import serialize_object, sharing_scope
from ..training_state import set_seeds, set_training_state, training_document
from .archive import Archive, zip_bytes
from .assets import collect_assets, load_assets
from .config import compile_to_keras, from_keras, to_keras
from .hdf5 import Hdf5Reader, write_hdf5
from .legacy import is_legacy, load_legacy_weights
from .state import collect, load_state, parts
from .versions import KERAS_VERSION

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def save_model(model: Any, path: str, include_optimizer: bool) -> None:
    """Writes a model to a `.keras` file; `saving.save_model` describes arguments and errors."""
    check_saveable(model)
    with sharing_scope():
        config = to_keras(serialize_object(model))
    _keep_repeated_numbers(config)
    arrays, attributes = collect(model)
    compiled = compile_config(model) if include_optimizer else None
    config["compile_config"] = compile_to_keras(compiled or {}, {type(part).__name__ for _, part in parts(model)})
    if not include_optimizer:
        arrays = {name: array for name, array in arrays.items() if not name.startswith("optimizer/")}
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "netlet_version": __version__,
        "netlet": training_document(model) if include_optimizer else {},
    }
    members = {
        _METADATA: json.dumps(metadata).encode(),
        _CONFIG: json.dumps(config).encode(),
        _WEIGHTS: write_hdf5(arrays, attributes),
        **collect_assets(model),
    }
    replace_file(path, [zip_bytes(members)])


def _keep_repeated_numbers(config: Any) -> None:
    """Removes the numbers of objects that occur once, as Keras does."""
    found: dict[int, list[dict[str, Any]]] = {}
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "shared_object_id" in value:
                found.setdefault(value["shared_object_id"], []).append(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    for entries in found.values():
        if len(entries) == 1:
            del entries[0]["shared_object_id"]


def load_model(path: str, compile: bool) -> Any:
    """Reads a model from a `.keras` file; `saving.load_model` describes arguments and errors."""
    with Archive(path) as archive:
        config = _json_dict(archive, _CONFIG)
        metadata = _json_dict(archive, _METADATA) if _METADATA in archive.names else {}
        document = metadata.get("netlet")
        document = document if isinstance(document, dict) else {}
        with Hdf5Reader(archive.read(_WEIGHTS), path) as reader:
            has_weights = any(not path.startswith("optimizer/") for path in reader.arrays)
            model = rebuild(from_keras(config), reader.nbytes, has_weights)
            compiled = config.get("compile_config")
            if compile and compiled:
                recompile(model, from_keras(compiled))
            load_state(model, reader, document=document)
            load_assets(model, archive)
        set_seeds(document, model, strict=False)
        if compile and compiled:
            set_training_state(document, model)
    return model


def _json_dict(archive: Archive, name: str) -> dict[str, Any]:
    value = json.loads(archive.read(name))
    if not isinstance(value, dict):
        raise ValueError(f"'{archive.path}' is damaged: '{name}' is not a dict.")
    return value


def save_weights(model: Any, path: str, objects_to_skip: Iterable[Any] | None) -> None:
    """Writes the weights of a model to a `.weights.h5` file; `saving.save_weights` describes arguments and errors."""
    replace_file(path, [write_hdf5(*collect(model, objects_to_skip or ()))])


def load_weights(
    model: Any, path: str, skip_mismatch: bool, by_name: bool | None, objects_to_skip: Iterable[Any] | None
) -> None:
    """Reads weights from a `.weights.h5`, `.keras` or `.h5` file; `saving.load_weights` describes arguments."""
    skip = list(objects_to_skip or ())
    if path.endswith(".keras"):
        with Archive(path) as archive, Hdf5Reader(archive.read(_WEIGHTS), path) as reader:
            load_state(model, reader, skip_mismatch, skip)
        return
    with Hdf5Reader(path, path) as reader:
        if is_legacy(reader):
            load_legacy_weights(model, reader, skip_mismatch, bool(by_name))
        elif by_name:
            raise ValueError(f"`by_name` is for `.h5` files of Keras 2; '{path}' is a weights file of Keras 3.")
        else:
            load_state(model, reader, skip_mismatch, skip)
