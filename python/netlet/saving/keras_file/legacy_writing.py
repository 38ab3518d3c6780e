"""Whole models written to `.h5` files, for programs that read the files of Keras 2."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..atomic import replace_file
from ..rebuilding import check_saveable, compile_config
from ..serialization import serialize_object
from .config import compile_to_keras, to_keras
from .hdf5 import write_hdf5
from .legacy import in_order, own_weights
from .versions import KERAS_VERSION

_MOST_BYTES = 64512  # of one attribute


def save_model(model: Any, path: str, include_optimizer: bool) -> None:
    """Writes a model to a whole-model `.h5` file; `saving.save_model` describes arguments and errors."""
    check_saveable(model)
    arrays: dict[str, np.ndarray] = {}
    attributes: dict[str, dict[str, Any]] = {}

    def add(group: str, variables: list[Any]) -> None:
        names = [v.path.encode() for v in variables]
        attributes[group] = _split("weight_names", names)
        arrays.update({f"{group}/{v.path}": v.numpy() for v in variables})

    about = {"backend": b"numpy", "keras_version": KERAS_VERSION.encode()}
    config = to_keras(serialize_object(model))
    attributes[""] = {**about, "model_config": json.dumps({k: config[k] for k in ("class_name", "config")}).encode()}
    attributes["model_weights"] = {**about, **_split("layer_names", [layer.name.encode() for layer in model.layers])}
    for layer in model.layers:
        add(f"model_weights/{layer.name}", in_order(layer))
    add("model_weights/top_level_model_weights", own_weights(model))
    compiled = compile_config(model) if include_optimizer else None
    if compiled and model.optimizer is not None:
        training = compile_to_keras(compiled, set())
        optimizer = training.pop("optimizer")
        training["optimizer_config"] = {key: optimizer[key] for key in ("class_name", "config")}
        attributes[""]["training_config"] = json.dumps(training).encode()
        add("optimizer_weights", model.optimizer.variables)
    replace_file(path, [write_hdf5(arrays, attributes)])


def _split(name: str, values: list[bytes]) -> dict[str, np.ndarray]:
    """A list of texts as one attribute, or as several if it is too long for one."""
    array = np.asarray(values)
    parts = max(1, -(-array.nbytes // _MOST_BYTES))
    if parts == 1:
        return {name: array}
    return {f"{name}{i}": part for i, part in enumerate(np.array_split(array, parts + 1))}
