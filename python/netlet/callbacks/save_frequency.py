"""SaveFrequency: when a callback saves during training."""

from __future__ import annotations


class SaveFrequency:
    """The argument `save_freq` of callbacks that save: after each epoch, or after a number of batches.

    Args:
        value: "epoch", or a number of batches; None for never.

    Attributes:
        by_epoch: whether to save after each epoch.
        by_batches: whether to save after a number of batches.

    >>> frequency = SaveFrequency(3)
    >>> [batch for batch in (0, 1, 2, 3, 4, 0, 1) if frequency.due(batch)]  # the second epoch begins after batch 4
    [2, 0]
    """

    def __init__(self, value: str | int | None) -> None:
        self.by_epoch, self.by_batches = value == "epoch", isinstance(value, int)
        self._batches = int(value) if isinstance(value, int) else 0
        self._since = 0  # batches since the last save
        self._last = -1  # index of the last batch

    def due(self, batch: int) -> bool:
        """Whether to save after this batch. Must be called after each batch, or group of batches, of the training.

        Args:
            batch: index of the batch in its epoch, from 0; with `steps_per_execution` that of the group's last one.
        """
        if not self.by_batches:
            return False
        begun = -1 if batch <= self._last else self._last  # a new epoch counts from its first batch
        self._since += batch - begun
        self._last = batch
        if self._since < self._batches:
            return False
        self._since = 0
        return True
