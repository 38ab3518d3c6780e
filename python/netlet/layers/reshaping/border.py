"""The argument of padding and cropping layers: how much at each end of each axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netlet.ops.windows import per_axis


def border(value: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """(before, after) of each axis, from an integer, an integer an axis, or a pair an axis."""
    if rank == 1:
        low, high = per_axis(value, 2, name, least=0)
        return ((low, high),)
    if not isinstance(value, Iterable):
        value = (value,) * rank
    given = tuple(value)
    if len(given) != rank:
        raise ValueError(f"{name} is an integer, or a tuple of {rank} integers or pairs; given {value!r}.")
    pairs = [per_axis(v, 2, f"{name}, entry {i}", least=0) for i, v in enumerate(given)]
    return tuple((low, high) for low, high in pairs)
