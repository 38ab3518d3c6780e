"""Single batches again and again: `train_on_batch` and `test_on_batch` without the search for the plan.

A loop over `train_on_batch` gives arrays of one shape each time. After the first call everything but their bytes is
known, so the next calls go from the arguments to the plan directly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.variable import storage_epoch

from .errors import stopped
from .own_fields import recorded_steps
from .state import MetricReset
from .step import RecordedStep


class BatchRepeater:
    """One recorded step for arrays x and y of one shape and dtype.

    Args:
        model: the Trainer; its step was recorded already.
        mode: "train" or "test".
        step: the step.
        classes: number of classes where y holds labels, else None.
    """

    def __init__(self, model: Any, mode: str, step: RecordedStep, classes: int | None) -> None:
        self.step = step
        self._model, self._mode, self._classes = model, mode, classes
        self._touch = recorded_steps(model).touch
        self._reset = MetricReset(model.metrics)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> dict[str, float] | None:
        """The logs of one step, or None where the slow way must look again."""
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
    """What a BatchRepeater is found by, or None for anything but two plain arrays with equal numbers of rows."""
    if type(x) is not np.ndarray or type(y) is not np.ndarray or not x.ndim or not y.ndim or len(x) != len(y):
        return None
    return mode, x.shape, x.dtype.char, y.shape, y.dtype.char
