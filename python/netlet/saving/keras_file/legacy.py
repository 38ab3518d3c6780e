"""Whole models and weights in the HDF5 files of Keras 2, which Keras 3 writes for paths that end in `.h5`.

The weights of a layer are in the group of its name, in the order of the attribute `weight_names`; trainable ones come
first. The architecture and the arguments of `compile` are JSON texts in attributes.

Source: Keras 3.15 `keras/src/legacy/saving/legacy_h5_format.py`.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from ..rebuilding import mismatch, rebuild
from .config import from_keras
from .hdf5 import Hdf5Reader
from .legacy_config import compile_arguments, modern

_TOP = "top_level_model_weights"


def is_legacy(reader: Hdf5Reader) -> bool:
    """Whether the file has the layout of Keras 2."""
    return "model_weights" in reader.groups or bool(_names(reader, "", "layer_names"))


def load_model(path: str, compile: bool) -> Any:
    """Reads a model from a whole-model `.h5` file; `saving.load_model` describes arguments and errors."""
    with Hdf5Reader(path, path) as reader:
        text = reader.attribute("", "model_config")
        if not isinstance(text, str):
            raise ValueError(f"'{path}' has no model's config: create the model first, and use its load_weights().")
        model = rebuild(from_keras(modern(json.loads(text))), reader.nbytes, bool(reader.arrays))
        load_legacy_weights(model, reader, skip_mismatch=False, by_name=False)
        training = reader.attribute("", "training_config")
        if compile and isinstance(training, str):
            model.compile(**compile_arguments(from_keras(json.loads(training))))
            _load_optimizer(model, reader)
        elif compile:
            warnings.warn(
                f"'{path}' has no training configuration, so the model was not compiled. Compile it yourself.",
                stacklevel=4,
            )
    return model


def load_legacy_weights(model: Any, reader: Hdf5Reader, skip_mismatch: bool, by_name: bool) -> None:
    """Sets the weights of a model's layers.

    Args:
        model: a built model.
        reader: the file.
        skip_mismatch: whether to skip layers that do not fit, with a warning.
        by_name: whether to load the layers whose names are in the file; otherwise the order decides.

    Raises:
        ValueError: another number of layers, or the first layer that does not fit. The model is unchanged then.
    """
    root = "model_weights" if "model_weights" in reader.groups else ""
    saved = {
        name: paths
        for name in _names(reader, root, "layer_names")
        if (paths := _weights_of(reader, f"{root}/{name}" if root else name)) or by_name
    }
    if by_name:
        pairs = [(layer, saved[layer.name]) for layer in model.layers if layer.name in saved]
    else:
        layers = [layer for layer in model.layers if in_order(layer)]
        if len(layers) != len(saved):
            first = next((layer.name for layer, name in zip(layers, saved, strict=False) if layer.name != name), None)
            raise ValueError(
                f"expected {len(layers)} layers with weights, the file has {len(saved)}"
                + (f"; the first layer with another name is '{first}'." if first else ".")
            )
        pairs = list(zip(layers, saved.values(), strict=True))
    top = f"{root}/{_TOP}" if root else _TOP
    own = own_weights(model)
    if top in reader.groups and own:
        pairs.append((_Top(model.name, own), _weights_of(reader, top)))
    chosen: list[tuple[Any, str]] = []
    for number, (layer, paths) in enumerate(pairs):
        variables = in_order(layer)
        problem = mismatch(variables, [reader.spec(path) for path in paths])
        if problem is None:
            chosen += zip(variables, paths, strict=True)
        elif skip_mismatch:
            warnings.warn(f"Layer '{layer.name}' (#{number}) is unchanged: {problem}", stacklevel=4)
        else:
            raise ValueError(f"Layer '{layer.name}' (#{number}): {problem}")
    for variable, path in chosen:
        variable.assign(reader.read(path))


class _Top:
    """The variables that a model has besides those of its layers."""

    def __init__(self, name: str, variables: list[Any]) -> None:
        self.name = name
        self.trainable_weights = [v for v in variables if v.trainable]
        self.non_trainable_weights = [v for v in variables if not v.trainable]


def own_weights(model: Any) -> list[Any]:
    """The weights that a model has besides those of its layers, trainable ones first."""
    of_layers = {id(v) for layer in model.layers for v in layer.weights}
    return [v for v in in_order(model) if id(v) not in of_layers]


def in_order(layer: Any) -> list[Any]:
    """The weights in the order of the file."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _names(reader: Hdf5Reader, group: str, attribute: str) -> list[str]:
    """A list of strings, which may be split over the attributes `<name>0`, `<name>1`, ..."""
    whole = reader.attribute(group, attribute)
    if whole is None:
        whole = []
        while (part := reader.attribute(group, f"{attribute}{len(whole)}")) is not None:
            whole.append(part)
        whole = [name for part in whole for name in part]
    if not isinstance(whole, list):
        raise ValueError(f"'{reader.label}' is damaged: '{attribute}' is not a list of names.")
    if len(set(whole)) != len(whole):
        raise ValueError(f"'{reader.label}' is damaged: '{attribute}' has a name twice.")
    return whole


def _weights_of(reader: Hdf5Reader, group: str) -> list[str]:
    """The paths of a layer's arrays, in order."""
    if group not in reader.groups:
        raise ValueError(f"'{reader.label}' is damaged: the group '{group}' is missing.")
    paths = [f"{group}/{name}" for name in _names(reader, group, "weight_names")]
    for path in paths:
        if path not in reader.arrays:
            raise ValueError(f"'{reader.label}' is damaged: the array '{path}' is missing.")
    return paths


def _load_optimizer(model: Any, reader: Hdf5Reader) -> None:
    """Restores the optimizer's state if the file has it; warns if it does not fit."""
    if "optimizer_weights" not in reader.groups:
        return
    optimizer = model.optimizer
    paths = _weights_of(reader, "optimizer_weights")
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    if problem := mismatch(optimizer.variables, [reader.spec(path) for path in paths]):
        warnings.warn(f"The state of optimizer '{optimizer.name}' was not loaded: {problem}", stacklevel=5)
        return
    for variable, path in zip(optimizer.variables, paths, strict=True):
        variable.assign(np.asarray(reader.read(path)))
