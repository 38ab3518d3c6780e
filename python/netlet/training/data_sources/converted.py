"""ConvertedSource: another source with each batch converted, in a thread where the source allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .data import ArrayData
from .prefetch import Prefetch
from .source import DataSource


class ConvertedSource(DataSource):
    """Another source with each batch converted: class weights, and the layers that run before the recorded step.

    Args:
        source: the other source.
        convert: function from a batch to ArrayData.
        threads: whether a thread may make batches ahead.
    """

    def __init__(self, source: DataSource, convert: Callable[[Any], ArrayData], threads: bool = True) -> None:
        self._source, self._convert = source, convert
        self.ahead = source.ahead if threads else 0
        self.restarts, self.whole = source.restarts, source.whole
        self.get_state, self.set_state = source.get_state, source.set_state  # type: ignore[method-assign]
        self.on_epoch_begin, self.on_epoch_end = source.on_epoch_begin, source.on_epoch_end  # type: ignore[method-assign]

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if unknown or endless."""
        return self._source.num_batches

    def epoch(self) -> Iterator[ArrayData]:
        """The converted batches of a new pass."""
        batches = map(self._convert, self._source.epoch())
        return Prefetch(batches, self.ahead) if self.ahead else batches
