"""The loop over the batches of an epoch, for training, evaluation and prediction alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.tree import flatten, map_structure, pack_like
from . import results
from .compiled import spread
from .data import ArrayData, unpack_x_y_sample_weight
from .step import RecordedStep, ensure_built

# How long one native call may run: long enough to cost nothing, short enough for progress and Ctrl-C.
SLICE_SECONDS = 0.05


class StepRunner:
    """Runs one epoch after another over arrays (natively, many steps a call) or over an iterable of batches.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: ArrayData, or a function that starts an iterator of batches.
        batch_size: rows a step, 32 by default.
        steps: at most so many steps an epoch.
        shuffle: a new order each epoch.
    """

    def __init__(
        self, model: Any, mode: str, data: Any, batch_size: int | None, steps: int | None, shuffle: bool
    ) -> None:
        self.model, self.mode, self.data, self.shuffle = model, mode, data, shuffle
        self.arrays = isinstance(data, ArrayData)
        self.batch = min(batch_size or 32, data.rows) if self.arrays else 0
        self.limit = steps
        self.steps = steps
        if self.arrays:
            in_data = -(-data.rows // self.batch)
            self.steps = in_data if steps is None else min(steps, in_data)
        self.check_finite = False
        self.epoch: int | None = None
        self._iterator: Any = None
        self._outputs: list[np.ndarray] | None = None
        self._collected: list[Any] = []

    # ---- before the first epoch ------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Builds the model and records the first plan, so that mistakes are told before anything is trained."""
        if not self.arrays:
            return
        if self.mode == "train":
            # Weights first, then the optimizer (which moves them into its segment), then the plan that points at them.
            ensure_built(self.model, self.data)
            self.model.optimizer.build(self.model.trainable_variables)
        if self.model.run_eagerly:
            ensure_built(self.model, self.data)
            return
        self._step(self.data, self.batch)
        if self.mode != "predict":
            check_labels(self.model, self.data)

    def _step(self, data: ArrayData, batch: int) -> RecordedStep:
        return self.model._steps.get(self.model, self.mode, data, batch, self.check_finite)

    # ---- one epoch ---------------------------------------------------------------------------------------------------
    def run(self, callbacks: Any, epoch: int | None = None) -> dict[str, float]:
        """All steps of one epoch; returns the logs at its end."""
        self.epoch = epoch
        self._collected, self._outputs = [], None
        if self.arrays and not self.model.run_eagerly:
            return self._run_arrays(callbacks)
        return self._run_batches(callbacks)

    def _run_arrays(self, callbacks: Any) -> dict[str, float]:
        hooks = Hooks(callbacks, self.mode)
        rows, batch = self.data.rows, self.batch
        order = self.model._shuffle.next(rows) if self.shuffle else None
        full = rows // batch
        done = 0
        logs: dict[str, float] = {}
        assert self.steps is not None
        while done < self.steps:
            size = batch if done < full else rows - full * batch
            count = 1 if hooks.every_batch or done >= full else min(full, self.steps) - done
            step = self._step(self.data, size)
            hooks.begin(done)
            ran = self._native(step, self.data, order, done * batch, count)
            logs = self._logs(step) if hooks.every_batch or callbacks is None or done + ran == self.steps else {}
            done += ran
            hooks.end(done, logs or (lambda s=step: self._logs(s)))
            if self.model.stop_training and self.mode == "train" and hooks.every_batch:
                break
        return logs or self._logs(step)

    def _native(self, step: RecordedStep, data: ArrayData, order: Any, first: int, count: int) -> int:
        optimizer = self.model.optimizer if self.mode == "train" else None
        scalars = optimizer.step_scalars(count) if optimizer is not None else ()
        outputs = self._output_arrays(step, data) if self.mode == "predict" else ()
        done, record = step.plan.run_batches(
            data.leaves(), order, first=first, count=count, seconds=SLICE_SECONDS, outputs=outputs, scalars=scalars
        )
        if record >= 0:
            raise stopped(record, self.model, step, self.epoch, first, int(done), order)
        return int(done)

    def _run_batches(self, callbacks: Any) -> dict[str, float]:
        """Batches that come one by one, or a model that runs eagerly."""
        hooks = Hooks(callbacks, self.mode)
        logs: dict[str, float] = {}
        done = 0
        for item in self._batches():
            if self.limit is not None and done >= self.limit:
                break
            hooks.begin(done)
            x, y, weight = unpack_x_y_sample_weight(item)
            x = x if self.arrays else self.model.run_ahead(x)
            data = ArrayData(x, None if self.mode == "predict" else y, weight, method=self.mode)
            if self.mode == "train":
                ensure_built(self.model, data)
                self.model.optimizer.build(self.model.trainable_variables)
            logs = self._eager(data) if self.model.run_eagerly else self._recorded(data)
            done += 1
            hooks.end(done, logs)
            if self.model.stop_training and self.mode == "train":
                break
            if self.limit is not None and done >= self.limit:
                break
        if done == 0:
            raise ValueError(f"{self.mode}: the data gave no batch at all.")
        return logs

    def _recorded(self, data: ArrayData) -> dict[str, float]:
        step = self._step(data, data.rows)
        if self.mode != "predict":
            check_labels(self.model, data)
        self.batch = data.rows
        self._native(step, data, None, 0, 1)
        if self.mode == "predict":
            assert self._outputs is not None
            self._collected.append(pack_like(step.outputs, self._outputs))
            self._outputs = None
        return self._logs(step)

    def _eager(self, data: ArrayData) -> dict[str, float]:
        from .eager import run_eagerly

        outputs = run_eagerly(self.model, self.mode, data)
        if self.mode == "predict":
            self._collected.append(map_structure(np.asarray, outputs))
            return {}
        logs = self.model.get_metrics_result()
        logs.update({k: results.as_number(v) for k, v in (outputs or {}).items()})
        return logs

    def _batches(self) -> Any:
        if not self.arrays:
            if self._iterator is None or self.limit is None:
                self._iterator = self.data()
            return self._iterator
        order = self.model._shuffle.next(self.data.rows) if self.shuffle else np.arange(self.data.rows)
        return (self.data.take(order[i : i + self.batch]) for i in range(0, self.data.rows, self.batch))

    def _logs(self, step: RecordedStep) -> dict[str, float]:
        return {} if self.mode == "predict" else step.read_logs(self.model)

    # ---- predictions -------------------------------------------------------------------------------------------------
    def _output_arrays(self, step: RecordedStep, data: ArrayData) -> list[np.ndarray]:
        if self._outputs is None:
            rows = data.rows if self.limit is None else min(data.rows, self.limit * self.batch)
            self._outputs = [np.empty((rows, *t.shape[1:]), t.dtype) for t in flatten(step.outputs)]
            self._structure = step.outputs
        return self._outputs

    def predictions(self) -> Any:
        """What a run in mode "predict" computed, in the structure of the model's outputs."""
        if self._outputs is not None:
            return pack_like(self._structure, self._outputs)
        first = self._collected[0]
        columns = zip(*(flatten(part) for part in self._collected))
        return pack_like(first, [np.concatenate(column) for column in columns])


class Hooks:
    """Calls the batch hooks of the mode, where anyone listens; draws progress otherwise."""

    def __init__(self, callbacks: Any, mode: str) -> None:
        self.callbacks, self.mode = callbacks, mode
        self.every_batch = callbacks is not None and callbacks.needs_batch_hooks(mode)

    def begin(self, done: int) -> None:
        if self.every_batch:
            getattr(self.callbacks, f"on_{self.mode}_batch_begin")(done)

    def end(self, done: int, logs: Any) -> None:
        if self.every_batch:
            getattr(self.callbacks, f"on_{self.mode}_batch_end")(done - 1, logs() if callable(logs) else logs)
        elif self.callbacks is not None:
            self.callbacks.on_progress(self.mode, done, logs)


def check_labels(model: Any, data: ArrayData) -> None:
    """Integer labels must fit the model's outputs: told before training, with the row of the first bad one."""
    loss = model._compile_loss
    if loss is None or data.y is None:
        return
    named = isinstance(data.y, dict)  # a train_step of the user's own may take y in other forms
    for i, y in enumerate(spread(data.y, loss.names, len(loss.losses)) if named else flatten(data.y)):
        if y is None or not loss.wants_integer_labels(i):
            continue
        shape = loss.shapes[i] if i < len(loss.shapes) else None
        problem = loss.losses[i].label_problem(y.numpy(), shape) if shape else None
        if problem is not None:
            raise ValueError(f"y: output '{loss.names[i]}' {problem}")


def stopped(
    record: int, model: Any, step: RecordedStep, epoch: int | None, first: int, done: int, order: Any = None
) -> Exception:
    """The error for a run that its record of this number stopped, in step `done` of those that begin at row `first`."""
    what = step.plan.records()[record]
    if what["kernel"] != "check_index":
        return non_finite(model, step, epoch, first // step.batch + done)
    position, index, entries = (int(n) for n in step.plan.written(record)[1])
    shape = what["reads"][0]
    place = tuple(int(i) for i in np.unravel_index(position, shape))
    row = ""
    if place and shape[0] == step.batch:
        at = first + done * step.batch + place[0]
        at = at if order is None else int(order[at])
        row = f" (row {at} of the data)" if at != place[0] else ""
    layer = what["layer"].rsplit("/", 1)[-1]
    return ValueError(
        f"Layer '{layer}': index {index} at position {place} of the batch{row} lies outside of the {entries} entries "
        f"(0 to {entries - 1})."
    )


def non_finite(model: Any, step: RecordedStep, epoch: int | None, index: int) -> results.NonFiniteLossError:
    """The error that says where a loss that is not finite came from."""
    rate = float(model.optimizer.learning_rate)
    at = step.plan.find_nonfinite()
    records = step.plan.records()
    origin = "could not be found"
    if 0 <= at < len(records):
        layer, kernel = records[at]["layer"], records[at]["kernel"]
        if kernel == "feed":
            origin = "is in the data that was fed (x, y or sample_weight)"
        else:
            origin = f"came out of layer '{layer}' ({kernel})" if layer else f"came out of the loss ({kernel})"
    where = f"step {index + 1}" if epoch is None else f"epoch {epoch + 1}, step {index + 1}"
    return results.NonFiniteLossError(
        f"Model '{model.name}': the loss is not finite at {where}, with learning rate {rate:g}. The first value that "
        f"is not finite {origin}. The weights are those before this step. Try a smaller learning rate, gradient "
        f"clipping, or scaled inputs; compile(check_finite=False) trains on regardless."
    )
