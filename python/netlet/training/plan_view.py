"""PlanView, the result of `model.plan(...)`: the kernels of a recorded step and their times."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .own_fields import step_state
from .own_step import optimizers_of
from .phases import phases
from .step import RecordedStep


class PlanView:
    """A view of a recorded step: `describe()` lists its kernels, `profile()` times them.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".
        step: the recorded step.
        rows: arrays of one batch, which `profile` runs the step on.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(2, "relu")])
    >>> print(model.plan(np.zeros((8, 4), "float32"), batch_size=8).describe())  # doctest: +ELLIPSIS
    predict step of ..., batch of 8...
    """

    def __init__(self, model: Any, mode: str, step: RecordedStep, rows: list[np.ndarray]) -> None:
        self._model, self._mode, self._step, self._rows = model, mode, step, rows
        self._timed: list[dict[str, Any]] = []

    @property
    def arena_bytes(self) -> int:
        """Size in bytes of the arena that holds all intermediate values."""
        return int(self._step.plan.arena_bytes)

    @property
    def title(self) -> str:
        """The mode, the model's name and the batch size in one line."""
        return f"{self._mode} step of '{self._model.name}', batch of {self._step.batch}"

    def records(self) -> list[dict[str, Any]]:
        """The kernel calls of the step, in their order.

        Returns:
            List of dicts with "layer", "phase" ("forward", "backward" or "update"), "kernel", "isa", "reads" and
                "writes" (shapes), "bytes", "flops", "chunks", "seconds" (of all profiled runs so far), "chain" and
                "parts": kernels of one chain, which have the same number above 0, run part by part of the batch.
        """
        records = list(self._step.plan.records())
        return [{**r, "phase": phase} for r, phase in zip(records, phases(records, self._mode), strict=True)]

    def describe(self) -> str:
        """The kernel calls as a table.

        Returns:
            Text with a row for each call: layer, kernel, instruction set, shapes read and written, bytes, FLOPs, chunks
                of work. "1/16" instead of the chunks: this kernel and its neighbours with the same mark run one after
                the other on a sixteenth of the batch, then on the next, so that their values stay in a cache.
        """
        return self._table(self.records(), timed=False)

    def profile(self, steps: int = 50) -> str:
        """The table of `describe` with microseconds, GFLOP/s and GB/s of each kernel.

        The values of the model, its metrics and its optimizers are restored afterwards.

        Args:
            steps: number of runs; default 50. A time is the mean of the middle half of its times.

        Returns:
            The table as text.

        Raises:
            ValueError: `steps` is less than 1.
        """
        return self._table(self.timed_records(steps), timed=True)

    def timed_records(self, steps: int = 50) -> list[dict[str, Any]]:
        """The records, whose "seconds" are those of one step, measured now.

        The values of the model, its metrics and its optimizers are restored afterwards.

        Args:
            steps: number of runs; default 50. A time is the mean of the middle half of its times.

        Returns:
            A list of dicts as from `records`.

        Raises:
            ValueError: `steps` is less than 1.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(2, name="out")])
        >>> record = model.plan(np.zeros((8, 4), "float32")).timed_records(steps=5)[-1]
        >>> record["layer"].endswith("out"), record["phase"], record["seconds"] >= 0
        (True, 'forward', True)
        """
        if steps < 1:
            raise ValueError(f"profile: expected `steps` of at least 1, received {steps}.")
        plan = self._step.plan
        sums = [[r["seconds"] for r in plan.records()]]
        state = _snapshot(self._model, self._mode)
        try:
            for _ in range(steps):
                plan.run(self._rows, profiled=True)
                sums.append([r["seconds"] for r in plan.records()])
        finally:
            for tensor, value in state:
                tensor.copy_from(value)
        records = self.records()
        times = np.sort(np.diff(sums, axis=0), axis=0)  # (steps, records)
        middle = times[steps // 4 : steps - steps // 4].mean(axis=0)  # without interruptions by other programs
        for r, seconds in zip(records, middle.tolist(), strict=True):
            r["seconds"] = seconds
        self._timed = records
        return records

    def chunk_seconds(self, steps: int = 20) -> list[list[float]]:
        """The times of the chunks into which the records are split for threads, measured on this thread alone.

        A record takes as long on many threads as its longest chunk, at least (`python -m bench.schedule`). The values
        of the model, its metrics and its optimizers are restored afterwards.

        Args:
            steps: number of runs; default 20.

        Returns:
            A list for each record, in their order: the shortest time of each of its chunks in seconds. It is empty
                where the record does not run: its result is known already.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((4,)), netlet.layers.Dense(2)])
        >>> [len(chunks) for chunks in model.plan(np.zeros((8, 4), "float32")).chunk_seconds(steps=3)]
        [1]
        """
        state = _snapshot(self._model, self._mode)
        try:
            found: list[list[float]] = self._step.plan.chunk_seconds(self._rows, steps)
        finally:
            for tensor, value in state:
                tensor.copy_from(value)
        return found

    def _table(self, records: list[dict[str, Any]], timed: bool) -> str:
        """The table as text; with times if `timed`."""
        head = ["layer", "kernel", "isa", "reads", "writes", "bytes", "flops", "chunks"]
        head += ["us", "GFLOP/s", "GB/s"] if timed else []
        rows = [head]
        for r in records:
            row = [r["layer"], r["kernel"], r["isa"], _shapes(r["reads"]), _shapes(r["writes"])]
            row += [f"{r['bytes']:,}", f"{int(r['flops']):,}", f"1/{r['parts']}" if r["chain"] else str(r["chunks"])]
            if timed:
                s = max(r["seconds"], 1e-12)
                row += [f"{s * 1e6:.2f}", f"{r['flops'] / s / 1e9:.1f}", f"{r['bytes'] / s / 1e9:.1f}"]
            rows.append(row)
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = ["  ".join(_align(cell, w, i) for i, (cell, w) in enumerate(zip(row, widths))) for row in rows]
        lines.insert(1, "  ".join("-" * w for w in widths))
        total = f"{len(records)} kernels, {sum(r['bytes'] for r in records):,} bytes, "
        total += f"{int(sum(r['flops'] for r in records)):,} FLOPs, arena {self.arena_bytes:,} bytes"
        if timed:
            total += f", {sum(r['seconds'] for r in records) * 1e6:.1f} us"
        return "\n".join([f"{self.title}: {total}", *(line.rstrip() for line in lines)])

    def __repr__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        """The records as a table, with the times of the last `profile` if there was one, for notebooks."""
        from .plan_html import plan_html  # only notebooks need these modules

        return plan_html(self.title, self._timed or self.records(), bool(self._timed))


def _align(cell: str, width: int, column: int) -> str:
    """The cell, padded to the column's width: text columns to the left, numbers to the right."""
    return cell.ljust(width) if column < 5 else cell.rjust(width)


def _shapes(shapes: Any) -> str:
    """Shapes as text, e.g. "8x4 4x2"; a scalar is "1"."""
    return " ".join("x".join(map(str, s)) if len(s) else "1" for s in shapes)


def _snapshot(model: Any, mode: str) -> list[tuple[_core.Tensor, np.ndarray]]:
    """A copy of each Tensor that a step changes, as (Tensor, values)."""
    cell = step_state(model).cell if mode == "train" else step_state(model).draws
    if mode == "predict":
        return [(cell, cell.numpy().copy())]
    variables = [*model.variables, *(v for m in model.metrics for v in m.variables)]
    if mode == "train":
        variables += [v for optimizer in optimizers_of(model, mode) for v in optimizer.variables]
    tensors = [v._tensor for v in variables] + [cell]
    return [(t, t.numpy().copy()) for t in tensors]
