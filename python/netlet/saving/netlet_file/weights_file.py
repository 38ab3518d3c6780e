"""Saving and loading of weights and optimizer state."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.version import __version__

from ..rebuilding import mismatch
from ..training_state import build_optimizer, set_seeds, set_training_state, training_document
from .container import Container, write_container


def save_weights(model: Any, path: str) -> None:
    """Writes the weights of a model to a `.weights.netlet` file; `saving.save_weights` describes errors."""
    document, arrays = collect(model)
    write_container(path, {**document, "kind": "weights"}, arrays)


def load_weights(model: Any, path: str, skip_mismatch: bool) -> None:
    """Reads weights from a netlet file; `saving.load_weights` describes arguments and errors."""
    file = Container(path)
    names = file.array_names("weights")
    chosen = pair_by_name(file, model, names) if skip_mismatch else pair_in_order(file, model.weights, names)
    for _, name in chosen:
        file.read(name)  # checks all weights before any variable is changed
    optimizer = getattr(model, "optimizer", None)
    slots = optimizer_pairs(file, model, optimizer, strict=False) if optimizer is not None else []
    for _, name in slots:
        file.read(name)
    assign(file, [*chosen, *slots])
    if slots:
        set_seeds(file.document, model, strict=False)
        set_training_state(file.document, model)


def collect(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns the document and the arrays with the weights and the state of the training."""
    arrays: dict[str, np.ndarray] = {}

    def keep(group: str, label: str, variable: Any) -> str:
        name = base = f"{group}/{label}"
        count = 1
        while name in arrays:
            count += 1
            name = f"{base}#{count}"
        arrays[name] = np.asarray(_tensor(variable).numpy())
        return name

    document: dict[str, Any] = {"netlet": __version__}
    document["weights"] = [keep("weights", v.path, v) for v in model.weights]
    document.update(training_document(model))
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        document["optimizer"] = [keep("optimizer", v.path, v) for v in optimizer.variables]
    return document, arrays


def _tensor(variable: Any) -> Any:
    return getattr(variable, "_tensor", variable)


Pairs = list[tuple[Any, str]]


def pair_in_order(file: Container, variables: Sequence[Any], names: list[str], what: str = "weights") -> Pairs:
    """Returns (variable, array's name) in order. Raises ValueError if a number, shape or kind of dtype differs."""
    if problem := mismatch(variables, [file.spec(name) for name in names], what):
        raise ValueError(problem)
    return list(zip(variables, names, strict=True))


def pair_by_name(file: Container, model: Any, names: list[str]) -> Pairs:
    """Returns (variable, array's name) for variables with an array of the same name and shape. Warns about others."""
    pairs: Pairs = []
    for variable in model.weights:
        # The first part of a path is the model's name, which may differ between equal models.
        tail = variable.path.split("/", 1)[-1]
        found = [n for n in names if n == f"weights/{variable.path}" or n.split("/", 2)[-1] == tail]
        if not found:
            warnings.warn(f"'{variable.path}' is not in the file; its value is unchanged.", stacklevel=3)
            continue
        try:
            pairs += pair_in_order(file, [variable], found[:1])
        except ValueError as error:
            warnings.warn(f"{error} Its value is unchanged.", stacklevel=3)
    return pairs


def optimizer_pairs(file: Container, model: Any, optimizer: Any, strict: bool) -> Pairs:
    """Returns (optimizer's variable, array's name). Builds the optimizer if it is not built."""
    names = file.array_names("optimizer")
    if not names:
        return []
    build_optimizer(file.document, model, optimizer)
    try:
        return pair_in_order(file, optimizer.variables, names, "numbers and arrays of the optimizer's state")
    except ValueError as error:
        if strict:
            raise
        warnings.warn(f"The state of optimizer '{optimizer.name}' was not loaded: {error}", stacklevel=3)
        return []


def assign(file: Container, pairs: Pairs) -> None:
    """Reads the arrays and assigns them to the variables."""
    for variable, name in pairs:
        value = file.read(name)
        if hasattr(variable, "assign"):
            variable.assign(value)
        else:
            variable.copy_from(value)
