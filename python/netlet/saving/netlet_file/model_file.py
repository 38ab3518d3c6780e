"""Whole models in `.netlet` files: architecture, weights, arguments of `compile` and state of the training."""

from __future__ import annotations

from typing import Any

from ..rebuilding import check_saveable, compile_config, rebuild, recompile
from ..serialization import serialize_object, sharing_scope
from ..training_state import set_seeds, set_training_state
from .container import Container, write_container
from .weights_file import assign, collect, optimizer_pairs, pair_in_order


def save_model(model: Any, path: str, include_optimizer: bool) -> None:
    """Writes a model to a `.netlet` file; `saving.save_model` describes arguments and errors."""
    check_saveable(model)
    with sharing_scope():
        architecture = serialize_object(model)
    document, arrays = collect(model)
    if include_optimizer:
        document["compile"] = compile_config(model)
    else:
        arrays = {name: arrays[name] for name in document["weights"]}
        document = {key: value for key, value in document.items() if key not in ("optimizer", "training")}
    write_container(path, {**document, "kind": "model", "model": architecture}, arrays)


def load_model(path: str, compile: bool) -> Any:
    """Reads a model from a `.netlet` file; `saving.load_model` describes arguments and errors."""
    file = Container(path)
    if file.document.get("kind") != "model" or "model" not in file.document:
        raise ValueError(f"'{path}' holds weights only: create the model first, and use its load_weights().")
    names = file.array_names("weights")
    model = rebuild(file.document["model"], sum(file.nbytes(name) for name in names), bool(names))
    assign(file, pair_in_order(file, model.weights, names))
    set_seeds(file.document, model, strict=True)
    if compile and file.document.get("compile"):
        recompile(model, file.document["compile"])
        if model.optimizer is not None and (pairs := optimizer_pairs(file, model, model.optimizer, strict=True)):
            assign(file, pairs)
            set_training_state(file.document, model)
    return model
