"""Records a model's step once for each shape of batch; native code runs the recorded plan afterwards."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.tree import flatten
from netlet.engine.needs_values import NeedsValues
from netlet.engine.storage import moved_elsewhere, storage_epoch
from netlet.engine.variable import Variable
from netlet.layers.base.quantization.adopting import changes
from netlet.optimizers.base.finite import FiniteCheck, checking
from netlet.optimizers.base.sharded import aim_gradients

from . import results
from .building import build
from .closure_plan import ClosurePlan
from .data_sources import ArrayData, pack_batch
from .feed import feed
from .metric_logs import LogReader
from .own_fields import step_state
from .own_step import has_own_step, optimizers_of, reports_logs
from .placement import addresses, place
from .sharded_step import rows_here, run_shards, running_for

_ATTEMPTS = 4  # recordings before `record` gives up


class RecordedStep:
    """A plan, with what must be written before a run and read after it.

    Args:
        plan: the recorded step: a `_core.Plan`, or a ClosurePlan for an optimizer that runs it several times.
        batch: rows of a batch.
        outputs: in mode "predict", the structure of the outputs with a recorded Tensor for each leaf; else None.
        logs: what an overridden step returns, by name; None if the metrics are the logs.
        epoch: storage epoch of the recording. A later one means that variables have moved in memory.

    Attributes:
        optimizers: optimizers whose learning rates the plan reads.
        schedules_advance_alone: whether learning rates are looked up before each step, since an overridden step may use
            an optimizer any number of times, and some optimizers skip steps.
        check: the finite check that stops the plan, or None.
        fed: (shape, dtype) of the arrays of one batch.
        addresses: where the tensors of the model and of its optimizers were.
        used: time of the last use, on the clock of the StepCache.
    """

    def __init__(self, plan: Any, batch: int, outputs: Any, logs: dict[str, Any] | None, epoch: int) -> None:
        self.plan, self.batch, self.outputs, self.logs, self.epoch = plan, batch, outputs, logs, epoch
        self.optimizers: list[Any] = []
        self.schedules_advance_alone = False
        self.check: FiniteCheck | None = None
        self.fed: list[tuple[tuple[int, ...], str]] = []
        self.addresses: list[int] = []
        self.used = 0
        self._reader: LogReader | None = None

    def scalars(self, count: int) -> tuple[int, list[Any]]:
        """The scalar cells to write before each of the next steps.

        Args:
            count: number of steps that the caller wants to make.

        Returns:
            (number of steps that one native call may make, [(cell, one value for each step), ...]).
        """
        if len(self.optimizers) == 1 and not self.schedules_advance_alone:
            return count, self.optimizers[0].step_scalars(count)
        if self.schedules_advance_alone and any(o.step_scalars(1) for o in self.optimizers):
            count = 1
        return count, [s for o in self.optimizers for s in o.step_scalars(count)]

    def is_current(self, model: Any) -> bool:
        """Whether the plan uses the memory in which the model's values are now.

        What a thread moves itself always counts: a step may use Variables that the model does not know. What other
        threads move are mostly the weights of other models.
        """
        now = storage_epoch()
        if self.epoch != now:
            if not moved_elsewhere(self.epoch) or self.addresses != addresses(model, self.optimizers):
                return False
            self.epoch = now
        return True

    def read_logs(self, model: Any) -> dict[str, Any]:
        """The logs after a run: the metrics, or what an overridden step returned."""
        if self._reader is None:
            self._reader = LogReader(model, self.logs)
        return self._reader()


class StepCache:
    """The recorded steps of one model, by mode, batch size and the shapes and dtypes of the arrays.

    Each step owns an arena for its intermediate values, so the least recently used steps are dropped: beyond
    `most_steps` in total, or beyond `least_steps` while the arenas exceed `most_bytes`. A dropped step is recorded
    again when it is needed.

    Attributes:
        most_steps: most steps to hold.
        least_steps: steps to hold regardless of memory; enough for training and validation with short last batches.
        most_bytes: bytes of arenas above which only `least_steps` are held.
        repeaters: BatchRepeater by `key_of`, for `train_on_batch` and `test_on_batch`.
        predictors: (step, function) by shape, for `predict_on_batch`.
        eager_modes: modes whose steps cannot be recorded, since an op needs values.
    """

    most_steps = 64
    least_steps = 8
    most_bytes = 1 << 30

    def __init__(self) -> None:
        self._steps: dict[Any, RecordedStep] = {}
        self._clock = itertools.count(1)
        self.repeaters: dict[Any, Any] = {}
        self.predictors: dict[Any, tuple[RecordedStep, Any]] = {}
        self.eager_modes: set[str] = set()
        self._reported: set[str] = set()

    def clear(self) -> None:
        """Discards all recorded steps."""
        self._steps.clear()
        self.repeaters.clear()
        self.predictors.clear()
        self.eager_modes.clear()

    def go_eager(self, model: Any, mode: str, error: NeedsValues) -> None:
        """Makes the steps of a mode run eagerly from now on, with one warning for each op and layer.

        Args:
            model: the Trainer.
            mode: "train", "test" or "predict".
            error: what an op raised while the step was recorded.
        """
        self.eager_modes.add(mode)
        if error.what not in self._reported:
            self._reported.add(error.what)
            warnings.warn(
                f"Model '{model.name}': in {error.what} {error.why}, so its {mode}_step cannot be recorded. The steps "
                "run eagerly, as with run_eagerly=True: Python calls each op for each batch, which takes several times "
                "longer in a model of small layers.",
                stacklevel=2,
            )

    def get(self, model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool = True) -> RecordedStep:
        """The recorded step for a batch; records it if needed.

        Args:
            model: the Trainer.
            mode: "train", "test" or "predict".
            data: the arrays.
            batch: rows of a batch.
            check_finite: whether a training step stops at a loss or a gradient that is not finite.

        Returns:
            The step.

        Raises:
            NeedsValues: an op needs values. The steps of this mode then run eagerly.
        """
        key = (mode, batch, check_finite, data.signature)
        step = self._steps.get(key)
        # A new storage epoch means that a variable moved, e.g. into an optimizer's segment. The plan points at its old
        # memory.
        if step is not None and step.is_current(model):
            self.touch(step)
            return step
        if step is not None:
            self._drop(key)
        try:
            step = self._steps[key] = record(model, mode, data, batch, check_finite)
        except NeedsValues as error:
            self.go_eager(model, mode, error)
            raise
        self.touch(step)
        self._make_room()
        return step

    def last(self, mode: str) -> RecordedStep | None:
        """The step of a mode that was used last; None if there is none."""
        return max((s for key, s in self._steps.items() if key[0] == mode), key=lambda s: s.used, default=None)

    def touch(self, step: RecordedStep) -> None:
        """Marks the step as the most recently used one."""
        step.used = next(self._clock)

    def _make_room(self) -> None:
        """Drops the least recently used steps beyond the limits."""
        steps = sorted(self._steps.items(), key=lambda item: item[1].used)  # a copy: other threads may add some
        held = sum(int(step.plan.arena_bytes) for _, step in steps)
        for key, step in steps:
            most = self.most_steps if held <= self.most_bytes else self.least_steps
            if len(self._steps) <= most:
                return
            held -= int(step.plan.arena_bytes)
            self._drop(key)

    def _drop(self, key: Any) -> None:
        """Drops a step, with the repeaters and predictors that use it."""
        step = self._steps.pop(key, None)  # None: another thread has dropped it
        self.repeaters = {k: r for k, r in self.repeaters.items() if r.step is not step}
        self.predictors = {k: p for k, p in self.predictors.items() if p[0] is not step}


def record(model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool) -> RecordedStep:
    """Records the step of this mode as a plan.

    An optimizer that an overridden step applies for the first time moves its variables into a segment. A recording that
    began before points at their old memory, so the step is recorded again. So is one during which another thread has
    quantized layers.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: the arrays.
        batch: rows of a batch.
        check_finite: whether a training step stops at a loss or a gradient that is not finite.

    Returns:
        The recorded step.

    Raises:
        RuntimeError: variables move in each recording, since the step makes a new optimizer each time.
    """
    while True:
        before = changes()
        try:
            step = _record_settled(model, mode, data, batch, check_finite)
        except Exception:
            if changes() == before:
                raise
        else:
            if changes() == before:
                return step


def _record_settled(model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool) -> RecordedStep:
    """Builds the model and records the step, until no variable moves meanwhile."""
    build(model, mode, data, batch)
    for _ in range(_ATTEMPTS):
        step = _record_once(model, mode, data, batch, check_finite)
        if step.is_current(model):
            return step
    raise RuntimeError(
        f"Model '{model.name}': {mode}_step moves variables each time it is recorded. Make optimizers in `__init__` or "
        "`compile`, not in the step."
    )


def _record_once(model: Any, mode: str, data: ArrayData, batch: int, check_finite: bool) -> RecordedStep:
    """Records the step once; variables may move meanwhile."""
    place(model, optimizers_of(model, mode))
    epoch, state = storage_epoch(), step_state(model)
    places = addresses(model, optimizers_of(model, mode))
    tape = _core.Tape(record=True, trains=mode == "train")
    cell = state.cell if mode == "train" else state.draws
    tape.set_step(cell)
    check = FiniteCheck() if check_finite and mode == "train" else None
    outputs: Any = None
    logs: dict[str, Any] | None = None
    with tape:
        with checking(check):
            returned = _record_batch(tape, model, mode, data, batch)
            if mode == "predict":
                outputs = returned
            elif reports_logs(model, mode):
                logs = _keep(results.checked_logs(returned, f"{mode}_step"))
        if mode == "train" or tape.next_stream():
            _core.increment(cell)
        if check is not None:
            tape.guard(check.flag)
        plan = tape.compile([_output(t) for t in flatten(outputs)] if mode == "predict" else [])
    step = RecordedStep(plan, batch, outputs, logs, epoch)
    step.optimizers, step.addresses = optimizers_of(model, mode), places
    step.schedules_advance_alone = has_own_step(model, mode) or any(o.may_skip for o in step.optimizers)
    if any(o.needs_closure for o in step.optimizers):
        step.plan = ClosurePlan(plan, batch, model, step.optimizers, logs)
    step.check = check
    step.fed = [((batch, *t.shape[1:]), t.dtype) for t in data.leaves()]
    return step


def _record_batch(tape: _core.Tape, model: Any, mode: str, data: ArrayData, batch: int) -> Any:
    """Records the step for a batch, as a whole or shard by shard, and returns what it returned."""
    optimizers = optimizers_of(model, mode)
    running = running_for(mode, data, batch)
    if running is None:
        _aim_gradients(tape, model, optimizers)
        return getattr(model, f"{mode}_step")(pack_batch(data, feed(tape, model, mode, data, batch)))
    fed = feed(tape, model, mode, data, batch, rows_here(running, data))
    return run_shards(
        model, mode, data, running, fed, before=lambda slot: aim_gradients(tape, optimizers, slot, running)
    )


def _aim_gradients(tape: _core.Tape, model: Any, optimizers: list[Any]) -> None:
    """Makes the tape write gradients into the optimizers' segments, so that one kernel updates all parameters."""
    targets: dict[int, _core.Tensor] = {}
    rows: dict[int, _core.RowMap] = {}
    for optimizer in optimizers:
        if optimizer.built:
            targets.update(optimizer.gradient_targets())
            rows.update(optimizer.gradient_rows())
    for v in model.trainable_variables if targets else ():
        if id(v) in targets:
            tape.set_grad_target(v._tensor, targets[id(v)], rows.get(id(v)))


def _output(value: Any) -> _core.Tensor:
    """An output as a Tensor."""
    tensor = getattr(value, "_tensor", value)
    return tensor if isinstance(tensor, _core.Tensor) else _core.tensor(tensor)


def _keep(returned: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The logs of a step; recorded Tensors are copied at each run to Tensors that Python can read."""
    if returned is None:
        return None
    kept: dict[str, Any] = {}
    for name, value in returned.items():
        if isinstance(value, _core.Tensor) and value.recorded:
            kept[name] = _core.empty(value.shape, value.dtype)
            _core.assign(value, kept[name])
        else:
            known = isinstance(value, (_core.Tensor, Variable)) or callable(value)
            kept[name] = value if known else np.asarray(value)
    return kept
