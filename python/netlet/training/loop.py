"""StepRunner: the loop over the batches of an epoch, for training, evaluation and prediction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet.base.tree import flatten, pack_like

from . import results
from .building import build, mark_built
from .data_sources import ArrayData, ArraySource
from .eager import run_eagerly
from .epoch_iterator import EpochIterator
from .errors import check_labels, place_of, stopped
from .own_fields import recorded_steps
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
        outputs: outputs of mode "predict".
    """

    def __init__(self, model: Any, mode: str, batches: EpochIterator, check_finite: bool = False) -> None:
        self.model, self.mode, self.batches, self.check_finite = model, mode, batches, check_finite
        self.arrays = batches.source if isinstance(batches.source, ArraySource) else None
        self.epoch: int | None = None
        self.outputs = Outputs()
        # Steps that the next native call may make. A call checks the indices of all rows that it may reach, so it is
        # offered only about twice the steps that it made in SLICE_SECONDS the last time.
        self._offer = _FEWEST

    # ---- before the first epoch ------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Builds the model and records the first plan, so that errors are raised before the first step."""
        if self.arrays is None:
            return
        data, batch = self.arrays.data, self.arrays.batch
        if self.model.run_eagerly:
            build(self.model, self.mode, data, batch)
            return
        self._step(data, batch)
        if self.mode != "predict":
            check_labels(self.model, data)

    def _step(self, data: ArrayData, batch: int) -> RecordedStep:
        """The recorded step for this number of rows."""
        return recorded_steps(self.model).get(self.model, self.mode, data, batch, self.check_finite)

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
        self.outputs = Outputs()
        hooks = Hooks(callbacks, self.mode)
        self.batches.begin()
        native = self.arrays is not None and not self.model.run_eagerly
        logs = self._run_arrays(self.arrays, hooks) if native else self._run_batches(hooks)
        self.batches.end()
        if not self.batches.done:
            raise ValueError(f"{_METHOD[self.mode]}: expected at least one batch, received none.")
        return logs

    def _stopped(self) -> bool:
        """Whether a callback has asked the model to stop."""
        return bool(getattr(self.model, _STOP[self.mode]))

    def _run_arrays(self, arrays: Any, hooks: Hooks) -> dict[str, Any]:
        """Runs the epoch natively over arrays; returns its logs."""
        data, batch = arrays.data, arrays.batch
        full = data.rows // batch
        step = None
        while left := self.batches.left():
            rows = self.batches.rows
            first = rows.at * batch
            size = batch if rows.at < full else data.rows - first
            count = 1 if hooks.every_batch or rows.at >= full else min(left, full - rows.at, self._offer)
            step = self._step(data, size)
            hooks.begin(self.batches.done)
            ran = self._native(step, data, rows.order, first, count)
            self.batches.advance(ran)
            hooks.end(self.batches.done, functools.partial(self._logs, step, first + (ran - 1) * batch))
            if self._stopped():
                break
        return {} if step is None or self.mode == "predict" else step.read_logs(self.model)

    def _native(self, step: RecordedStep, data: ArrayData, order: Any, first: int, count: int) -> int:
        """Runs up to `count` steps from row `first` in one native call; returns how many it made."""
        count, scalars = step.scalars(count)
        if not data.even:
            return self._once(step, data, scalars)
        outputs = self.outputs.arrays(step.outputs, self._rows_at_most(data, step)) if self.mode == "predict" else ()
        done, record = step.plan.run_batches(
            data.leaves(), order, first=first, count=count, seconds=SLICE_SECONDS, outputs=outputs, scalars=scalars
        )
        done = int(done)
        if record >= 0:
            raise stopped(record, self.model, step, self.epoch, first, done, order)
        self._offer = max(_FEWEST, 2 * done, self._offer if done == count else 0)
        self.outputs.rows = first + done * step.batch
        return done

    def _once(self, step: RecordedStep, data: ArrayData, scalars: list[Any]) -> int:
        """Runs one step over arrays with different numbers of rows."""
        for cell, values in scalars:
            cell.copy_from(np.asarray(values[0], np.float64))
        outputs, record = step.plan.run(data.leaves())
        if record >= 0:
            raise stopped(record, self.model, step, self.epoch, 0, 0)
        if self.mode == "predict":
            self.outputs.add(pack_like(step.outputs, outputs))
        return 1

    def _rows_at_most(self, data: ArrayData, step: RecordedStep) -> int:
        """Most rows that one epoch can predict."""
        steps = self.batches.steps
        return data.rows if steps is None else min(data.rows, steps * step.batch)

    def _run_batches(self, hooks: Hooks) -> dict[str, Any]:
        """Runs the epoch over batches that come one by one, or eagerly; returns its logs."""
        logs: Any = dict
        for data in self.batches.batches():
            hooks.begin(self.batches.done - 1)
            logs = self._eager(data) if self.model.run_eagerly else self._recorded(data)
            hooks.end(self.batches.done, logs)
            self.outputs.next_piece()
            if self._stopped():
                break
        return {} if self.mode == "predict" else logs()

    def _recorded(self, data: ArrayData) -> Callable[[], dict[str, Any]]:
        """Runs the recorded step on one batch; returns a function that reads its logs."""
        step = self._step(data, data.rows)
        if self.mode != "predict":
            check_labels(self.model, data)
        self._native(step, data, None, 0, 1)
        return lambda: self._logs(step, 0)

    def _eager(self, data: ArrayData) -> Callable[[], dict[str, Any]]:
        """Runs the step in Python on one batch; returns a function that reads its logs."""
        build(self.model, self.mode, data, data.rows)
        where = place_of(self.epoch, self.batches.done - 1)
        returned = run_eagerly(self.model, self.mode, data, self.check_finite and self.mode == "train", where)
        mark_built(self.model)
        if self.mode == "predict":
            self.outputs.add(returned)
            return lambda: {"outputs": self.outputs.batch(0, data.rows)}
        logs = results.checked_logs(returned, f"{self.mode}_step")
        return lambda: results.logs_of(self.model, logs)

    def _logs(self, step: RecordedStep, first: int) -> dict[str, Any]:
        """The logs for a batch hook after the batch that begins at row `first`."""
        if self.mode == "predict":
            return {"outputs": self.outputs.batch(first, step.batch)}
        return step.read_logs(self.model)


class Outputs:
    """Collects the outputs of mode "predict" in pieces of any number of rows.

    Attributes:
        rows: rows of the current piece that hold outputs.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._structure: Any = None
        self._arrays: list[np.ndarray] | None = None  # the current piece
        self._pieces: list[list[np.ndarray]] = []

    def arrays(self, structure: Any, rows: int) -> list[np.ndarray]:
        """The arrays of the current piece, which native code fills.

        Args:
            structure: the outputs of the recorded step.
            rows: most rows that the piece can have.

        Returns:
            An array of `rows` rows for each output.
        """
        if self._arrays is None:
            self._structure = structure
            self._arrays = [np.empty((rows, *t.shape[1:]), t.dtype) for t in flatten(structure)]
        return self._arrays

    def add(self, outputs: Any) -> None:
        """Sets the current piece to the outputs of an eager step."""
        self._structure = outputs
        self._arrays = [np.asarray(t) for t in flatten(outputs)]
        self.rows = len(self._arrays[0])

    def batch(self, first: int, rows: int) -> Any:
        """Rows `first` to `first + rows` of the current piece, in the structure of the model's outputs."""
        return pack_like(self._structure, [a[first : first + rows] for a in self._arrays or ()])

    def next_piece(self) -> None:
        """Marks the current piece as complete."""
        if self._arrays is not None:
            self._pieces.append([a[: self.rows] for a in self._arrays])
            self._arrays = None

    def result(self) -> Any:
        """All rows, in the structure of the model's outputs."""
        self.next_piece()
        if len(self._pieces) == 1:
            return pack_like(self._structure, self._pieces[0])
        return pack_like(self._structure, [np.concatenate(column) for column in zip(*self._pieces)])


class Hooks:
    """Calls the batch hooks of a mode if a callback defines them, and reports progress otherwise.

    Args:
        callbacks: a CallbackList, or None.
        mode: "train", "test" or "predict".

    Attributes:
        every_batch: whether a callback defines batch hooks, so that each batch needs its own native call.
    """

    def __init__(self, callbacks: Any, mode: str) -> None:
        self.callbacks, self.mode = callbacks, mode
        self.every_batch = callbacks is not None and callbacks.needs_batch_hooks(mode)

    def begin(self, done: int) -> None:
        """Is called before batch `done` (from 0), or before several batches that start with it."""
        if self.every_batch:
            getattr(self.callbacks, f"on_{self.mode}_batch_begin")(done)

    def end(self, done: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Is called after `done` batches of the epoch; `logs` is a function that reads the logs."""
        if self.every_batch:
            getattr(self.callbacks, f"on_{self.mode}_batch_end")(done - 1, logs())
        elif self.callbacks is not None:
            self.callbacks.on_progress(self.mode, done, logs)
