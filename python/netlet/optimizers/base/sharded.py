"""The update of a data-parallel step: the gradients of all shards of all ranks are summed, then applied once.

The gradients of a shard are one row of memory, laid out as the optimizer's segment. The update reads their sum where
the exchange has left it: the gradient of the whole batch, and behind it the loss, so that all ranks check the same
numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from netlet import _core
from netlet.distribution.exchange import GradientExchange
from netlet.distribution.running import Running, running_step
from netlet.engine.variable import Variable

from . import finite
from .segment import ALIGNMENT, Place, Segment, as_gradient

# The number of shards of each rank, and the exchange that was made for these.
_exchanges: WeakKeyDictionary[Segment, tuple[list[int], GradientExchange]] = WeakKeyDictionary()


@dataclass
class ShardGradients:
    """What one shard gives to `apply`: its gradients, and losses that were not checked."""

    optimizer: Any
    gradients: Sequence[Any]
    variables: Sequence[Variable] | None
    losses: list[_core.Tensor]


def shard_rows(segment: Segment, running: Running) -> Any:
    """The rows of memory for the gradients of the shards; see `running.Rows`."""
    per_rank, found = _exchanges.get(segment, (None, None))
    if found is None or per_rank != running.layout.per_rank:
        found = running.new_exchange(segment.size + ALIGNMENT, segment.dtype)
        _exchanges[segment] = running.layout.per_rank, found
    return running.sum_rows(segment.size + ALIGNMENT, segment.dtype, "sum_gradients", found)


def aim_gradients(tape: _core.Tape, optimizers: Sequence[Any], slot: int, running: Running) -> None:
    """Makes backward write the gradients of the shard in a slot straight to its rows.

    Args:
        tape: the recording.
        optimizers: those that the step may use.
        slot: position of the shard in `running.shards`.
        running: the step.
    """
    for optimizer in optimizers:
        rows: dict[int, Any] = {}
        for v in optimizer._trainable_variables if optimizer.built else ():
            at: Place = optimizer._places[id(v)]
            if id(at.segment) not in rows:
                rows[id(at.segment)] = shard_rows(at.segment, running).rows[slot]
            tape.set_grad_target(v._tensor, at.of(rows[id(at.segment)], v.shape))


def apply_together(given: list[ShardGradients]) -> list[None]:
    """Makes one update with the gradients of all shards; `Optimizer.apply` of each shard meets here.

    Args:
        given: of each shard of this rank.
    """
    running, optimizer = running_step(), given[0].optimizer
    if any(g.optimizer is not optimizer for g in given):
        raise RuntimeError("The shards of a batch apply different optimizers: expected the same order.")
    pairs = optimizer._pairs(list(given[0].gradients), given[0].variables)
    places: dict[int, Place] = {id(v): optimizer._places[id(v)] for _, v in pairs}
    segments = list({id(at.segment): at.segment for at in places.values()}.values())
    totals: dict[int, _core.Tensor] = {}
    for segment in segments:
        segment.forget_rows()
        sums = shard_rows(segment, running)
        for shard, row in zip(given, sums.rows, strict=True):
            _fill(row, segment, shard, places)
            _write_loss(row, segment, shard.losses)
        segment.total = totals[id(segment)] = sums.total(weighted=True)
        if any(shard.losses for shard in given):
            finite.expect_finite_loss(segment.view(segment.total, segment.size, ()))
    optimizer._apply([(places[id(v)].of(totals[id(places[id(v)].segment)], v.shape), v) for _, v in pairs])
    return [None] * len(given)


def _fill(row: _core.Tensor, segment: Segment, shard: ShardGradients, places: dict[int, Place]) -> None:
    """Copies to the row those gradients that backward has not written there."""
    variables = shard.optimizer._trainable_variables if shard.variables is None else shard.variables
    for gradient, v in zip(shard.gradients, variables, strict=True):
        at = places.get(id(v))
        if at is None or at.segment is not segment:
            continue
        if gradient is None:
            raise RuntimeError(f"The gradient of '{v.path}' exists in some shards of a batch only.")
        gradient, target = as_gradient(gradient, v), at.of(row, v.shape)
        if gradient.recorded or gradient.address != target.address:
            _core.assign(gradient, target)


def _write_loss(row: _core.Tensor, segment: Segment, losses: Sequence[_core.Tensor]) -> None:
    """Writes the sum of a shard's losses behind its gradients."""
    total: Any = _core.tensor(np.zeros(()), segment.dtype)
    for loss in losses:
        total = _core.add(total, _core.cast(_core.view(loss, ()), segment.dtype))
    _core.assign(total, segment.view(row, segment.size, ()))
