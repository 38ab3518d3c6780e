"""Nested structures: leaves in lists, tuples, named tuples, deques and dicts. None is a leaf.

Those of a dict are in the order of its sorted keys, those of an OrderedDict in its own order, as in Keras.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any


def is_nested(structure: Any) -> bool:
    """Whether it is a list, tuple, deque or dict, and not a leaf.

    Args:
        structure: anything.

    Returns:
        bool.

    >>> is_nested([1]), is_nested({}), is_nested("leaf"), is_nested(None)
    (True, True, False, False)
    """
    return isinstance(structure, (dict, list, tuple, deque))


def keys_of(structure: Any) -> Any:
    """Returns the keys of a dict, or the indices of a sequence, in the order of `flatten`."""
    if isinstance(structure, dict):
        return structure if isinstance(structure, OrderedDict) else sorted(structure)
    return range(len(structure))


def rebuilt(structure: Any, parts: list[Any]) -> Any:
    """Returns a container of the same type with other parts.

    Args:
        structure: a list, tuple, deque or dict.
        parts: one for each of `keys_of(structure)`.
    """
    if isinstance(structure, dict):
        by_key = dict(zip(keys_of(structure), parts, strict=True))
        items = {key: by_key[key] for key in structure}
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, items)
        return OrderedDict(items) if isinstance(structure, OrderedDict) else items
    if isinstance(structure, tuple):
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    return deque(parts, structure.maxlen) if isinstance(structure, deque) else parts


def flatten(structure: Any) -> list[Any]:
    """Returns the list of leaves, depth first; None is a leaf.

    Args:
        structure: nested lists, tuples, named tuples, deques and dicts, or one leaf. Dicts are read in the order of
            their sorted keys, OrderedDicts in their own order.

    Returns:
        list of the leaves.

    >>> flatten({"b": 1, "a": [2, (3, None)]})
    [2, 3, None, 1]
    """
    return list(_leaves(structure))


def _leaves(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        for key in keys_of(structure):
            yield from _leaves(structure[key])
    elif is_nested(structure):
        for item in structure:
            yield from _leaves(item)
    else:
        yield structure


def paths(structure: Any) -> list[tuple[Any, ...]]:
    """Returns the keys and indices that lead to each leaf, in the order of `flatten`.

    >>> paths({"b": 1, "a": [2, (3, None)]})
    [('a', 0), ('a', 1, 0), ('a', 1, 1), ('b',)]
    """
    if not is_nested(structure):
        return [()]
    return [(key, *path) for key in keys_of(structure) for path in paths(structure[key])]


def map_structure(fn: Callable[[Any], Any], structure: Any) -> Any:
    """Returns the same structure with fn applied to each leaf.

    >>> map_structure(lambda v: v + 1, {"a": [1, (2,)]})
    {'a': [2, (3,)]}
    """
    if not is_nested(structure):
        return fn(structure)
    return rebuilt(structure, [map_structure(fn, structure[key]) for key in keys_of(structure)])


def pack_like(structure: Any, leaves: list[Any]) -> Any:
    """Returns the structure with its leaves replaced by `leaves`, in the order of `flatten`.

    >>> pack_like({"b": 0, "a": [0, 0]}, [1, 2, 3])
    {'b': 3, 'a': [1, 2]}
    """
    remaining = iter(leaves)
    return map_structure(lambda leaf: next(remaining), structure)


def is_shape(value: Any) -> bool:
    """Whether value is one shape: a tuple or list of integers and None."""
    return isinstance(value, (tuple, list)) and all(d is None or isinstance(d, int) for d in value)


def map_shapes(fn: Callable[[tuple[int | None, ...]], Any], structure: Any) -> Any:
    """Returns the same structure with fn applied to each shape, as a tuple."""
    if is_shape(structure):
        return fn(tuple(structure))
    return rebuilt(structure, [map_shapes(fn, structure[key]) for key in keys_of(structure)])
