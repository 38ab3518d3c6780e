"""train_on_batch, test_on_batch and predict_on_batch: the part of Trainer that runs single batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.engine.variable import storage_epoch

from . import results
from .class_weights import class_weighted
from .data import ArrayData
from .data_sources import ArraySource
from .epoch_iterator import EpochIterator
from .loop import StepRunner
from .repeat import BatchRepeater, key_of
from .step import StepCache


class OnBatch:
    """Mixed into Trainer."""

    check_finite: bool
    run_eagerly: bool
    _steps: StepCache
    _compile_loss: Any
    _require_compiled: Any
    reset_metrics: Any
    run_ahead: Any

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch; returns its loss, or [loss, *metrics], or a dict with `return_dict=True`."""
        self._require_compiled("train_on_batch")
        if sample_weight is None and class_weight is None and (logs := self._repeat("train", x, y)) is not None:
            return logs if return_dict else results.in_order(logs)
        data = self._batch("train_on_batch", x, y, sample_weight)
        if class_weight is not None:
            data = class_weighted(data, class_weight)
        return self._on_batch("train", data, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss, or [loss, *metrics], of one batch."""
        self._require_compiled("test_on_batch")
        if sample_weight is None and (logs := self._repeat("test", x, y)) is not None:
            return logs if return_dict else results.in_order(logs)
        return self._on_batch("test", self._batch("test_on_batch", x, y, sample_weight), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as arrays."""
        if type(x) is np.ndarray:
            known = self._steps.predictors.get(x.shape)
            if known is not None and known[0].epoch == storage_epoch():
                y = known[1](x)
                if y is not None:
                    self._steps.touch(known[0])
                    return y
        data = self._batch("predict_on_batch", x)
        runner = _one_batch(self, "predict", data, False)
        runner.prepare()
        runner.run(None)
        eager = self.run_eagerly or self.has_front  # type: ignore[attr-defined]
        if isinstance(data.x, _core.Tensor) and not eager:
            step = self._steps.get(self, "predict", data, data.rows, False)
            if isinstance(step.outputs, _core.Tensor):
                self._steps.predictors[data.x.shape] = (step, step.plan.predict)
        return runner.outputs.result()

    def _batch(self, method: str, x: Any, y: Any = None, sample_weight: Any = None) -> ArrayData:
        return ArrayData(self.run_ahead(x), y, sample_weight, method=method)

    def _on_batch(self, mode: str, data: ArrayData, return_dict: bool) -> Any:
        runner = _one_batch(self, mode, data, self.check_finite and mode == "train")
        runner.prepare()
        self.reset_metrics()
        logs = runner.run(None)
        self._remember_batch(mode, data)
        return logs if return_dict else results.in_order(logs)

    def _repeat(self, mode: str, x: Any, y: Any) -> dict[str, float] | None:
        """One step through a BatchRepeater, where the same kind of batch came before."""
        repeater = self._steps.repeaters.get(key_of(mode, x, y))
        return None if repeater is None else repeater(x, y)

    def _remember_batch(self, mode: str, data: ArrayData) -> None:
        plain = isinstance(data.x, _core.Tensor) and isinstance(data.y, _core.Tensor) and data.sample_weight is None
        if not plain or self.run_eagerly or self.has_front:  # type: ignore[attr-defined]
            return
        check = self.check_finite and mode == "train"
        loss = self._compile_loss
        labels = loss is not None and loss.wants_integer_labels(0)
        key = key_of(mode, data.x.numpy(), data.y.numpy())
        # A repeater knows classes from 0 on, but neither one that is ignored nor sequences of them.
        if not labels or loss.losses[0].wants_plain_classes:
            step = self._steps.get(self, mode, data, data.rows, check)
            classes = loss.shapes[0][-1] if labels and loss.shapes[0] else None
            self._steps.repeaters[key] = BatchRepeater(self, mode, step, classes)


def _one_batch(model: Any, mode: str, data: ArrayData, check_finite: bool) -> StepRunner:
    return StepRunner(model, mode, EpochIterator(ArraySource(data, data.rows)), check_finite)
