"""Segments: blocks of memory that hold all trainable variables of a model contiguously.

An optimizer updates a segment with one kernel call. Backward writes the gradients to a second block of the same layout,
so they are clipped and accumulated as one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import numpy as np

from netlet import _core
from netlet.config import HALVES
from netlet.engine.variable import Variable

ALIGNMENT = 16  # elements: each variable begins on a cache line; the padding is zeros, which no update changes

LEAST_TABLE = 65536  # elements: updating all rows of a smaller table costs less than searching for the used ones


class Segment:
    """One block of `size` elements of one dtype for parameters, and one for their gradients.

    Attributes:
        users: the optimizers that update variables in it.
        total: gradients of the same layout that a data-parallel step only reads, and behind them its loss: see
            `sharded`; None without such a step.
    """

    def __init__(self, dtype: str, size: int) -> None:
        self.dtype, self.size = dtype, size
        self.params, self.grads = self.zeros(), self.zeros()
        self.total: _core.Tensor | None = None
        self.users: WeakSet[Any] = WeakSet()
        self._written: dict[
            int, _core.RowMap
        ] = {}  # for the table that begins at the key: which rows of its gradient may differ from 0

    def zeros(self) -> _core.Tensor:
        """Returns a new block of the same layout, for slots of an optimizer."""
        return _core.tensor(np.zeros(self.size, self.dtype))

    def written(self, begin: int, rows: int) -> _core.RowMap:
        """The row map of the gradient of the table that begins at element `begin` and has `rows` rows."""
        if begin not in self._written:
            self._written[begin] = _core.RowMap(rows, unknown=1, of=[self.grads])
        return self._written[begin]

    def forget_rows(self) -> None:
        """Makes plans that are recorded from now on take all rows of the gradients of tables as written."""
        self._written.clear()

    def block_of(self, begin: int, gradient: _core.Tensor) -> _core.Tensor | None:
        """The block of gradients, `grads` or `total`, that has this one at element `begin`; None: neither."""
        if gradient.recorded:
            return None
        address = gradient.address - begin * np.dtype(self.dtype).itemsize
        return next((b for b in (self.grads, self.total) if b is not None and b.address == address), None)

    def view(self, block: _core.Tensor, begin: int, shape: Sequence[int]) -> _core.Tensor:
        return _core.view(block, tuple(shape), begin * np.dtype(self.dtype).itemsize)


@dataclass(frozen=True)
class Place:
    """The position of a variable in its segment.

    Attributes:
        segment: the segment.
        begin: its first element.
        size: its number of elements.
        rows: its number of rows if it is a table whose gradient is 0 except in few rows, else 0.
        path: the variable's path.
    """

    segment: Segment
    begin: int
    size: int
    rows: int = 0
    path: str = ""

    @property
    def end(self) -> int:
        """The element at which the next variable begins."""
        return _aligned(self.begin + self.size)

    def of(self, block: _core.Tensor, shape: Sequence[int]) -> _core.Tensor:
        return self.segment.view(block, self.begin, shape)


def _aligned(n: int) -> int:
    return -(-n // ALIGNMENT) * ALIGNMENT


def place(variables: Sequence[Variable]) -> list[Place]:
    """Returns the position of each variable. Variables without one are moved to new segments, one for each dtype."""
    loose: dict[str, list[Variable]] = {}
    for v in variables:
        if v.dtype in HALVES:
            raise NotImplementedError(
                f"Optimizer: expected float32 or float64 variables, received '{v.path}' of dtype {v.dtype}. To train "
                f'with {v.dtype} computation, use the dtype policy "mixed_{v.dtype}", whose variables are float32.'
            )
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


def release(variables: Sequence[Variable]) -> None:
    """Moves variables out of segments that no optimizer uses any more, so that the segments' memory can be freed.

    Args:
        variables: the variables.
    """
    for v in variables:
        if v._place is not None and not v._place.segment.users:
            v._place = None
            v._rebind(_core.empty(v.shape, v.dtype))


@dataclass
class Run:
    """Variables that one kernel call updates: contiguous in a segment, with contiguous gradients."""

    places: list[Place]
    gradient: _core.Tensor  # (extent,), or the shape of the one variable
    group: Any  # what the variables of a run have in common, see `groups.Group`
    rate: Any = None  # the cell of the learning rate, while the run is updated

    @property
    def path(self) -> str:
        """The path of the first variable."""
        return self.places[0].path

    @property
    def extent(self) -> int:
        """Its number of elements, including padding between variables."""
        first, last = self.places[0], self.places[-1]
        return last.end - first.begin if len(self.places) > 1 else first.size

    def of(self, block: _core.Tensor) -> _core.Tensor:
        """The part of a block (parameters or a slot) that belongs to this run."""
        first = self.places[0]
        return first.segment.view(block, first.begin, (self.extent,))


def runs(items: Sequence[tuple[Place, _core.Tensor, Any]]) -> list[Run]:
    """Merges items (place, gradient, group) of one group that are contiguous in memory, and returns the runs."""
    found: list[Run] = []
    block = None
    for at, gradient, group in sorted(items, key=lambda item: (id(item[0].segment), item[0].begin)):
        before, block = block, at.segment.block_of(at.begin, gradient)
        last = found[-1] if found else None
        if (
            block is not None
            and block is before
            and last is not None
            and last.group == group
            and not (at.rows or last.places[0].rows)
            and last.places[-1].segment is at.segment
            and last.places[-1].end == at.begin
        ):
            last.places.append(at)
            last.gradient = last.of(block)
        else:
            found.append(Run([at], gradient, group))
    return found


def single(items: Sequence[tuple[Place, _core.Tensor, Any]]) -> list[Run]:
    """Returns a run for each item (place, gradient, group). The gradient keeps the shape of the variable."""
    return [Run([at], gradient, group) for at, gradient, group in items]


def lies_in_segment(at: Place, gradient: _core.Tensor) -> bool:
    """Whether `gradient` is the segment's own memory for that variable."""
    return at.segment.block_of(at.begin, gradient) is at.segment.grads


def as_gradient(value: Any, variable: Variable) -> _core.Tensor:
    """Converts a gradient to a Tensor of the variable's dtype.

    Raises:
        ValueError: its shape is not the variable's.
    """
    tensor = value if isinstance(value, _core.Tensor) else getattr(value, "_tensor", None)
    if tensor is None:
        tensor = _core.as_tensor(np.asarray(value))
    if tuple(tensor.shape) != variable.shape:
        raise ValueError(
            f"The gradient of '{variable.path}': expected shape {variable.shape}, received {tuple(tensor.shape)}."
        )
    return tensor if tensor.dtype == variable.dtype else _core.cast(tensor, variable.dtype)
