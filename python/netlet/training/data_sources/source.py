"""DataSource: the protocol that the training loop reads batches from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class DataSource:
    """The protocol that the training loop reads batches from: one pass after another.

    Attributes:
        restarts: whether `epoch` begins a new pass each time. False for a generator, which has one pass.
        ahead: most batches that a thread may take from a pass before they are used; 0 for no thread.
        whole: in data-parallel training, whether each process has the whole batch, and not its own part of it.
    """

    restarts = True
    ahead = 0
    whole = False

    @property
    def num_batches(self) -> int | None:
        """Batches of a pass; None if unknown or endless."""
        return None

    def epoch(self) -> Iterator[Any]:
        """The batches of a new pass: x, (x,), (x, y) or (x, y, sample_weight)."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """Is called before each epoch."""

    def on_epoch_end(self) -> None:
        """Is called after each epoch."""

    def get_state(self) -> list[int]:
        """Integers that the next pass depends on, for `set_state`; empty if there are none."""
        return []

    def set_state(self, state: list[int]) -> None:
        """Restores what `get_state` returned."""
