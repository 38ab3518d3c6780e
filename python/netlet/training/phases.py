"""The phases of a recorded step: forward, backward and update."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_GRADIENT = re.compile(r"_bwd|_grad\b|_grad_")
_UPDATE = re.compile(r"_update|^clip_|^accumulate_gradient|^divide_gradient")


def phases(records: Sequence[dict[str, Any]], mode: str) -> list[str]:
    """The phase of each record, from the kernels' names and their order.

    Backward begins with the gradient of the loss, 1. Update begins after the last layer's gradients; it also has what
    follows the optimizer: metrics and moving averages.

    Args:
        records: of a plan, in the order of execution.
        mode: "train", "test" or "predict". Only a training step has more than the forward phase.

    Returns:
        "forward", "backward" or "update" for each record.

    >>> kernels = [("a", "gemm"), ("", "loss_fwd"), ("", "fill"), ("", "loss_bwd"), ("a", "gemm"), ("", "sgd_update")]
    >>> phases([{"layer": layer, "kernel": kernel} for layer, kernel in kernels], "train")
    ['forward', 'forward', 'backward', 'backward', 'backward', 'update']
    """
    count = len(records)
    if mode != "train":
        return ["forward"] * count
    outside = [not r["layer"] for r in records]
    backward = next((i for i, r in enumerate(records) if _GRADIENT.search(r["kernel"])), count)
    seeds = [i for i in range(backward) if outside[i] and records[i]["kernel"].startswith("fill")]
    backward = seeds[-1] if seeds else backward
    update = next((i for i in range(count) if outside[i] and _UPDATE.search(records[i]["kernel"])), count)
    backward = min(backward, update)
    while update > backward and update < count and outside[update - 1] and not all(outside[backward:update]):
        update -= 1
    return ["forward"] * backward + ["backward"] * (update - backward) + ["update"] * (count - update)
