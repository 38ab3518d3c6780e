"""OnBatch: the part of Trainer with `train_on_batch`, `test_on_batch` and `predict_on_batch`."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.base.exclusive import ExclusiveUse
from netlet.engine.storage import storage_epoch

from . import agreement, results
from .data_sources import ArrayData, ArraySource, class_weighted
from .epoch_iterator import EpochIterator
from .loop import StepRunner
from .own_fields import steps_eagerly
from .placement import on_own_device
from .repeat import BatchRepeater, key_of
from .step import StepCache


class OnBatch:
    """The part of Trainer that runs single batches. `Trainer` adds `compile` and the steps."""

    check_finite: bool
    run_eagerly: bool
    _steps: StepCache
    _exclusive: ExclusiveUse
    _compile_loss: Any
    _require_compiled: Any
    reset_metrics: Any
    run_ahead: Any

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Makes one training step on one batch.

        Args:
            x: array (N, ...), or a list or dict of arrays.
            y: targets with N rows; None (the default) for a model without a loss of its outputs.
            sample_weight: factor of each sample's loss, shape (N,); None (the default): 1.
            class_weight: {class index: factor of its samples' loss}; 1 for other classes. None by default.
            return_dict: whether to return a dict; False by default.

        Returns:
            The loss before the update; [loss, *metrics] if there are metrics; a dict by name with `return_dict=True`.

        Raises:
            ValueError: not compiled, wrong shapes, labels outside of the model's classes.
            NonFiniteLossError: the loss or a gradient is NaN or infinite (see `compile(check_finite=)`).
        """
        self._require_compiled("train_on_batch")
        with self._exclusive.turn():
            self._exclusive.check("train_on_batch")
            if sample_weight is None and class_weight is None and (logs := self._repeat("train", x, y)) is not None:
                return logs if return_dict else results.in_order(logs)
            data = self._batch("train_on_batch", x, y, sample_weight)
            if class_weight is not None:
                data = class_weighted(data, class_weight)
            return self._on_batch("train", data, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Computes the loss and the metrics of one batch.

        Args:
            x: array (N, ...), or a list or dict of arrays.
            y: targets with N rows; None (the default) for a model without a loss of its outputs.
            sample_weight: factor of each sample's loss, shape (N,); None (the default): 1.
            return_dict: whether to return a dict; False by default.

        Returns:
            The loss; [loss, *metrics] if there are metrics; a dict by name with `return_dict=True`.

        Raises:
            ValueError: not compiled, wrong shapes, labels outside of the model's classes.
        """
        self._require_compiled("test_on_batch")
        with self._exclusive.turn():
            self._exclusive.check("test_on_batch")
            if sample_weight is None and (logs := self._repeat("test", x, y)) is not None:
                return logs if return_dict else results.in_order(logs)
            return self._on_batch("test", self._batch("test_on_batch", x, y, sample_weight), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Computes the model's outputs for one batch. The model need not be compiled.

        Args:
            x: array (N, ...), or a list or dict of arrays.

        Returns:
            NumPy arrays with N rows, in the structure of the model's outputs.

        Raises:
            ValueError: wrong shapes.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
        >>> model.predict_on_batch(np.ones((8, 3))).shape
        (8, 2)
        """
        with self._exclusive.turn():
            self._exclusive.arrived()
            if type(x) is np.ndarray:
                known = self._steps.predictors.get(x.shape)
                if known is not None and known[0].epoch == storage_epoch():
                    y = known[1](x)
                    if y is not None:
                        self._steps.touch(known[0])
                        return y
            return self._predict_batch(x)

    @on_own_device
    def _predict_batch(self, x: Any) -> Any:
        """Records the step if need be, and runs it."""
        data = self._batch("predict_on_batch", x)
        runner = _one_batch(self, "predict", data, False)
        runner.prepare()
        runner.run(None)
        eager = steps_eagerly(self, "predict") or self.has_front  # type: ignore[attr-defined]
        if isinstance(data.x, _core.Tensor) and not eager:
            step = self._steps.get(self, "predict", data, data.rows, False)
            if isinstance(step.outputs, _core.Tensor):
                self._steps.predictors[data.x.shape] = (step, step.plan.predict)
        return runner.predictions.result()

    def _batch(self, method: str, x: Any, y: Any = None, sample_weight: Any = None) -> ArrayData:
        """The arrays of the batch, after the layers that run in Python."""
        return ArrayData(self.run_ahead(x), y, sample_weight, method=method)

    @on_own_device
    def _on_batch(self, mode: str, data: ArrayData, return_dict: bool) -> Any:
        """Runs one step and returns its logs in the form that the caller asks for."""
        runner = _one_batch(self, mode, data, self.check_finite and mode == "train")
        begins = mode == "train" and self._steps.last("train") is None
        if begins:
            agreement.share_seeds(self)
        agreement.check_data(f"{mode}_on_batch", runner.batches)
        runner.prepare()
        if begins:
            agreement.share_state(self)
        self.reset_metrics()
        logs = runner.run(None)
        self._remember_batch(mode, data)
        return logs if return_dict else results.in_order(logs)

    def _repeat(self, mode: str, x: Any, y: Any) -> dict[str, float] | None:
        """The logs of one step by a BatchRepeater; None if there is none for such a batch or it refuses."""
        repeater = self._steps.repeaters.get(key_of(mode, x, y))
        return None if repeater is None else repeater(x, y)

    def _remember_batch(self, mode: str, data: ArrayData) -> None:
        """Makes a BatchRepeater for batches of this shape, if both x and y are single arrays without weights."""
        plain = isinstance(data.x, _core.Tensor) and isinstance(data.y, _core.Tensor) and data.sample_weight is None
        if not plain or steps_eagerly(self, mode) or self.has_front:  # type: ignore[attr-defined]
            return
        check = self.check_finite and mode == "train"
        loss = self._compile_loss
        labels = None if loss is None else loss.label_loss(0)
        key = key_of(mode, data.x.numpy(), data.y.numpy())
        # A repeater can check labels 0 to classes - 1. It cannot check an ignored class, or label sequences as CTC has.
        if labels is None or labels.wants_plain_classes:
            step = self._steps.get(self, mode, data, data.rows, check)
            classes = loss.shapes[0][-1] if labels is not None and loss.shapes[0] else None
            self._steps.repeaters[key] = BatchRepeater(self, mode, step, classes)


def _one_batch(model: Any, mode: str, data: ArrayData, check_finite: bool) -> StepRunner:
    """A StepRunner whose epoch is this batch."""
    return StepRunner(model, mode, EpochIterator(ArraySource(data, data.rows)), check_finite)
