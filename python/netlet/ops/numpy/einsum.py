"""Sums of products in Einstein's notation, as transposes and batched matrix products."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op, shape_of
from .matrices import diagonal
from .products import matmul

__all__ = ["einsum"]


@op
def einsum(subscripts: str, *operands: Any) -> Any:
    """Sum of products in Einstein's notation, over the labels that are not in the result.

    Operands are combined from left to right, two at a time. Labels of both that the result has are the batch of a
    matrix product; labels of both that it has not are summed by it.

    Args:
        subscripts: labels of each operand, e.g. "ij,jk->ik"; "..." stands for axes that broadcast. Without "->" the
            result has the labels that occur once, in alphabetical order.
        *operands: arrays or Tensors, one for each part of the subscripts.

    Returns:
        Tensor with one axis for each label of the result.

    Raises:
        ValueError: subscripts that do not fit the operands.
        TypeError: subscripts is not a string.

    >>> einsum("ij,jk->ik", np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[1., 2.],
           [3., 4.]])
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"ops.einsum: expected subscripts such as 'ij,jk->ik', received {subscripts!r}.")
    labels, result = _parse(subscripts, [len(shape_of(x)) for x in operands])
    extents: dict[str, int] = {}
    for names, x in zip(labels, operands, strict=True):
        for name, n in zip(names, shape_of(x), strict=True):
            if extents.setdefault(name, n) in (1, n):
                extents[name] = n if extents[name] == 1 else extents[name]
            elif n != 1:
                raise ValueError(
                    f"ops.einsum: expected one size of '{name}' in {subscripts!r}, received {extents[name]} and {n}."
                )
    terms = [_prepared(x, names, extents) for names, x in zip(labels, operands, strict=True)]
    value, names = terms[0]
    for i, (other, other_names) in enumerate(terms[1:], 1):
        wanted = set(result).union(*(n for _, n in terms[i + 1 :]))
        value, names = _join(value, names, other, other_names, wanted, extents)
    value, names = _summed(value, names, set(result))
    return value if names == result else _core.transpose(value, [names.index(n) for n in result])


def _parse(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with "..." replaced by unused letters."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(ranks):
        raise ValueError(f"ops.einsum: expected {len(parts)} operands for {subscripts!r}, received {len(ranks)}.")
    free = [c for c in string.ascii_letters if c not in text]
    unnamed = [rank - len(p.replace("...", "")) if "..." in p else 0 for p, rank in zip(parts, ranks, strict=True)]
    dots = "".join(free[: max(unnamed)])

    def spell(part: str, count: int) -> str:
        return part.replace("...", dots[len(dots) - count :], 1)

    labels = [spell(p, count) for p, count in zip(parts, unnamed, strict=True)]
    if not arrow:  # labels that occur once, in alphabetical order
        right = ("..." if dots else "") + "".join(sorted(c for c in set(left) - {",", "."} if left.count(c) == 1))
    result = spell(right, len(dots))
    for names, rank in zip(labels, ranks, strict=True):
        if len(names) != rank or not all(c in string.ascii_letters for c in names):
            raise ValueError(f"ops.einsum: {subscripts!r} does not fit operands of ranks {ranks}.")
    if len(set(result)) != len(result) or not set(result) <= set("".join(labels)):
        raise ValueError(f"ops.einsum: the result of {subscripts!r} names a label twice, or one of no operand.")
    return labels, result


def _prepared(x: Any, names: str, extents: dict[str, int]) -> tuple[Any, str]:
    """x with the axes of a repeated label replaced by their diagonal, and broadcast axes at full size."""
    wide = tuple(extents[n] for n in names)
    if shape_of(x) != wide:
        x = _core.broadcast_to(x, wide)
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = diagonal(x, 0, first, second)
            names = "".join(n for i, n in enumerate(names) if i not in (first, second)) + name
    return x, names


def _summed(x: Any, names: str, wanted: set[str]) -> tuple[Any, str]:
    """x summed over the labels that are not wanted."""
    gone = [i for i, n in enumerate(names) if n not in wanted]
    return (_core.sum(x, gone), "".join(n for n in names if n in wanted)) if gone else (x, names)


def _ordered(x: Any, names: str, order: str) -> Any:
    """x with its axes in the order of the labels in `order`."""
    return x if names == order else _core.transpose(x, [names.index(n) for n in order])


def _join(a: Any, a_names: str, b: Any, b_names: str, wanted: set[str], extents: dict[str, int]) -> tuple[Any, str]:
    """The product of two terms, summed over the labels that no later term and the result need."""
    a, a_names = _summed(a, a_names, wanted | set(b_names))
    b, b_names = _summed(b, b_names, wanted | set(a_names))
    both = [n for n in a_names if n in b_names]
    batch = "".join(n for n in both if n in wanted)
    inner = "".join(n for n in both if n not in wanted)
    rows = "".join(n for n in a_names if n not in both)
    columns = "".join(n for n in b_names if n not in both)

    def extent(names: str) -> tuple[int, ...]:
        return tuple(extents[n] for n in names)

    def count(names: str) -> int:
        return int(np.prod(extent(names), dtype=np.int64))

    names = batch + rows + columns
    if not inner or not (rows or columns):  # no sum, or a dot product: a matrix product would not be faster
        a_shape = extent(batch + rows) + (1,) * len(columns) + extent(inner)
        b_shape = extent(batch) + (1,) * len(rows) + extent(columns + inner)
        a = _core.reshape(_ordered(a, a_names, batch + rows + inner), a_shape)
        b = _core.reshape(_ordered(b, b_names, batch + columns + inner), b_shape)
        return _summed(_core.multiply(a, b), names + inner, set(names))
    a = _core.reshape(_ordered(a, a_names, batch + rows + inner), (*extent(batch), count(rows), count(inner)))
    b = _core.reshape(_ordered(b, b_names, batch + inner + columns), (*extent(batch), count(inner), count(columns)))
    return _core.reshape(matmul(a, b), extent(names)), names
