"""Nested structures: leaves in lists, tuples and dicts (those of dicts in the order of sorted keys, as in Keras)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """Returns the list of leaves.

    >>> flatten({"b": 1, "a": [2, (3, None)]})
    [2, 3, None, 1]
    """
    return list(_leaves(structure))


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        for key in sorted(structure):
            yield from _leaves(structure[key])
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from _leaves(item)
    else:
        yield structure


def is_nested(structure: Any) -> bool:
    """Whether it is a list, tuple or dict, and not a leaf."""
    return isinstance(structure, (list, tuple, dict))


def paths(structure: Any) -> list[tuple[Any, ...]]:
    """Returns the keys and indices that lead to each leaf, in the order of `flatten`.

    >>> paths({"b": 1, "a": [2, (3, None)]})
    [('a', 0), ('a', 1, 0), ('a', 1, 1), ('b',)]
    """
    if isinstance(structure, dict):
        items: Any = ((key, structure[key]) for key in sorted(structure))
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return [()]
    return [(key, *path) for key, part in items for path in paths(part)]


def map_structure(fn: Callable[[Any], Any], structure: Any) -> Any:
    """Returns the same structure with fn applied to each leaf.

    >>> map_structure(lambda v: v + 1, {"a": [1, (2,)]})
    {'a': [2, (3,)]}
    """
    if isinstance(structure, dict):
        return {key: map_structure(fn, value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        items = [map_structure(fn, item) for item in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    if isinstance(structure, list):
        return [map_structure(fn, item) for item in structure]
    return fn(structure)


def pack_like(structure: Any, leaves: list[Any]) -> Any:
    """Returns the structure with its leaves replaced by `leaves`, in the order of `flatten`.

    >>> pack_like({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    remaining = iter(leaves)

    def pack(part: Any) -> Any:
        if isinstance(part, dict):
            values = {key: pack(part[key]) for key in sorted(part)}
            return {key: values[key] for key in part}
        if isinstance(part, tuple):
            return tuple(pack(item) for item in part)
        if isinstance(part, list):
            return [pack(item) for item in part]
        return next(remaining)

    return pack(structure)


def is_shape(value: Any) -> bool:
    """Whether value is one shape: a tuple or list of integers and None."""
    return isinstance(value, (tuple, list)) and all(d is None or isinstance(d, int) for d in value)


def map_shapes(fn: Callable[[tuple[int | None, ...]], Any], structure: Any) -> Any:
    """Returns the same structure with fn applied to each shape, as a tuple."""
    if is_shape(structure):
        return fn(tuple(structure))
    if isinstance(structure, dict):
        return {key: map_shapes(fn, value) for key, value in structure.items()}
    return type(structure)(map_shapes(fn, item) for item in structure)
