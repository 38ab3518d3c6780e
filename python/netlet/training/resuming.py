"""Resuming: the part of Trainer that lets an interrupted `fit` go on."""

from __future__ import annotations

from typing import Any

from .loop import StepRunner


class Resuming:
    """The part of Trainer with the position of `fit` in its data; `Fitting` sets the fields."""

    _fitting: StepRunner | None
    _initial_epoch: int

    def get_data_position(self) -> dict[str, Any] | None:
        """Where `fit` is in the data, for `resume_fit`.

        Returns:
            Dict of plain values; None outside of `fit`.
        """
        return None if self._fitting is None else self._fitting.batches.position()

    def resume_fit(self, epoch: int, batch: int, position: dict[str, Any]) -> None:
        """Makes the `fit` that has just begun go on where another one stopped; for `on_train_begin` of a callback.

        Args:
            epoch: index of the epoch, from 0.
            batch: number of its batches that are done.
            position: what `get_data_position` returned at that moment.
        """
        self._initial_epoch = epoch
        if self._fitting is not None:
            self._fitting.prepare(self._fitting.batches.resume(batch, position))
