"""Functions on nested structures, as `keras.tree`: leaves in lists, tuples, named tuples, deques and dicts.

None is a leaf. The leaves of a dict are in the order of its sorted keys, those of an OrderedDict in its own order.

>>> flatten({"b": 1, "a": [2, (3, None)]})
[2, 3, None, 1]
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from .base.missing import explain_missing
from .base.tree import flatten, is_nested, is_shape, keys_of, pack_like, paths, rebuilt

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What the function of `traverse` returns to replace a part by None.

    A plain None means there that the part stays as it is.

    >>> traverse(lambda part: MAP_TO_NONE if part == 2 else None, [1, 2])
    [1, None]
    """


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Returns the list of (path, leaf), where a path is the tuple of keys and indices that lead to the leaf.

    Args:
        structure: any nested structure.

    >>> flatten_with_path([{"foo": 42}])
    [((0, 'foo'), 42)]
    """
    return list(zip(paths(structure), flatten(structure), strict=True))


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Returns a structure with other leaves, the reverse of `flatten`.

    Args:
        structure: any nested structure; its leaves do not matter.
        flat_sequence: the leaves, in the order of `flatten`.

    Raises:
        TypeError: `flat_sequence` is not iterable.
        ValueError: it has too few or too many leaves.

    >>> pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
    {'b': 3, 'a': (1, 2)}
    """
    leaves, expected = list(flat_sequence), len(flatten(structure))
    if len(leaves) != expected:
        raise ValueError(f"pack_sequence_as: expected {expected} leaves for {structure!r}, received {len(leaves)}.")
    return pack_like(structure, leaves)


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Returns the structure with `func` applied to its leaves, or to those at the same place of several structures.

    Args:
        func: takes as many arguments as there are structures.
        *structures: nested structures that are the same for `assert_same_structure`.
        none_is_leaf: whether `func` is called with None, too; default True. Without it None stays None.

    Returns:
        The results in the first structure.

    Raises:
        TypeError: `func` is not callable.
        ValueError: no structure, or different ones.

    >>> map_structure(lambda x, y: x * y, {"a": [2, 3]}, {"a": [4, 5]})
    {'a': [8, 15]}
    """

    def each(*leaves: Any) -> Any:
        return None if leaves[0] is None and not none_is_leaf else func(*leaves)

    return _map(func, each, structures, deeper=False)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Returns a structure with `func` applied to the parts of others that are at the places of its leaves.

    Args:
        shallow_structure: the nested structure; its leaves do not matter.
        func: takes as many arguments as there are structures.
        *structures: nested structures that are the same down to the leaves of `shallow_structure`.

    Raises:
        TypeError: `func` is not callable.
        ValueError: no structure, or different ones.

    >>> map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]])
    ['[1, 1]', ['2', '2']]
    """
    if not structures:
        raise ValueError("map_structure_up_to: expected at least one structure, received none.")
    return _map(func, lambda shallow, *parts: func(*parts), (shallow_structure, *structures), deeper=True)


def _map(func: Any, each: Callable[..., Any], structures: tuple[Any, ...], deeper: bool) -> Any:
    """Maps the places of the first structure's leaves; the others may be `deeper` there."""
    if not callable(func):
        raise TypeError(f"Expected a callable func, received {func!r}.")
    if not structures:
        raise ValueError("Expected at least one structure, received none.")

    def walk(parts: tuple[Any, ...]) -> Any:
        first = parts[0]
        if not is_nested(first):
            if not deeper and any(map(is_nested, parts)):
                raise _different(parts)
            return each(*parts)
        if any(_kind(part) != _kind(first) for part in parts[1:]):
            raise _different(parts)
        return rebuilt(first, [walk(tuple(part[key] for part in parts)) for key in keys_of(first)])

    return walk(structures)


def _kind(structure: Any) -> Any:
    """Two containers are the same if their kinds are equal: type and length of a sequence, or keys of any dict."""
    if not is_nested(structure):
        return None
    if isinstance(structure, dict):
        return dict, frozenset(structure)
    base = next((t for t in (list, deque) if isinstance(structure, t)), None)
    plain = isinstance(structure, tuple) and not hasattr(structure, "_fields")
    return base or (tuple if plain else type(structure)), len(structure)


def _different(parts: tuple[Any, ...]) -> ValueError:
    """The error for parts at the same place of several structures."""
    shown = [f"{type(part).__name__} {part!r}" for part in parts]
    return ValueError(
        f"The structures don't have the same nested structure: expected the structure of {shown[0]}, "
        f"received {', '.join(shown[1:])}."
    )


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raises an error unless two structures are nested in the same way.

    Lists, tuples, deques and each class of named tuples are different; dicts of any class are the same if their keys
    are.

    Args:
        a: any nested structure.
        b: any nested structure.
        check_types: deprecated, without effect. `assert_same_paths` ignores the types of sequences.

    Raises:
        ValueError: the structures differ.

    >>> assert_same_structure([(0, 1)], [(2, "x")])
    """
    if check_types is not None:
        warnings.warn(
            "The `check_types` argument is deprecated and no longer has any effect. For a check that ignores the types "
            "of sequences, use `assert_same_paths`.",
            DeprecationWarning,
            stacklevel=2,
        )
    map_structure(lambda x, y: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raises an error unless the same keys and indices lead to the leaves of two structures.

    Args:
        a: any nested structure.
        b: any nested structure.

    Raises:
        ValueError: the paths differ. The message lists those that only one structure has.

    >>> assert_same_paths([0, 1], (2, 3))
    """
    ours, theirs = set(paths(a)), set(paths(b))
    if ours != theirs:
        message = "`a` and `b` don't have the same paths."
        for missing, has, lacks in ((ours - theirs, "a", "b"), (theirs - ours, "b", "a")):
            if missing:
                message += f"\nPaths in `{has}` missing in `{lacks}`:\n{missing}"
        raise ValueError(message)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Calls a function with each part of a structure and replaces the parts by what it returns.

    Args:
        func: called with each container and each leaf. Where it returns None the part stays, and the traversal goes on
            into it. Where it returns something else, that replaces the part; `MAP_TO_NONE` stands for None.
        structure: any nested structure.
        top_down: whether a container is visited before its parts; default True. Otherwise `func` receives it with the
            parts replaced already.

    Returns:
        The new structure.

    Raises:
        TypeError: `func` is not callable.

    >>> visited = []
    >>> traverse(visited.append, [(1, 2), {"a": 4}])
    [(1, 2), {'a': 4}]
    >>> visited
    [[(1, 2), {'a': 4}], (1, 2), 1, 2, {'a': 4}, 4]
    """
    if not callable(func):
        raise TypeError(f"traverse: expected a callable func, received {func!r}.")

    def inner(part: Any) -> Any:
        if not is_nested(part):
            return part
        return rebuilt(part, [traverse(func, part[key], top_down) for key in keys_of(part)])

    part = structure if top_down else inner(structure)
    result = func(part)
    if result is None:
        return inner(part) if top_down else part
    return None if result is MAP_TO_NONE else result


def lists_to_tuples(structure: Any) -> Any:
    """Returns the structure with tuples in place of its lists.

    Args:
        structure: any nested structure.

    >>> lists_to_tuples([1, {"a": [2, 3]}])
    (1, {'a': (2, 3)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Returns the structure with `func` applied to each shape in it.

    Args:
        func: called with each tuple or list of integers and None, and with other leaves.
        structure: a nested structure of shapes.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(1, 2, 3)]})
    {'a': 2, 'b': [3]}
    """
    if is_shape(structure) or not is_nested(structure):
        return func(structure)
    return rebuilt(structure, [map_shape_structure(func, structure[key]) for key in keys_of(structure)])


explain_missing(__name__)
