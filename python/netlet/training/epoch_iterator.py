"""EpochIterator: which batches an epoch consists of. It handles `steps_per_epoch`, new passes and missing data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from .data_sources import ArrayPass, DataSource

_RAN_OUT = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at least "
    "`steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when building your dataset."
)
_NOTHING = object()


class EpochIterator:
    """The batches of one epoch after another.

    Without `steps` an epoch is a pass over the data. With `steps` it is that many batches: the next epoch continues
    where this one stopped, and a new pass begins when one ends exactly with an epoch. A pass that ends inside of an
    epoch ends the epoch with a warning, as in Keras.

    Args:
        source: where the batches come from.
        steps: batches of an epoch, or None.

    Attributes:
        source: the source of the batches.
        steps: batches of an epoch, or None.
        done: batches of this epoch so far.
    """

    def __init__(self, source: DataSource, steps: int | None = None) -> None:
        self.source, self.steps = source, steps
        self.done = 0
        self._pass: Any = None  # the current pass; the next epoch may continue it
        self._next: Any = _NOTHING  # a batch that was already taken from the pass

    @property
    def num_batches(self) -> int | None:
        """Batches of an epoch; None if unknown."""
        return self.source.num_batches if self.steps is None else self.steps

    def more(self) -> bool:
        """Whether there is a batch for another epoch. False, with a warning, when a generator is exhausted."""
        if self.source.restarts or self._pass is None or self._peek():
            return True
        warnings.warn(_RAN_OUT, stacklevel=3)
        return False

    def restart(self) -> None:
        """Makes the next epoch begin a new pass, if the source restarts."""
        if self.source.restarts:
            self._pass, self._next = None, _NOTHING

    def begin(self) -> None:
        """Begins an epoch."""
        self.done = 0
        self.source.on_epoch_begin()
        if self._pass is None or (self.steps is None and self.source.restarts):
            self._pass, self._next = self.source.epoch(), _NOTHING

    def end(self) -> None:
        """Ends the epoch."""
        self.source.on_epoch_end()

    # ---- batches that come one by one --------------------------------------------------------------------------------
    def batches(self) -> Iterator[Any]:
        """Yields the batches of the epoch after `begin`."""
        if not self._peek() and self.source.restarts:  # the last epoch and the pass ended together
            self._pass = self.source.epoch()
        while self.steps is None or self.done < self.steps:
            if not self._peek():
                self._run_out()
                return
            batch, self._next = self._next, _NOTHING
            self.done += 1
            yield batch
            del batch

    def _peek(self) -> bool:
        """Whether the pass has another batch; takes it from the pass if needed."""
        if self._next is _NOTHING:
            self._next = next(self._pass, _NOTHING)
        return self._next is not _NOTHING

    # ---- rows that native code gathers -------------------------------------------------------------------------------
    @property
    def rows(self) -> ArrayPass:
        """The current pass over arrays; a new one if the last epoch ended exactly with the pass."""
        if not self._pass.left and not self.done:
            self._pass = self.source.epoch()
        return self._pass

    def left(self) -> int:
        """Number of batches that are left in this epoch; a warning if the data end before `steps`."""
        in_pass = self.rows.left
        if self.steps is None:
            return in_pass
        if not in_pass and self.done < self.steps:
            self._run_out()
        return min(in_pass, self.steps - self.done)

    def advance(self, count: int) -> None:
        """Counts batches that native code has run."""
        self.done += count
        self._pass.at += count

    def _run_out(self) -> None:
        """Warns that the pass ended inside of an epoch, and discards the pass."""
        if self.steps is not None and self.done:
            warnings.warn(_RAN_OUT, stacklevel=4)
        if self.source.restarts:
            self._pass = None
