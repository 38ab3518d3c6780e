"""Slices of structures of tensors along an axis, and such slices joined again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine.graph import KerasTensor, infer_spec

from .arguments import as_tensors, check_same


def size_of(name: str, structure: Any, axis: int = 0) -> int:
    """The common size of the axis of all leaves.

    Args:
        name: name of the op, for the message.
        structure: structure of Tensors.
        axis: the axis.

    Raises:
        ValueError: there is no leaf, a leaf has no such axis, or the sizes differ.
    """
    shapes = [tuple(leaf.shape) for leaf in tree.flatten(structure) if leaf is not None]
    if not shapes or any(not -len(s) <= axis < len(s) for s in shapes) or len({s[axis] for s in shapes}) != 1:
        raise ValueError(f"ops.{name}: expected arrays with an axis {axis} of one size, received shapes {shapes}.")
    return int(shapes[0][axis])


def slices(structure: Any, count: int) -> list[Any]:
    """The `count` slices of each leaf along its first axis, which has that size, in the same structure."""

    def parts(leaf: Any) -> list[Any]:
        if leaf is None:
            return [None] * count
        rest = tuple(leaf.shape)[1:]
        return [_core.reshape(part, rest) for part in _core.split(leaf, list(range(1, count)), 0)]

    columns = [parts(leaf) for leaf in tree.flatten(structure)]
    return [tree.pack_like(structure, list(row)) for row in zip(*columns, strict=True)]


def stacked(name: str, results: Sequence[Any]) -> Any:
    """The results stacked along a new first axis.

    Raises:
        ValueError: they differ in structure or shapes.
    """
    for result in results[1:]:
        check_same(name, "results of all calls", results[0], result)
    columns = zip(*(tree.flatten(r) for r in results), strict=True)
    return tree.pack_like(results[0], [None if c[0] is None else _core.stack(list(c), 0) for c in columns])


def empty_results(function: Any, *args: Any) -> Any:
    """The stacked results of no call: the function is tried for its results' shapes.

    Args:
        function: the function.
        *args: for each argument, a structure of Tensors with the shapes and dtypes of one call.
    """
    symbols = [tree.map_structure(lambda t: None if t is None else KerasTensor(t.shape, t.dtype), a) for a in args]
    spec = infer_spec(lambda *a: as_tensors(function(*a)), tuple(symbols), {})
    return tree.map_structure(lambda t: None if t is None else _core.full((0, *t.shape), t.dtype, 0.0), spec)


def one_slice(structure: Any) -> Any:
    """Zeros with the shape of a slice of each leaf, which may have no slices."""
    return tree.map_structure(lambda t: None if t is None else _core.full(tuple(t.shape)[1:], t.dtype, 0.0), structure)
