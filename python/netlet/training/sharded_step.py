"""One step of a model, as a whole or shard by shard if a distribution is set."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core
from netlet.config import numpy_dtype
from netlet.distribution.data_parallel import active_distribution
from netlet.distribution.layout import Shard
from netlet.distribution.running import Running
from netlet.layers.base.tracking import flatten_layers
from netlet.optimizers.base.sharded import aim_gradients

from .data_sources import ArrayData, pack_batch
from .feed import feed
from .own_step import optimizers_of


def running_for(mode: str, data: ArrayData, batch: int) -> Running | None:
    """The data-parallel step for a batch; None if it is computed as a whole.

    Args:
        mode: "train", "test" or "predict".
        data: the arrays.
        batch: rows of a batch.

    Raises:
        ValueError: arrays with different numbers of rows.
    """
    parallel = active_distribution()
    if parallel is None or mode == "predict":
        return None
    if not data.even:
        raise ValueError(f"{data.method}: data-parallel training expects arrays with the same number of rows.")
    return Running(parallel.communicator, parallel.layout(batch), parallel.synchronized)


def record_step(tape: _core.Tape, model: Any, mode: str, data: ArrayData, batch: int) -> Any:
    """Records the step of a mode on the current tape, and returns what it returned.

    Args:
        tape: the recording.
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: the arrays.
        batch: rows of a batch.
    """
    step, optimizers = getattr(model, f"{mode}_step"), optimizers_of(model, mode)
    running = running_for(mode, data, batch)
    if running is None:
        _aim_gradients(tape, model, optimizers)
        return step(pack_batch(data, feed(tape, model, mode, data, batch)))
    first, last = running.shards[0].first, running.shards[-1]
    fed = feed(tape, model, mode, data, batch, (first, last.first + last.rows - first))
    slots = {id(shard): slot for slot, shard in enumerate(running.shards)}

    def compute(shard: Shard) -> Any:
        aim_gradients(tape, optimizers, slots[id(shard)], running)
        return step(pack_batch(data, _rows(fed, shard, first)))

    results = running.run(compute, lambda: _OwnLosses(model))
    return results[0]


class _OwnLosses:
    """Context manager: inside, the layers of a model have the losses that one shard has added with `add_loss`."""

    def __init__(self, model: Any) -> None:
        self._layers = flatten_layers(model)
        self._losses: list[list[Any]] = [[] for _ in self._layers]

    def __enter__(self) -> None:
        for i, layer in enumerate(self._layers):
            self._losses[i], mine = layer._losses, self._losses[i]
            object.__setattr__(layer, "_losses", mine)

    def __exit__(self, *error: object) -> None:
        self.__enter__()


def _rows(tensors: list[_core.Tensor], shard: Shard, first: int) -> list[_core.Tensor]:
    """The rows of a shard, in tensors that begin with row `first` of the batch."""
    parts = []
    for t in tensors:
        row = math.prod(t.shape[1:]) * numpy_dtype(t.dtype).itemsize
        parts.append(_core.view(t, (shard.rows, *t.shape[1:]), (shard.first - first) * row))
    return parts


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
