"""Inspection: the part of Trainer that shows recorded steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.exclusive import alone

from .data_sources import ArrayData, ArraySource
from .epoch_iterator import EpochIterator
from .loop import StepRunner
from .placement import on_own_device
from .plan_view import PlanView
from .step import StepCache


class Inspection:
    """The part of Trainer with `plan` and `training_plan`."""

    name: str
    _steps: StepCache
    _require_compiled: Any
    run_ahead: Any

    @alone
    @on_own_device
    def plan(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int = 32, mode: str = "predict"
    ) -> PlanView:
        """The recorded step for a batch of these arrays: `.describe()` lists its kernels, `.profile()` times them.

        Args:
            x: array or structure of arrays, as for `fit`. With fewer rows than `batch_size` the batch has these rows.
            y: targets; None (the default) for "predict".
            sample_weight: factor of each sample's loss, shape (N,); None (the default): 1.
            batch_size: rows of the batch; 32 by default.
            mode: "train", "test" or "predict" (the default).

        Returns:
            The PlanView.

        Raises:
            ValueError: another mode; not compiled (except for "predict"); wrong shapes.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")], name="small")
        >>> [record["layer"] for record in model.plan(np.ones((8, 3), "float32"), batch_size=8).records()]
        ['small/out']
        """
        if mode not in ("train", "test", "predict"):
            raise ValueError(f'plan(mode=): expected "train", "test" or "predict", received {mode!r}.')
        if mode != "predict":
            self._require_compiled("plan")
        source = ArraySource(ArrayData(self.run_ahead(x), y, sample_weight, method="plan"), batch_size)
        StepRunner(self, mode, EpochIterator(source)).prepare()
        step = self._steps.get(self, mode, source.data, source.batch, False)
        return PlanView(self, mode, step, [t.numpy()[: step.batch] for t in source.data.leaves()])

    @alone
    @on_own_device
    def training_plan(self) -> PlanView:
        """The training step that was recorded or used last, as `plan` gives it; `profile` runs it on rows of zeros.

        Returns:
            The PlanView.

        Raises:
            ValueError: the model has no recorded step: it was not trained, or with `run_eagerly`.
        """
        step = self._steps.last("train")
        if step is None:
            raise ValueError(f"Model '{self.name}': expected a recorded training step, found none; call `fit` first.")
        return PlanView(self, "train", step, [np.zeros(shape, dtype) for shape, dtype in step.fed])
