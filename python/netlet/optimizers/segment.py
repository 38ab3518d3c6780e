"""Segments: the trainable variables of a model, one after another in one block of memory.

An optimizer then updates all of them by one kernel, and their gradients, written side by side into a second block, are
clipped, accumulated and exchanged as one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.variable import Variable

ALIGNMENT = 16  # elements: each variable begins on a cache line; the gap is zeros, which every update leaves zero


LEAST_TABLE = 65536  # elements: below, one pass over all rows costs less than looking for those that matter


class Segment:
    """One block of `size` elements of one dtype for parameters, and one for their gradients."""

    def __init__(self, dtype: str, size: int) -> None:
        self.dtype, self.size = dtype, size
        self.params, self.grads = self.zeros(), self.zeros()
        self._written: dict[int, _core.RowMap] = {}  # by where a table begins: the rows of its gradient that are not 0

    def zeros(self) -> _core.Tensor:
        """A new block of this size: slots of an optimizer."""
        return _core.tensor(np.zeros(self.size, self.dtype))

    def written(self, begin: int, rows: int) -> _core.RowMap:
        """The map of rows of the table's gradient that begins there."""
        if begin not in self._written:
            self._written[begin] = _core.RowMap(rows, unknown=1, of=[self.grads])
        return self._written[begin]

    def view(self, block: _core.Tensor, begin: int, shape: Sequence[int]) -> _core.Tensor:
        return _core.view(block, tuple(shape), begin * np.dtype(self.dtype).itemsize)


@dataclass(frozen=True)
class Place:
    """Where a variable lies in its segment."""

    segment: Segment
    begin: int
    size: int
    rows: int = 0  # of a table whose gradient keeps to few rows, else 0
    path: str = ""  # the variable's

    @property
    def end(self) -> int:
        """Where the next variable begins."""
        return _aligned(self.begin + self.size)

    def of(self, block: _core.Tensor, shape: Sequence[int]) -> _core.Tensor:
        return self.segment.view(block, self.begin, shape)


def _aligned(n: int) -> int:
    return -(-n // ALIGNMENT) * ALIGNMENT


def place(variables: Sequence[Variable]) -> list[Place]:
    """Where each variable lies; those that lie nowhere yet are moved into new segments, one for each dtype."""
    loose: dict[str, list[Variable]] = {}
    for v in variables:
        known: Place | None = v._place
        if known is None or known.of(known.segment.params, v.shape).address != v._tensor.address:
            loose.setdefault(v.dtype, []).append(v)
    for dtype, members in loose.items():
        sizes = [int(np.prod(v.shape, dtype=np.int64)) for v in members]
        segment = Segment(dtype, sum(_aligned(n) for n in sizes))
        begin = 0
        for v, n in zip(members, sizes, strict=True):
            at = v._place = Place(segment, begin, n, v.shape[0] if v.by_rows and n >= LEAST_TABLE else 0, v.path)
            v._rebind(at.of(segment.params, v.shape))
            begin = at.end
    return [v._place for v in variables]


@dataclass
class Run:
    """Variables that one kernel call updates: neighbours in a segment, with gradients that are neighbours too."""

    places: list[Place]
    gradient: _core.Tensor  # of as many elements as `extent`
    decays: bool  # whether weight decay is theirs

    @property
    def path(self) -> str:
        """The first variable's."""
        return self.places[0].path

    @property
    def extent(self) -> int:
        first, last = self.places[0], self.places[-1]
        return last.end - first.begin if len(self.places) > 1 else first.size

    def of(self, block: _core.Tensor) -> _core.Tensor:
        """This run's part of a block: parameters or slots."""
        first = self.places[0]
        return first.segment.view(block, first.begin, (self.extent,))


def runs(items: Sequence[tuple[Place, _core.Tensor, bool]]) -> list[Run]:
    """Merges (place, gradient, decays) into as few runs as their order in memory allows."""
    found: list[Run] = []
    for at, gradient, decays in sorted(items, key=lambda item: (id(item[0].segment), item[0].begin)):
        own = lies_in_segment(at, gradient)
        last = found[-1] if found else None
        if (
            own
            and last is not None
            and last.decays == decays
            and not (at.rows or last.places[0].rows)
            and last.places[-1].segment is at.segment
            and last.places[-1].end == at.begin
            and lies_in_segment(last.places[-1], None, last.gradient)
        ):
            last.places.append(at)
            last.gradient = last.of(at.segment.grads)
        else:
            found.append(Run([at], gradient, decays))
    return found


def lies_in_segment(at: Place, gradient: _core.Tensor | None, run_gradient: _core.Tensor | None = None) -> bool:
    """Whether a gradient is the segment's own memory for that variable (or a run's gradient reaches its memory)."""
    itemsize = np.dtype(at.segment.dtype).itemsize
    base = at.segment.grads.address
    if gradient is not None:
        return not gradient.recorded and gradient.address == base + at.begin * itemsize
    assert run_gradient is not None
    return not run_gradient.recorded and base <= run_gradient.address < base + at.segment.size * itemsize


def as_gradient(value: Any, variable: Variable) -> _core.Tensor:
    """A gradient as a Tensor of the variable's shape and dtype.

    Raises:
        ValueError: it has another shape.
    """
    tensor = value if isinstance(value, _core.Tensor) else getattr(value, "_tensor", None)
    if tensor is None:
        tensor = _core.as_tensor(np.asarray(value))
    if tuple(tensor.shape) != variable.shape:
        raise ValueError(
            f"The gradient of '{variable.path}' should have shape {variable.shape}; given {tuple(tensor.shape)}."
        )
    return tensor if tensor.dtype == variable.dtype else _core.cast(tensor, variable.dtype)
