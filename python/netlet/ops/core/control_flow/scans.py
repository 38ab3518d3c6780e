"""Scans: loops along an axis that carry a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine import graph

from ..dispatch import op
from .arguments import as_tensors, check_callable, check_same, result_of
from .stacking import empty_results, one_slice, size_of, slices, stacked

__all__ = ["associative_scan", "scan"]


@op
def scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> Any:
    """Calls `f(carry, x)` for each slice x of `xs` along its first axis; f returns (next carry, output).

    A recorded step holds each iteration.

    Args:
        f: function of the carry and of a slice of `xs`; returns a pair.
        init: structure of tensors, the first carry; each carry has its structure and shapes.
        xs: structure of tensors (length, ...); None (the default): f receives None.
        length: number of calls; None (the default): taken from `xs`.
        reverse: whether to begin with the last slice; False by default. The outputs remain in the order of `xs`.
        unroll: a positive integer or a bool; accepted for compatibility with Keras, without effect.

    Returns:
        (last carry, outputs stacked along a new first axis).

    Raises:
        TypeError: f is not callable.
        ValueError: neither `xs` nor `length`, sizes that differ, a result that is not a pair, another carry.

    >>> carry, sums = scan(lambda c, x: (c + x, c + x), 0, [1, 2, 3])
    >>> carry.item(), sums.tolist()
    (6, [1, 3, 6])
    """
    check_callable("scan", "f", f)
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"ops.scan: expected `unroll` to be a positive integer or a bool, received {unroll!r}.")
    if graph.is_symbolic((init, xs)):
        return graph.symbolic_op(scan, (f, init, xs), {"length": length, "reverse": reverse, "unroll": unroll})
    carry = as_tensors(init)
    xs = _stacks(xs)
    count = _count(xs, length)
    if count == 0:
        parts = one_slice(xs)
        return carry, empty_results(lambda c, x: _pair(f, c, x)[1], carry, parts)
    outputs: list[Any] = []
    for x in slices(xs, count)[:: -1 if reverse else 1]:
        new, y = _pair(f, carry, x)
        check_same("scan", "a carry", carry, new)
        carry = new
        outputs.append(y)
    return carry, stacked("scan", outputs[:: -1 if reverse else 1])


def _stacks(xs: Any) -> Any:
    """A structure of stacked slices as Tensors. A list of numbers is one of them, as for other ops."""
    if isinstance(xs, list) and xs and all(isinstance(x, (int, float)) for x in xs):
        return as_tensors(_core.as_tensor(xs))
    return as_tensors(xs)


def _count(xs: Any, length: int | None) -> int:
    if all(leaf is None for leaf in tree.flatten(xs)):
        if length is None:
            raise ValueError("ops.scan: expected `xs` or `length`, received neither.")
        return int(length)
    count = size_of("scan", xs)
    if length is not None and int(length) != count:
        raise ValueError(f"ops.scan: expected length={count}, the size of the first axis of xs, received {length}.")
    return count


def _pair(f: Callable[[Any, Any], Any], carry: Any, x: Any) -> tuple[Any, Any]:
    result = result_of("scan", f, carry, x)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(f"ops.scan: expected f to return (carry, output), received {type(result).__name__}.")
    return result[0], result[1]


@op
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """The results of combining the first 1, 2, 3, ... elements along an axis by an associative function.

    It calls f about 2 log2(n) times on many elements at once (Blelloch 1990, "Prefix Sums and Their Applications").

    Args:
        f: function of two structures like `elems`, which it combines element by element along the axis.
        elems: structure of tensors, all with the same size of the axis.
        reverse: whether to begin with the last element; False by default.
        axis: 0 by default.

    Returns:
        Structure like `elems`: at position k, the combination of the elements up to k.

    Raises:
        TypeError: f is not callable.
        ValueError: sizes of the axis that differ, or f returns another structure or other shapes.

    >>> associative_scan(lambda a, b: a + b, [1, 2, 3, 4]).tolist()
    [1, 3, 6, 10]
    """
    check_callable("associative_scan", "f", f)
    if graph.is_symbolic(elems):
        return graph.symbolic_op(associative_scan, (f, elems), {"reverse": reverse, "axis": axis})
    if isinstance(elems, list) and elems and all(isinstance(e, list) for e in elems):
        elems = [_core.as_tensor(e) for e in elems]
    tensors = _stacks(elems)
    count = size_of("associative_scan", tensors, axis)
    leaves = tree.flatten(tensors)
    axes = [axis % len(leaf.shape) for leaf in leaves]
    if reverse:
        leaves = [_core.flip(leaf, [a]) for leaf, a in zip(leaves, axes, strict=True)]

    def combine(a: list[Any], b: list[Any]) -> list[Any]:
        first = tree.pack_like(tensors, a)
        result = result_of("associative_scan", f, first, tree.pack_like(tensors, b))
        check_same("associative_scan", "a result of f", first, result)
        return tree.flatten(result)

    found = _prefixes(combine, leaves, axes, count)
    if reverse:
        found = [_core.flip(leaf, [a]) for leaf, a in zip(found, axes, strict=True)]
    return tree.pack_like(tensors, found)


def _prefixes(
    combine: Callable[[list[Any], list[Any]], list[Any]], leaves: list[Any], axes: list[int], count: int
) -> list[Any]:
    """The prefixes of `count` elements.

    Those that end at odd positions are the prefixes of the pairs of neighbours; the others are one of these and one
    more element.
    """
    if count < 2:
        return leaves

    def part(leaves: list[Any], first: int, end: int, step: int = 1) -> list[Any]:
        return [
            _core.getitem(x, (*[slice(None)] * a, slice(first, end, step))) for x, a in zip(leaves, axes, strict=True)
        ]

    pairs = count // 2
    odd = _prefixes(combine, combine(part(leaves, 0, 2 * pairs, 2), part(leaves, 1, count, 2)), axes, pairs)
    even = part(leaves, 0, 1)
    if count > 2:
        rest = combine(part(odd, 0, (count - 1) // 2), part(leaves, 2, count, 2))
        even = [_core.concatenate([x, y], a) for x, y, a in zip(even, rest, axes, strict=True)]
    return [_interleaved(x, y, a, pairs) for x, y, a in zip(even, odd, axes, strict=True)]


def _interleaved(even: Any, odd: Any, axis: int, pairs: int) -> Any:
    """even[0], odd[0], even[1], odd[1], ... along the axis; `even` may have one element more."""
    whole = tuple(slice(None) for _ in range(axis))
    shape = list(odd.shape)
    shape[axis] = 2 * pairs
    both = _core.reshape(_core.stack([_core.getitem(even, (*whole, slice(0, pairs))), odd], axis + 1), shape)
    if even.shape[axis] == pairs:
        return both
    return _core.concatenate([both, _core.getitem(even, (*whole, slice(pairs, pairs + 1)))], axis)
