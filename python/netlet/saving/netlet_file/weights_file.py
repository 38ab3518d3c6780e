"""Saving and loading of weights and optimizer state."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from netlet.config import is_float
from netlet.version import __version__

from ..paths import path_to_read, path_to_write
from ..serialization import deserialize_object, serialize_object
from .container import Container, write_container


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Saves the weights of a model, and the state of the training if the model is compiled.

    Args:
        model: a built model.
        filepath: str or path, ending in ".weights.netlet". Missing directories are created.
        overwrite: whether an existing file may be replaced.

    Raises:
        ValueError: the model has no weights yet, or the path has another ending.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written. An existing file is unchanged, also if the process is killed.
    """
    if not getattr(model, "built", True):
        raise ValueError(
            f"Model '{model.name}' has no weights to save yet. Build it first: call it on data, or use `build()`."
        )
    path = path_to_write(filepath, ".weights.netlet", overwrite)
    document, arrays = collect(model)
    write_container(path, {**document, "kind": "weights"}, arrays)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Loads weights that `save_weights` or `save_model` wrote, in the order of `model.weights`.

    For a compiled model, it also restores the optimizer's state if the file has it and it matches.

    Args:
        model: a built model of the same architecture.
        filepath: str or path of a ".weights.netlet" or ".netlet" file.
        skip_mismatch: whether to load by name instead, and to skip weights that are missing or of another shape, with
            a warning.

    Raises:
        ValueError: the model is not built, the number or shapes of the weights differ, or the file is damaged. The
            model is unchanged then.
        OSError: the file is missing or cannot be read.
    """
    path = path_to_read(filepath)
    if not getattr(model, "built", True):
        raise ValueError(
            f"Model '{model.name}' has no weights to load into yet. Build it first: call it on data, or use `build()`."
        )
    with rebuilding(path):
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
            set_seeds(file, model, strict=False)
            set_training_state(file, model)


@contextlib.contextmanager
def rebuilding(path: str) -> Iterator[None]:
    """Context manager that turns exceptions raised by a file's content into ValueErrors with the file's path."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        text = str(error) or type(error).__name__
        raise ValueError(text if path in text else f"Cannot load '{path}': {text}") from error


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
    document["seeds"] = [[g.seed, g.drawn] for g in getattr(model, "seed_generators", [])]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        document["optimizer"] = [keep("optimizer", v.path, v) for v in optimizer.variables]
        # An optimizer's config does not have the variables that are excluded from its weight decay.
        document["without_decay"] = optimizer.without_weight_decay(model.trainable_variables)
        if hasattr(model, "get_training_state"):
            document["training"] = serialize_object(model.get_training_state())
    return document, arrays


def _tensor(variable: Any) -> Any:
    return getattr(variable, "_tensor", variable)


def _kind(dtype: str) -> str:
    """Dtypes of the same kind may be assigned to each other: all floats, all integers."""
    return "f" if is_float(dtype) else np.dtype(dtype).kind


Pairs = list[tuple[Any, str]]


def pair_in_order(file: Container, variables: Sequence[Any], names: list[str], what: str = "weights") -> Pairs:
    """Returns (variable, array's name) in order. Raises ValueError if a number, shape or kind of dtype differs."""
    if len(names) != len(variables):
        raise ValueError(f"expected {len(variables)} {what}, received {len(names)} in the file.")
    for variable, name in zip(variables, names, strict=True):
        dtype, shape = file.spec(name)
        if shape != tuple(variable.shape):
            raise ValueError(f"'{variable.path}': expected shape {tuple(variable.shape)}, the file has {shape}.")
        if _kind(dtype) != _kind(variable.dtype):
            raise ValueError(f"'{variable.path}': expected dtype {variable.dtype}, the file has {dtype}.")
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
    trainable = model.trainable_variables
    if not optimizer.built:
        if excluded := file.document.get("without_decay"):
            optimizer.exclude_from_weight_decay([trainable[int(i)] for i in excluded])
        optimizer.build(trainable)
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


def set_seeds(file: Container, model: Any, strict: bool) -> None:
    """Restores the seeds and counters of random layers (dropout), so that their sequences continue."""
    generators, seeds = list(getattr(model, "seed_generators", [])), file.document.get("seeds", [])
    if not isinstance(seeds, list) or len(seeds) != len(generators):
        if not strict:
            return
        raise ValueError(f"expected seeds for the model's {len(generators)} random layers in the file.")
    pairs = [(int(seed), int(drawn)) for seed, drawn in seeds]
    for generator, (seed, drawn) in zip(generators, pairs, strict=True):
        generator.seed, generator.drawn = seed, drawn


def set_training_state(file: Container, model: Any) -> None:
    """Restores the state of the training, such as the counters of shuffling, if the file has it."""
    state = file.document.get("training")
    if state is not None and hasattr(model, "set_training_state"):
        model.set_training_state(deserialize_object(state))
