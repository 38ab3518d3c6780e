"""Axes reordered, split and merged by a pattern, as in the package einops."""

from __future__ import annotations

import math
import re
from typing import Any

from netlet import _core

from ..core.dispatch import op, shape_of

__all__ = ["rearrange"]

_GROUP = re.compile(r"\(([^()]*)\)|(\.\.\.|\w+)")


def _groups(text: str, pattern: str) -> list[list[str]]:
    """One side of a pattern: for each axis, the names of which it is made."""
    if re.sub(_GROUP, "", text).strip():
        raise ValueError(f"ops.rearrange: expected names, '...' and brackets around names, received {pattern!r}.")
    inside = [inner.replace("...", "(...)").split() for inner, _ in _GROUP.findall(text)]
    found = [
        group if not name else [] if name == "1" else [name] for group, (_, name) in zip(inside, _GROUP.findall(text))
    ]
    names = [n for group in found for n in group]
    if len(set(names)) < len(names):
        raise ValueError(f"ops.rearrange: expected different names on each side of the pattern, received {pattern!r}.")
    return found


@op
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """x with its axes in another order, split or merged by a pattern of their names.

    Args:
        tensor: array or Tensor.
        pattern: names of the axes before and after, e.g. "b h w c -> b (h w) c". An axis "(h w)" is made of others, h
            the slower one; "..." stands for any number of axes, and 1 for an axis of size 1.
        **axes_lengths: sizes of axes that are made by splitting one; one in each bracket may be left out.

    Returns:
        Tensor of the shape that the right side of the pattern names.

    Raises:
        ValueError: a pattern that cannot be read or does not fit the shape.

    >>> import numpy as np
    >>> x = np.zeros((2, 4, 6, 3))
    >>> rearrange(x, "b h w c -> b c h w").shape
    (2, 3, 4, 6)
    >>> rearrange(x, "b (h h1) (w w1) c -> b h w (h1 w1 c)", h1=2, w1=2).shape
    (2, 2, 3, 12)
    """
    if not isinstance(pattern, str) or pattern.count("->") != 1:
        raise ValueError(f"ops.rearrange: expected a pattern such as 'b h w c -> b (h w) c', received {pattern!r}.")
    shape = shape_of(tensor)
    before, after = (_groups(side, pattern) for side in pattern.split("->"))
    before, after = _without_dots(before, after, len(shape))
    if len(before) != len(shape):
        raise ValueError(f"ops.rearrange: {pattern!r} does not fit an input of shape {shape}.")
    names = [n for group in before for n in group]
    if {n for group in after for n in group} != set(names):
        raise ValueError(f"ops.rearrange: expected the same names on both sides, received {pattern!r}.")
    if unknown := set(axes_lengths) - set(names):
        raise ValueError(f"ops.rearrange: {pattern!r} has no axis {sorted(unknown)[0]!r}.")
    sizes: dict[str, int] = {n: int(d) for n, d in axes_lengths.items()}
    for group, n in zip(before, shape):
        free = [name for name in group if name not in sizes]
        known = math.prod(sizes[name] for name in group if name in sizes)
        if len(free) == 1 and known > 0 and n % known == 0:
            sizes[free[0]] = n // known
        elif free or known != n:
            raise ValueError(f"ops.rearrange: the axis of size {n} is not made of {group} with sizes {axes_lengths}.")
    order = [names.index(n) for group in after for n in group]
    split = _core.reshape(tensor, tuple(sizes[n] for n in names))
    moved = _core.transpose(split, order) if order != sorted(order) else split
    return _core.reshape(moved, tuple(math.prod(sizes[n] for n in group) for group in after))


def _without_dots(
    before: list[list[str]], after: list[list[str]], rank: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Both sides with names in place of "..."."""
    if ["..."] not in before:
        return before, after
    extra = [f"...{i}" for i in range(rank - len(before) + 1)]
    at = before.index(["..."])
    before = [*before[:at], *([n] for n in extra), *before[at + 1 :]]
    named: list[list[str]] = []
    for group in after:
        if group == ["..."]:
            named += [[n] for n in extra]
        else:
            named.append([m for n in group for m in (extra if n == "(...)" else [n])])
    return before, named
