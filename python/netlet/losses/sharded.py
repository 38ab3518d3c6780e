"""Losses of the shards of a batch, in data-parallel training.

The loss of the batch is the mean of what its shards compute, weighted by their rows. A loss that does not divide by the
number of its values, or that divides by a sum over the whole batch, is scaled here so that this is exact.
"""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet.distribution.running import current_shard, global_sum


def part_of_batch(loss: Any, weight: Any, reduction: str | None) -> Any:
    """The reduced loss of a shard, scaled so that the batch's loss is the mean over the shards.

    Args:
        loss: scalar, reduced over the shard.
        weight: the weights of its values, or None.
        reduction: how it was reduced.

    Returns:
        The scaled loss; `loss` itself outside of data-parallel steps.
    """
    shard = current_shard()
    if shard is None:
        return loss
    if reduction == "sum":
        return _core.multiply(loss, 1.0 / shard.share)
    if reduction != "mean_with_sample_weight" or weight is None:
        return loss
    own = ops.stop_gradient(ops.sum(weight))
    factor = ops.divide_no_nan(own, global_sum(own))
    return _core.multiply(loss, _core.multiply(_core.cast(factor, loss.dtype), 1.0 / shard.share))


def count_in_batch(count: Any) -> Any:
    """The number of values that count in the batch, over its number of shards' rows: what divides a masked mean.

    Args:
        count: scalar Tensor, the number in this shard; the number itself outside of data-parallel steps.
    """
    shard = current_shard()
    return count if shard is None else _core.multiply(global_sum(count), shard.share)
