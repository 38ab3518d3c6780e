"""The state of a model, addressed as in Keras's files: by the attributes that lead from the model to each layer.

A path is, for example, "layers/lstm/cell": the model's list `layers`, the first LSTM in it, and its attribute `cell`.
Attributes are visited in alphabetical order with private ones last, and each layer is stored under the first path that
leads to it.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from netlet.base.naming import to_snake_case

from ..rebuilding import mismatch
from ..registry import find_builtin
from ..training_state import build_optimizer
from .hdf5 import Hdf5Reader

_OLD_LAYERS = "_layer_checkpoint_dependencies"  # what Keras 2.12 calls the list of layers


def parts(model: Any, others: dict[int, list[str]] | None = None) -> Iterator[tuple[str, Any]]:
    """Yields (path, object) of the model, its layers and its optimizer, each once, in Keras's order.

    Args:
        model: the model.
        others: gets {id of an object: its other paths}.
    """
    yield from _parts_of(model, "", set(), {} if others is None else others)


def _parts_of(part: Any, path: str, seen: set[int], others: dict[int, list[str]]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        others.setdefault(id(part), []).append(path)
        return
    seen.add(id(part))
    yield path, part
    for name, value in _attributes(part):
        yield from _parts_in(value, f"{path}/{name}" if path else name, seen, others)


def _parts_in(value: Any, path: str, seen: set[int], others: dict[int, list[str]]) -> Iterator[tuple[str, Any]]:
    if _has_state(value):
        yield from _parts_of(value, path, seen, others)
    elif isinstance(value, (list, tuple, dict)):
        used: dict[str, int] = {}
        for item in value.values() if isinstance(value, dict) else value:
            # Not the layer's name, which differs between equal models.
            name = _name_in_files(item) if _has_state(item) else "container"
            if not _has_state(item) and (not isinstance(item, (list, tuple, dict)) or id(item) in seen):
                continue
            if name == "container":
                seen.add(id(item))
            count = used[name] = used.get(name, -1) + 1
            yield from _parts_in(item, f"{path}/{name}_{count}" if count else f"{path}/{name}", seen, others)


def _name_in_files(item: Any) -> str:
    """The class's name in snake case, or what the class says instead."""
    return getattr(type(item), "name_in_files", None) or to_snake_case(type(item).__name__)


def _has_state(value: Any) -> bool:
    return hasattr(value, "save_own_variables") and not isinstance(value, type)


def _attributes(part: Any) -> Iterator[tuple[str, Any]]:
    """Yields (name, value) of the attributes that can hold layers."""
    graph = find_builtin("netlet.models", "Functional", function=False)
    sequential = find_builtin("netlet.models", "Sequential", function=False)
    if isinstance(part, (graph, sequential)):
        yield "layers", part.layers
    skipped = _attributes_of_base(isinstance(part, find_builtin("netlet.layers", "Layer", function=False)))
    for name in sorted(dir(part), key=lambda name: f"~{name}" if name.startswith("_") else name):
        if name.startswith("__") or name in skipped:
            continue
        try:
            yield name, getattr(part, name)
        except Exception:  # properties that cannot be read now have no state
            continue


@functools.cache
def _attributes_of_base(layer: bool) -> frozenset[str]:
    if layer:
        return frozenset(dir(find_builtin("netlet.layers", "Layer", function=False)()))
    return frozenset(dir(find_builtin("netlet.optimizers", "Optimizer", function=False)(1.0)))


def collect(model: Any, skip: Iterable[Any] = ()) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Returns {path of a weight in the file: array} and {path of a group: its attributes}, without the parts `skip`."""
    arrays: dict[str, np.ndarray] = {}
    attributes: dict[str, dict[str, Any]] = {}
    skipped = {id(part) for part in skip}
    for path, part in parts(model):
        if id(part) in skipped:
            continue
        group = f"{path}/vars" if path else "vars"
        if isinstance(getattr(part, "name", None), str):
            attributes[group] = {"name": part.name}
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        arrays.update({f"{group}/{key}": np.asarray(value) for key, value in store.items()})
    return arrays, attributes


def _paths_in_file(model: Any, reader: Hdf5Reader) -> list[tuple[str, Any]]:
    """`parts` with the paths that a file has: another model may have given one of its layers more attributes."""
    others: dict[int, list[str]] = {}
    found = list(parts(model, others))
    renamed: dict[str, str] = {}
    for path, part in found:
        if path and path not in reader.groups:
            known = [other for other in others.get(id(part), ()) if other in reader.groups]
            renamed.update({path: known[0]} if known else {})
    if not renamed:
        return found

    def in_file(path: str) -> str:
        for old, new in renamed.items():
            if path == old or path.startswith(f"{old}/"):
                return new + path[len(old) :]
        return path

    return [(in_file(path), part) for path, part in found]


class Store(Mapping[str, np.ndarray]):
    """The arrays that a file holds for one layer or optimizer; an array is read when it is looked up.

    Args:
        reader: the file.
        path: the layer's path.
    """

    def __init__(self, reader: Hdf5Reader, path: str) -> None:
        self._reader = reader
        self._group = f"{path}/vars" if path else "vars"
        if self._group not in reader.groups:
            self._group = self._group.replace("layers", _OLD_LAYERS)
        self._keys = [str(key) for key in reader.groups.get(self._group, ())]

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self._keys:
            raise KeyError(key)
        return self._reader.read(f"{self._group}/{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def spec(self, key: str) -> tuple[str, tuple[int, ...]]:
        """(dtype, shape) of an array, without reading it. KeyError if it does not exist."""
        return self._reader.spec(f"{self._group}/{key}")


def load_state(
    model: Any,
    reader: Hdf5Reader,
    skip_mismatch: bool = False,
    skip: Iterable[Any] = (),
    document: Mapping[str, Any] | None = None,
) -> None:
    """Sets the weights of a model, and the state of its optimizer if the file has it.

    Everything is checked before the first weight changes, except in layers with a `load_own_variables` of their own.

    Args:
        model: a built model.
        reader: the file.
        skip_mismatch: whether to skip layers that do not fit, with a warning, instead of raising.
        skip: objects to leave unchanged.
        document: what `training_document` returned for the saved model, if the file has it.

    Raises:
        ValueError: the first layer that does not fit the file.
    """
    chosen: list[tuple[str, Any, Store]] = []
    skipped = {id(part) for part in skip}
    base = find_builtin("netlet.layers", "Layer", function=False)
    known = set()
    for path, part in _paths_in_file(model, reader):
        known.add(f"{path}/vars" if path else "vars")
        if id(part) in skipped:
            continue
        store = Store(reader, path)
        problem = None
        if not isinstance(part, base):
            problem = _optimizer_problem(part, store, model, document or {})
            if problem:
                warnings.warn(f"The state of optimizer '{part.name}' was not loaded: {problem}", stacklevel=3)
        elif type(part).load_own_variables is base.load_own_variables:
            problem = _problem(part._all_own_variables(), store)
            if problem and not skip_mismatch:
                raise ValueError(f"Layer '{part.name}' ('{path}' in the file): {problem}")
            if problem:
                warnings.warn(f"Layer '{part.name}' ('{path}' in the file) is unchanged: {problem}", stacklevel=3)
        if problem is None and (len(store) or isinstance(part, base)):
            chosen.append((path, part, store))
    if not skip_mismatch:
        _check_all_layers_known(reader, known)
    for path, part, store in chosen:
        try:
            part.load_own_variables(store)
        except (ValueError, KeyError, TypeError) as error:
            text = f"Layer '{part.name}' ('{path}' in the file): {error}"
            if not skip_mismatch:
                raise ValueError(text) from error
            warnings.warn(f"{text} It may be unchanged.", stacklevel=3)


def _problem(variables: list[Any], store: Store) -> str | None:
    """Why the arrays "0", "1", ... of a store do not fit the variables; None if they do."""
    keys = [str(i) for i in range(len(store))]
    if sorted(keys) != sorted(store):
        return f"expected weights '0' to '{len(variables) - 1}', the file has {sorted(store)}."
    return mismatch(variables, [store.spec(key) for key in keys])


def _optimizer_problem(optimizer: Any, store: Store, model: Any, document: Mapping[str, Any]) -> str | None:
    """As `_problem`, for an optimizer, which is built if the file has more state than an unbuilt one."""
    if not len(store):
        return None
    if not optimizer.built and len(store) > len(optimizer.variables):
        build_optimizer(document, model, optimizer)
    return _problem(optimizer.variables, store)


def _check_all_layers_known(reader: Hdf5Reader, known: set[str]) -> None:
    """Raises ValueError if the file has weights of a layer that the model does not have."""
    for path in reader.arrays:
        group = path.rsplit("/", 1)[0].replace(_OLD_LAYERS, "layers")
        if group.startswith("layers/") and group not in known:
            layer = group.removesuffix("/vars")
            raise ValueError(f"The file has weights of the layer '{layer}', which the model does not have.")
