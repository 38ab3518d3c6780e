"""Mean and variance over the whole batch of a data-parallel step, of which this code computes one shard."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core, config, ops
from netlet.distribution.running import current_shard, global_sum, running_step


def counts_whole_batch(synchronized: bool) -> bool:
    """Whether batch statistics are those of the whole batch and not of this shard.

    Args:
        synchronized: what the layer asks for. The distribution may ask for it too.
    """
    return current_shard() is not None and (synchronized or running_step().synchronized)


def moments_of_batch(x: Any, axis: int, mask: Any = None) -> tuple[Any, Any]:
    """Mean and variance of each channel over all shards, with gradients.

    With n elements in this shard and N in the batch, each shard adds n mean and n (variance + mean^2) in float64:

        Mean = sum(n mean) / N,   Variance = sum(n (variance + mean^2)) / N - Mean^2

    and dx = (dMean + 2 (x - Mean) dVariance) / N, where dMean and dVariance are sums over the shards too.

    Args:
        x: (N, ..., C, ...), a shard.
        axis: of the channels.
        mask: of x's shape, which elements count; None for all.

    Returns:
        (mean, variance), each (C,).
    """
    shard = current_shard()
    assert shard is not None
    axis %= len(x.shape)
    over = [i for i in range(len(x.shape)) if i != axis]
    wide = [n if i == axis else 1 for i, n in enumerate(x.shape)]
    channels = x.shape[axis]
    found: dict[str, Any] = {}  # what backward needs

    def compute() -> list[Any]:
        own = x if mask is None else ops.where(mask, x, 0.0)
        n = float(math.prod(x.shape) // channels) if mask is None else ops.sum(ops.cast(mask, "float64"), over)
        mean = ops.divide_no_nan(ops.cast(ops.sum(own, over), "float64"), n)
        deviation = ops.subtract(own, ops.reshape(ops.cast(mean, x.dtype), wide))
        if mask is not None:
            deviation = ops.where(mask, deviation, 0.0)
        squares = ops.cast(ops.sum(ops.square(deviation), over), "float64")
        counts = ops.add(ops.zeros((channels,), "float64"), n)
        parts = [counts, ops.multiply(mean, n), ops.add(squares, ops.multiply(ops.square(mean), n))]
        counts, sums, squares = ops.split(global_sum(ops.concatenate(parts)), 3)
        counts = ops.maximum(counts, 1.0) if mask is None else ops.add(counts, config.epsilon())
        mean = ops.divide(sums, counts)
        variance = ops.maximum(ops.subtract(ops.divide(squares, counts), ops.square(mean)), 0.0)
        found.update(counts=counts, mean=mean)
        return [ops.cast(mean, x.dtype), ops.cast(variance, x.dtype)]

    def gradient(*dy: Any) -> list[Any]:
        zeros = ops.zeros((channels,), "float64")
        parts = [zeros if d is None else ops.multiply(ops.cast(d, "float64"), shard.share) for d in dy]
        total = global_sum(ops.concatenate(parts))
        n = ops.multiply(found["counts"], shard.share)
        dmean, dvariance = (ops.cast(ops.divide(d, n), x.dtype) for d in ops.split(total, 2))
        deviation = ops.subtract(x, ops.reshape(ops.cast(found["mean"], x.dtype), wide))
        dx = ops.add(ops.multiply(deviation, ops.reshape(ops.multiply(dvariance, 2.0), wide)), ops.reshape(dmean, wide))
        return [dx if mask is None else ops.where(mask, dx, 0.0)]

    outputs = _core.without_gradient(compute)
    mean, variance = _core.custom_backward([x], outputs, gradient, None, "moments_of_batch")
    return mean, variance
