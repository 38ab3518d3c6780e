"""A step that data-parallel training computes shard by shard: recorded, or run in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.config import numpy_dtype
from netlet.distribution.data_parallel import active_distribution
from netlet.distribution.layout import Layout, Shard
from netlet.distribution.running import Running
from netlet.layers.base.tracking import flatten_layers

from . import results
from .data_sources import ArrayData, pack_batch
from .shard_logs import NotedResults, logs_of_batch


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
    ranks = parallel.communicator.size
    if data.rows_of_ranks is None:
        layout = Layout.of_batch(batch, parallel.shards, ranks)
    else:
        layout = Layout.of_parts(data.rows_of_ranks, parallel.shards)
    return Running(parallel.communicator, layout, parallel.synchronized)


def rows_here(running: Running, data: ArrayData) -> tuple[int, int] | None:
    """(first row, number of rows) of the batch that this rank computes; None if the data are its own part of it."""
    if data.rows_of_ranks is not None:
        return None
    first, last = running.shards[0], running.shards[-1]
    return first.first, last.first + last.rows - first.first


def run_shards(
    model: Any,
    mode: str,
    data: ArrayData,
    running: Running,
    tensors: list[_core.Tensor],
    step: int = 0,
    before: Callable[[int], None] | None = None,
) -> Any:
    """Runs the step of a mode for each shard of this rank.

    Args:
        model: the Trainer.
        mode: "train" or "test".
        data: the arrays.
        running: the step.
        tensors: the rows of this rank, of each array.
        step: number of the step if it runs in Python; 0 while it is recorded.
        before: called for each shard with its position in `running.shards`, before its step.

    Returns:
        What the step returns for the whole batch: the mean over the shards, and for names of metrics their results.
    """
    method = getattr(model, f"{mode}_step")
    # The tensors hold a part of the batch, or in an eager step with shared data the whole batch.
    whole = tensors[0].shape[0] == running.shards[0].batch
    first = 0 if whole else running.shards[0].first
    slots = {id(shard): slot for slot, shard in enumerate(running.shards)}

    def compute(shard: Shard) -> Any:
        if before is not None:
            before(slots[id(shard)])
        rows = [_rows(t, shard, first) for t in tensors]
        return results.checked_logs(method(pack_batch(data, rows)), f"{mode}_step")

    with NotedResults(model.metrics) as noted:
        logs = running.run(compute, lambda: _OwnLosses(model), step)
    return logs_of_batch(model, running, logs, noted)


def _rows(t: _core.Tensor, shard: Shard, first: int) -> _core.Tensor:
    """The rows of a shard, in a tensor that begins with row `first` of the batch."""
    row = math.prod(t.shape[1:]) * numpy_dtype(t.dtype).itemsize
    return _core.view(t, (shard.rows, *t.shape[1:]), (shard.first - first) * row)


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
