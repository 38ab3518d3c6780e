"""The penalties that regularizers put on weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import ops
from netlet.distribution.running import current_shard


def weight_penalties(variables: Sequence[Any]) -> list[Any]:
    """A scalar for each variable with a regularizer.

    In a data-parallel step they count once in a batch: the first shard has them, scaled for the mean over all shards.

    Args:
        variables: trainable Variables.
    """
    shard = current_shard()
    if shard is not None and not shard.leads:
        return []
    penalties = [v.regularizer(v) for v in variables if v.regularizer is not None]
    return penalties if shard is None else [ops.multiply(p, 1.0 / shard.share) for p in penalties]
