"""BatchRepeater: the fast path of `train_on_batch` and `test_on_batch` for arrays of the same shapes as before.

A loop over `train_on_batch` usually passes arrays of one shape. After the first call only their values change, so later
calls run the plan without preparing the data and looking up the plan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.storage import storage_epoch

from .errors import stopped
from .own_fields import recorded_steps
from .own_step import overrides
from .state import MetricReset
from .step import RecordedStep


class BatchRepeater:
    """Runs one recorded step on arrays x and y of one shape and dtype.

    Args:
        model: the Trainer; its step is recorded already.
        mode: "train" or "test".
        step: the recorded step.
        classes: number of classes if y holds class indices, else None.
    """

    def __init__(self, model: Any, mode: str, step: RecordedStep, classes: int | None) -> None:
        self.step = step
        self._model, self._mode, self._classes = model, mode, classes
        self._touch = recorded_steps(model).touch
        self._reset = model.reset_metrics if overrides(model, "reset_metrics") else MetricReset(model.metrics)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> dict[str, float] | None:
        """Runs one step.

        Args:
            x: array of the recorded shape and dtype.
            y: targets of the recorded shape and dtype.

        Returns:
            The logs. None, and no step is made, if the plan is outdated or a label is out of range.

        Raises:
            ValueError: an index in x is out of range.
            NonFiniteLossError: the loss or a gradient is not finite.
        """
        model, step = self._model, self.step
        if step.epoch != storage_epoch():
            return None
        if self._classes is not None and (y.min() < 0 or y.max() >= self._classes):
            return None
        self._touch(step)
        self._reset()
        _, scalars = step.scalars(1)
        _, record = step.plan.run_batches((x, y), None, 0, 1, 1e9, (), scalars)
        if record >= 0:
            raise stopped(record, model, step, None, 0, 0)
        return step.read_logs(model)


def key_of(mode: str, x: Any, y: Any) -> Any:
    """The key of the BatchRepeater for x and y; None unless both are NumPy arrays with equal numbers of rows."""
    if type(x) is not np.ndarray or type(y) is not np.ndarray or not x.ndim or not y.ndim or len(x) != len(y):
        return None
    return mode, x.shape, x.dtype.char, y.shape, y.dtype.char
