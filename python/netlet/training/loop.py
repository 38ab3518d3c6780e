"""StepRunner: the loop over the batches of an epoch, for training, evaluation and prediction."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

from netlet.base.tree import pack_like
from netlet.distribution.data_parallel import active_distribution
from netlet.engine.needs_values import NeedsValues
from netlet.engine.storage import storage_epoch

from . import results
from .agreement import together
from .building import build, mark_built
from .data_sources import ArrayData, ArraySource
from .eager import run_eagerly
from .epoch_iterator import EpochIterator
from .errors import check_labels, place_of, stopped
from .hooks import BatchHooks
from .metric_logs import logs_of
from .own_fields import exclusive_use, recorded_steps, steps_eagerly
from .placement import resident
from .predictions import Predictions
from .state import write_scalars
from .step import RecordedStep

# Seconds that one native call may run: long enough that the calls cost little, short enough for progress and Ctrl-C.
SLICE_SECONDS = 0.05
_FEWEST = 256  # steps that every native call is offered, if there are as many
_METHOD = {"train": "fit", "test": "evaluate", "predict": "predict"}
_STOP = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}


class StepRunner:
    """Runs one epoch after another, over arrays or over batches that come one by one.

    Arrays run natively, many steps per call.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        batches: the epochs.
        check_finite: whether a training step stops at a loss or a gradient that is not finite.

    Attributes:
        arrays: the ArraySource, or None.
        epoch: index of the current epoch; None outside of `fit`.
        predictions: outputs of mode "predict".
    """

    def __init__(self, model: Any, mode: str, batches: EpochIterator, check_finite: bool = False) -> None:
        self.model, self.mode, self.batches, self.check_finite = model, mode, batches, check_finite
        self.arrays = batches.source if isinstance(batches.source, ArraySource) else None
        self.epoch: int | None = None
        self.predictions = Predictions()
        # Steps that the next native call may make. A call checks the indices of all rows that it may reach, so it is
        # offered only about twice the steps that it made in SLICE_SECONDS the last time.
        self._offer = _FEWEST
        self._resident: list[Any] | None = None  # the arrays of a model on a GPU, in its memory

    # ---- before the first epoch ------------------------------------------------------------------------------------
    def prepare(self, example: ArrayData | None = None) -> None:
        """Builds the model and records the first plan, so that errors are raised before the first step.

        Args:
            example: a batch, if they come one by one; None if no batch is known yet.
        """
        if self.arrays is not None:
            data, batch = self.arrays.data, self.arrays.batch
        elif example is not None:
            data, batch = example, example.rows
        else:
            return
        with self._turn():
            if self._eagerly or self._step(data, batch) is None:
                build(self.model, self.mode, data, batch)
                return
            if self.mode != "predict":
                check_labels(self.model, data)

    def _turn(self) -> Any:
        """A context in which no other thread uses the model."""
        # The calls of the shards have threads of their own, one after another, in which the model may be used.
        return contextlib.nullcontext() if active_distribution() is not None else exclusive_use(self.model).turn()

    @property
    def _eagerly(self) -> bool:
        """Whether the steps run in Python. It becomes true when a step that is recorded needs values."""
        return steps_eagerly(self.model, self.mode)

    def _step(self, data: ArrayData, batch: int) -> RecordedStep | None:
        """The recorded step for this number of rows; None if it needs values: the steps are eager from then on."""
        try:
            return recorded_steps(self.model).get(self.model, self.mode, data, batch, self.check_finite)
        except NeedsValues:
            return None

    def _give_way(self) -> None:
        """Lets other threads use the model before the next steps of a training."""
        if self.mode == "train":  # an evaluation inside of `fit` is one turn
            exclusive_use(self.model).give_way()

    # ---- one epoch ---------------------------------------------------------------------------------------------------
    def run(self, callbacks: Any, epoch: int | None = None) -> dict[str, Any]:
        """Runs all steps of one epoch.

        Args:
            callbacks: a CallbackList, or None.
            epoch: index of the epoch, from 0; None outside of `fit`.

        Returns:
            The logs at the end of the epoch; empty in mode "predict".

        Raises:
            ValueError: there was no batch.
            NonFiniteLossError: the loss or a gradient became NaN or infinite.
        """
        self.epoch = epoch
        self.predictions = Predictions()
        hooks = BatchHooks(callbacks, self.mode, self.model.steps_per_execution)
        self.batches.begin()
        native = self.arrays is not None and not self._eagerly
        logs = self._run_arrays(self.arrays, hooks) if native else self._run_batches(hooks)
        self.batches.end()
        if not self.batches.done:
            raise ValueError(f"{_METHOD[self.mode]}: expected at least one batch, received none.")
        return logs

    def _stopped(self) -> bool:
        """Whether a callback has asked the model to stop."""
        return bool(getattr(self.model, _STOP[self.mode]))

    def _run_arrays(self, arrays: Any, hooks: BatchHooks) -> dict[str, Any]:
        """Runs the epoch natively over arrays; returns its logs."""
        data, batch = arrays.data, arrays.batch
        full = data.rows // batch
        logs: Any = self._logs_so_far
        while left := self.batches.left():
            rows = self.batches.rows
            whole = full - rows.at  # batches of full size
            with self._turn():
                step = self._step(data, batch if whole else data.rows - rows.at * batch)
            if step is None:
                self.predictions.next_piece()
                return self._run_batches(hooks)
            logs = functools.partial(self._logs, step)
            if not self._run_steps(step, arrays, min(left, whole) or 1, hooks, logs):
                break
        hooks.finish(logs)
        return {} if self.mode == "predict" else logs()

    def _run_steps(self, step: RecordedStep, arrays: Any, count: int, hooks: BatchHooks, logs: Any) -> bool:
        """Runs up to `count` recorded steps; returns whether the epoch goes on."""
        data, batches = arrays.data, self.batches
        rows = batches.rows
        while count and step.epoch == storage_epoch():
            done = batches.done
            if hooks.begin(done):
                self.predictions.mark()
            offer = hooks.room(done) if hooks.every_batch else self._offer
            with self._turn():
                if step.epoch != storage_epoch():
                    break
                ran = self._native(step, data, rows.order, rows.at * arrays.batch, min(count, offer))
            self._give_way()
            batches.advance(ran)
            count -= ran
            if hooks.end(done + ran, logs) and self._stopped():
                return False
        return True

    def _logs_so_far(self) -> dict[str, Any]:
        """The logs of an epoch that was resumed after its last batch; empty if there was no batch."""
        return logs_of(self.model, None) if self.batches.done else {}

    def _native(self, step: RecordedStep, data: ArrayData, order: Any, first: int, count: int) -> int:
        """Runs up to `count` steps from row `first` in one native call; returns how many it made."""
        count, scalars = step.scalars(count)
        if not data.even:
            return self._once(step, data, scalars)
        outputs: Any = ()
        if self.mode == "predict":
            outputs = self.predictions.arrays(step.outputs, self._rows_at_most(data, step))
        done, record = step.plan.run_batches(self._leaves(data), order, first, count, SLICE_SECONDS, outputs, scalars)
        if record >= 0:
            raise stopped(record, self.model, step, self.epoch, first, done, order)
        if count > 1:
            self._offer = max(_FEWEST, 2 * done, self._offer if done == count else 0)
        self.predictions.rows = first + done * step.batch
        return int(done)

    def _leaves(self, data: ArrayData) -> list[Any]:
        """The arrays that a plan reads. Those of all epochs are copied to a GPU once."""
        if self.arrays is None or data is not self.arrays.data:
            return data.leaves()
        if self._resident is None:
            self._resident = resident(data.leaves())
        return self._resident

    def _once(self, step: RecordedStep, data: ArrayData, scalars: list[Any]) -> int:
        """Runs one step over arrays with different numbers of rows."""
        write_scalars(scalars, 0)
        outputs, record = step.plan.run(data.leaves())
        if record >= 0:
            raise stopped(record, self.model, step, self.epoch, 0, 0)
        if self.mode == "predict":
            self.predictions.add(pack_like(step.outputs, outputs))
        return 1

    def _rows_at_most(self, data: ArrayData, step: RecordedStep) -> int:
        """Most rows that one epoch can predict."""
        steps = self.batches.steps
        return data.rows if steps is None else min(data.rows, steps * step.batch)

    def _run_batches(self, hooks: BatchHooks) -> dict[str, Any]:
        """Runs the epoch over batches that come one by one, or eagerly; returns its logs."""
        logs: Any = self._logs_so_far
        for data in together(self.batches.batches(), whole=self.batches.source.whole):
            if hooks.begin(self.batches.done - 1):
                self.predictions.mark()
            with self._turn():
                logs = self._eager(data) if self._eagerly else self._recorded(data)
            self._give_way()
            self.predictions.next_piece()
            if hooks.end(self.batches.done, logs) and self._stopped():
                break
        hooks.finish(logs)
        return {} if self.mode == "predict" else logs()

    def _recorded(self, data: ArrayData) -> Callable[[], dict[str, Any]]:
        """Runs the recorded step on one batch; returns a function that reads its logs."""
        step = self._step(data, data.rows)
        if step is None:
            return self._eager(data)
        if self.mode != "predict":
            check_labels(self.model, data)
        self._native(step, data, None, 0, 1)
        return functools.partial(self._logs, step)

    def _eager(self, data: ArrayData) -> Callable[[], dict[str, Any]]:
        """Runs the step in Python on one batch; returns a function that reads its logs."""
        build(self.model, self.mode, data, data.rows)
        where = place_of(self.epoch, self.batches.done - 1)
        returned = run_eagerly(self.model, self.mode, data, self.check_finite and self.mode == "train", where)
        mark_built(self.model)
        if self.mode == "predict":
            self.predictions.add(returned)
            return lambda: {"outputs": self.predictions.since_mark()}
        logs = results.checked_logs(returned, f"{self.mode}_step")
        return lambda: logs_of(self.model, logs)

    def _logs(self, step: RecordedStep) -> dict[str, Any]:
        """The logs for a batch hook after a run of the step."""
        if self.mode == "predict":
            return {"outputs": self.predictions.since_mark()}
        return step.read_logs(self.model)
