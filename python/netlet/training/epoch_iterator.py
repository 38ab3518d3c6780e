"""EpochIterator: which batches an epoch consists of. It handles `steps_per_epoch`, new passes and missing data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

from .data_sources import ArrayPass, DataSource, Prefetch
from .state import ShuffleOrder

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
        every: `steps_per_execution`. As in Keras an epoch consists of whole executions: `steps` is rounded up.
        order: what the source shuffles with, for `position`; None if it is not asked for.

    Attributes:
        source: the source of the batches.
        steps: batches of an epoch, rounded up, or None.
        done: batches of this epoch so far.
    """

    def __init__(
        self, source: DataSource, steps: int | None = None, every: int = 1, order: ShuffleOrder | None = None
    ) -> None:
        self.source, self._asked, self.order = source, steps, order
        self.steps = None if steps is None else math.ceil(steps / every) * every
        self.done = 0
        self._taken = 0  # batches of the current pass so far
        self._drawn = 0  # orders that were drawn before the current pass
        self._state: list[int] = []  # of the source, before the current pass
        self._resumed = 0  # batches of the next epoch that were made before a training was interrupted
        self._pass: Any = None  # the current pass; the next epoch may continue it
        self._next: Any = _NOTHING  # a batch that was already taken from the pass

    @property
    def num_batches(self) -> int | None:
        """Batches of an epoch; None if unknown."""
        return self.source.num_batches if self._asked is None else self._asked

    def more(self) -> bool:
        """Whether there is a batch for another epoch. False, with a warning, when a generator is exhausted."""
        if self.source.restarts or self._pass is None or self._peek():
            return True
        warnings.warn(_RAN_OUT, stacklevel=3)
        return False

    def restart(self) -> None:
        """Makes the next epoch begin a new pass, if the source restarts."""
        if self.source.restarts:
            self.close()
            self._pass, self._next = None, _NOTHING

    def close(self) -> None:
        """Ends the thread of the current pass, if it has one."""
        if isinstance(self._pass, Prefetch):
            self._pass.close()

    def begin(self) -> None:
        """Begins an epoch."""
        self.source.on_epoch_begin()
        self.done, self._resumed = self._resumed, 0
        if self._pass is None or (self.steps is None and self.source.restarts and not self.done):
            self._begin_pass()

    def end(self) -> None:
        """Ends the epoch."""
        self.source.on_epoch_end()

    def _begin_pass(self) -> None:
        """Begins a new pass over the data."""
        self.close()
        self._drawn = self.order.drawn if self.order is not None else 0
        self._state = self.source.get_state()
        self._pass, self._next, self._taken = self.source.epoch(), _NOTHING, 0

    # ---- interrupted trainings ---------------------------------------------------------------------------------------
    def position(self) -> dict[str, Any]:
        """Where the current pass is.

        {"taken": its batches so far, "order": state of the shuffling before it, "source": state of the source before it
        and now}.
        """
        state = self.order.get() if self.order is not None else None
        shuffled = state is not None and state[1] > self._drawn
        order = [state[0], self._drawn] if state and shuffled else None
        return {"taken": self._taken, "order": order, "source": [self._state, self.source.get_state()]}

    def resume(self, done: int, position: dict[str, Any]) -> Any:
        """Makes the next epoch go on at a position.

        A source that does not restart, such as a generator, goes on with what it yields.

        Args:
            done: batches of that epoch which are done.
            position: what `position` returned.

        Returns:
            One of the batches that are done; None if there is none, or if native code gathers the rows.
        """
        self._resumed, taken = done, int(position["taken"])
        before, after = position.get("source") or ([], [])
        if not self.source.restarts or (self.steps is None and not done):
            self.source.set_state(after)  # the next epoch begins a new pass
            return None
        self.source.set_state(before)
        if self.order is not None and position["order"] is not None:
            self.order.set(position["order"])
        self._begin_pass()
        self._taken = taken
        if isinstance(self._pass, ArrayPass):
            self._pass.at = taken
            return None
        if isinstance(self._pass, Prefetch):
            self._pass.allow(taken)
        batch = None
        for _ in range(taken):
            batch = next(self._pass, None)
        return batch

    # ---- batches that come one by one --------------------------------------------------------------------------------
    def batches(self) -> Iterator[Any]:
        """Yields the batches of the epoch after `begin`."""
        self._allow()
        # The last epoch and the pass ended together; not so in a resumed epoch, whose batches may all be done.
        if not self.done and not self._peek() and self.source.restarts:
            self._begin_pass()
            self._allow()
        while self.steps is None or self.done < self.steps:
            if not self._peek():
                self._run_out()
                return
            batch, self._next = self._next, _NOTHING
            self.done += 1
            self._taken += 1
            yield batch
            del batch

    def _allow(self) -> None:
        """Allows a thread to take the batches of this epoch, and none beyond them."""
        if isinstance(self._pass, Prefetch):
            have = self._next is not _NOTHING
            self._pass.allow(None if self.steps is None else self.steps - self.done - have)

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
            self._begin_pass()
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
        self._taken += count
        self._pass.at += count

    def _run_out(self) -> None:
        """Warns that the pass ended inside of an epoch, and discards the pass."""
        if self.steps is not None and self.done:
            warnings.warn(_RAN_OUT, stacklevel=4)
        if self.source.restarts:
            self.restart()
