"""Saving and loading of models: architecture, weights, arguments of `compile` and state of the training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from netlet.engine.variable import blank_variables

from ..paths import path_to_read, path_to_write
from ..registry import find_builtin
from ..serialization import CustomObjectScope, deserialize_object, serialize_object, sharing_scope
from .container import Container, write_container
from .weights_file import (
    assign,
    collect,
    optimizer_pairs,
    pair_in_order,
    rebuilding,
    set_seeds,
    set_training_state,
)

# A file may declare this many bytes of weights more than it contains (layers may have a state of a few numbers that is
# not saved); a file that declares more is rejected.
_SLACK_BYTES = 1 << 20


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Saves a model to one file. A model that `load_model` returns continues training where this one stopped.

    The file holds the architecture, the weights, the arguments of `compile`, the optimizer's state, and the counters
    of dropout and shuffling. It holds no code: your own classes and functions are saved by name.

    Args:
        model: the model.
        filepath: str or path, ending in ".netlet". Missing directories are created.
        overwrite: whether an existing file may be replaced.
        include_optimizer: whether to save the arguments of `compile` and the optimizer's state; default True.

    Raises:
        ValueError: the path has another ending (".keras" and ".h5" files are not supported), the model contains
            something that cannot be saved, such as a Lambda layer, or some of its layers were called but it was not.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written. An existing file is unchanged, also if the process is killed.

    Source: Keras 3 `keras.saving.save_model`; the bytes are safetensors.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {sorted(kwargs)}")
    path = path_to_write(filepath, ".netlet", overwrite)
    if not getattr(model, "built", True):
        if model.weights:
            raise ValueError(
                f"Model '{model.name}' cannot be saved yet: some of its layers have weights, but it was never called "
                "itself, so its input shapes are unknown. Call it on data, or use `build()`."
            )
        warnings.warn(
            f"Model '{model.name}' is saved without weights: it has none yet, because it was never built.", stacklevel=2
        )
    with sharing_scope():
        architecture = serialize_object(model)
    document, arrays = collect(model)
    if include_optimizer:
        document["compile"] = _compile_config(model)
    else:
        arrays = {name: arrays[name] for name in document["weights"]}
        document = {key: value for key, value in document.items() if key not in ("optimizer", "training")}
    write_container(path, {**document, "kind": "model", "model": architecture}, arrays)


def _compile_config(model: Any) -> Any:
    try:
        config = model.get_compile_config() if hasattr(model, "get_compile_config") else None
        return serialize_object(config) if config else None
    except ValueError as error:
        # Saving the weights matters more than saving the arguments of compile.
        warnings.warn(
            f"Model '{model.name}' is saved without compile's arguments; load_model will return it uncompiled: {error}",
            stacklevel=3,
        )
        return None


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Loads a model that `save_model` (or `model.save`) wrote.

    Loading runs no code from the file, imports no module that it names, opens no other path, and needs memory in
    proportion to the file's size.

    Args:
        filepath: str or path of the file.
        custom_objects: dict of name to class or function, for those of your own that are not decorated with
            `register_keras_serializable`.
        compile: whether to compile the model with the saved arguments and restore its optimizer.
        safe_mode: accepted for compatibility with Keras; loading is always safe.

    Returns:
        The model.

    Raises:
        ValueError: the file is not a netlet file, is damaged, contains a Lambda layer, or names a class that is neither
            netlet's, nor registered, nor in `custom_objects`.
        OSError: the file is missing or cannot be read.

    Source: Keras 3 `keras.saving.load_model`.
    """
    path = path_to_read(filepath)
    with rebuilding(path), CustomObjectScope(custom_objects):
        file = Container(path)
        if file.document.get("kind") != "model" or "model" not in file.document:
            raise ValueError(f"'{path}' holds weights only: create the model first, and use its load_weights().")
        names = file.array_names("weights")
        model = _rebuild(file, names)
        assign(file, pair_in_order(file, model.weights, names))
        set_seeds(file, model, strict=True)
        if compile and file.document.get("compile"):
            _recompile(file, model)
    return model


def _rebuild(file: Container, names: list[str]) -> Any:
    left = sum(file.nbytes(name) for name in names) + _SLACK_BYTES

    def claim(nbytes: int, variable: str) -> None:
        nonlocal left
        left -= nbytes
        if left < 0:
            raise ValueError(f"the architecture needs more weights than the file holds, at '{variable}'.")

    with sharing_scope(), blank_variables(claim):
        model = deserialize_object(file.document["model"])
    if not isinstance(model, find_builtin("netlet.models", "Model", function=False)):
        raise ValueError(f"the file: expected a model, received a {type(model).__name__}.")
    if names and not getattr(model, "built", True):
        raise ValueError(
            f"the file holds weights, and {type(model).__name__} has none after `from_config`: give the class a "
            "`build(input_shape)` or a `build_from_config(config)` method that makes them."
        )
    return model


def _recompile(file: Container, model: Any) -> None:
    config = file.document["compile"]
    if not isinstance(config, dict):
        raise ValueError("the arguments of compile: expected a dict.")
    if hasattr(model, "compile_from_config"):  # a class with a `compile` of its own
        model.compile_from_config(config)
    else:
        model.compile(**deserialize_object(config))
    if model.optimizer is None:
        return
    if pairs := optimizer_pairs(file, model, model.optimizer, strict=True):
        assign(file, pairs)
        set_training_state(file, model)
