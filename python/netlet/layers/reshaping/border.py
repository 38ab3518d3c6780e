"""Parses the argument of padding and cropping layers: the amount at both ends of each axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netlet.ops.spatial.windows import per_axis


def border(value: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """Returns (before, after) for each axis, from an integer, or one integer or pair for each axis.

    Raises:
        ValueError: another type, the wrong length, or a negative integer.
    """
    if rank == 1:
        low, high = per_axis(value, 2, name, least=0)
        return ((low, high),)
    if not isinstance(value, Iterable):
        value = (value,) * rank
    given = tuple(value)
    if len(given) != rank:
        raise ValueError(f"{name}: expected an integer, or a tuple of {rank} integers or pairs, received {value!r}.")
    pairs = [per_axis(v, 2, f"{name}, entry {i}", least=0) for i, v in enumerate(given)]
    return tuple((low, high) for low, high in pairs)
