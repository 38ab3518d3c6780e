"""Sums of products in Einstein's notation, as transposes and batched matrix products."""

from __future__ import annotations

import itertools
import math
import string
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import nearest_dtype, op, shape_of
from .matrices import diagonal
from .products import matmul

__all__ = ["einsum"]


@op
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Sum of products in Einstein's notation, over the labels that are not in the result.

    Operands are combined two at a time. Labels of both that the result has are the batch of a matrix product; labels of
    both that it has not are summed by it. The order of three or more operands is that of the fewest multiplications:
    of all orders for up to five operands; beyond, the cheapest pair is next.

    Args:
        subscripts: labels of each operand, e.g. "ij,jk->ik"; "..." stands for axes that broadcast. Without "->" the
            result has the labels that occur once, in alphabetical order.
        *operands: arrays or Tensors, one for each part of the subscripts.
        **kwargs: `optimize=False` combines the operands from left to right.

    Returns:
        Tensor with one axis for each label of the result.

    Raises:
        ValueError: subscripts that do not fit the operands.
        TypeError: subscripts is not a string, or another keyword.

    >>> einsum("ij,jk->ik", np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([[1., 2.],
           [3., 4.]])
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"ops.einsum: expected subscripts such as 'ij,jk->ik', received {subscripts!r}.")
    if unknown := set(kwargs) - {"optimize"}:
        raise TypeError(f"ops.einsum: there is no argument {sorted(unknown)[0]!r}.")
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
    for i, j in _order([set(names) for _, names in terms], set(result), extents, bool(kwargs.get("optimize", True))):
        first, second = terms[i], terms[j]
        terms = [t for k, t in enumerate(terms) if k not in (i, j)]
        wanted = set(result).union(*(names for _, names in terms))
        terms.append(_join(*first, *second, wanted, extents))
    value, names = _summed(*terms[0], set(result))
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


def _joined(terms: list[set[str]], i: int, j: int, result: set[str]) -> list[set[str]]:
    """The labels of all terms after a product of two of them, which comes last."""
    rest = [t for k, t in enumerate(terms) if k not in (i, j)]
    return [*rest, (terms[i] | terms[j]) & result.union(*rest)]


def _cheapest(terms: list[set[str]], result: set[str], extents: dict[str, int]) -> tuple[int, list[tuple[int, int]]]:
    """The number of multiplications of the best order of products, and the order."""
    if len(terms) < 2:
        return 0, []
    best: tuple[int, list[tuple[int, int]]] | None = None
    for i, j in itertools.combinations(range(len(terms)), 2):
        cost = math.prod(extents[n] for n in terms[i] | terms[j])
        if best is None or cost < best[0]:
            further, order = _cheapest(_joined(terms, i, j, result), result, extents)
            if best is None or cost + further < best[0]:
                best = cost + further, [(i, j), *order]
    assert best is not None
    return best


def _order(terms: list[set[str]], result: set[str], extents: dict[str, int], optimize: bool) -> list[tuple[int, int]]:
    """The pairs of terms to multiply, one after the other. A product takes its place behind the other terms."""
    if len(terms) < 3:
        return [(0, 1)] * (len(terms) - 1)
    if not optimize:
        return [(0, 1), *((n - 1, 0) for n in range(len(terms) - 1, 1, -1))][: len(terms) - 1]
    order: list[tuple[int, int]] = []
    while len(terms) > 5:
        sizes = {n: math.prod(extents[c] for c in t) for n, t in enumerate(terms)}

        def cost(
            pair: tuple[int, int], terms: list[set[str]] = terms, sizes: dict[int, int] = sizes
        ) -> tuple[int, int]:
            i, j = pair
            made = math.prod(extents[n] for n in _joined(terms, i, j, result)[-1])
            return made - sizes[i] - sizes[j], math.prod(extents[n] for n in terms[i] | terms[j])

        pair = min(itertools.combinations(range(len(terms)), 2), key=cost)
        order.append(pair)
        terms = _joined(terms, *pair, result)
    return order + _cheapest(terms, result, extents)[1]


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
    if gone and nearest_dtype(x) == "int8":
        x = _core.cast(x, "int32")  # as matmul does
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
        if nearest_dtype(a) == nearest_dtype(b) == "int8":
            a = _core.cast(a, "int32")
        return _summed(_core.multiply(a, b), names + inner, set(names))
    a = _core.reshape(_ordered(a, a_names, batch + rows + inner), (*extent(batch), count(rows), count(inner)))
    b = _core.reshape(_ordered(b, b_names, batch + inner + columns), (*extent(batch), count(inner), count(columns)))
    return _core.reshape(matmul(a, b), extent(names)), names
