"""Metrics that count: true and false positives of many thresholds, a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import torch_peer
from bench.harness.row import Case, Row, uniform
from netlet import _core


def thresholds(n: int, count: int, spacing: str) -> Case:
    """The state of `metrics.AUC`: four counts per threshold. The peers compute two, which give the others."""
    x = uniform(n, 0, 1)
    y = (uniform(n, 0, 1)[::-1] < 0.3).astype("float32")
    at, order = np.linspace(0, 1, count).astype("float32"), np.arange(count, dtype="int32")
    state = [_core.tensor(np.zeros(count)) for _ in range(4)]

    def ours(y: Any, x: Any) -> Any:
        _core.accumulate_confusion(y, x, None, None, at, order, *state, spacing=spacing)
        return state[0]

    def numpy() -> Any:
        even = spacing == "even"
        buckets = np.ceil(x * np.float32(count - 1)).astype(int) if even else np.searchsorted(at, x)
        tp, _ = (np.bincount(buckets, w, count + 1)[::-1].cumsum()[::-1][1:] for w in (y, 1 - y))
        return tp

    def torch(torch: Any, y: Any, x: Any) -> Any:
        even = spacing == "even"
        buckets = torch.ceil(x * (count - 1)).long() if even else torch.bucketize(x, torch.from_numpy(at))
        tp, _ = (torch.bincount(buckets, w, count + 1).flip(0).cumsum(0).flip(0)[1:] for w in (y, 1 - y))
        return tp

    return Case(
        ours=ours,
        on=[y, x],
        truth=numpy(),
        peers={"numpy": numpy, **torch_peer(torch, y, x)},
        bytes=2 * x.nbytes,
        in_place=True,
    )


def matrix(n: int, classes: int) -> Case:
    rng = np.random.default_rng(0)
    t, p = (rng.integers(0, classes, n).astype("int32") for _ in range(2))
    state = _core.tensor(np.zeros((classes, classes)))

    def count_pairs(t: Any, p: Any) -> Any:
        _core.accumulate_confusion_matrix(t, p, None, state)
        return state

    def pairs() -> Any:
        return np.bincount(t * classes + p, minlength=classes**2)

    return Case(
        ours=count_pairs,
        on=[t, p],
        truth=pairs().reshape(classes, classes),
        peers={
            "numpy": lambda: pairs().reshape(classes, classes),
            **torch_peer(
                lambda torch, t, p: torch.bincount(t * classes + p, minlength=classes**2).reshape(classes, classes),
                t,
                p,
            ),
        },
        bytes=2 * t.nbytes,
        in_place=True,
    )


def rows() -> Iterator[Row]:
    for n in (1280, 1 << 20):
        yield Row(f"counts {n} at 1 threshold", partial(thresholds, n, 1, "any"))
        yield Row(f"counts {n} at 200 even thresholds", partial(thresholds, n, 200, "even"))
        yield Row(f"counts {n} at 200 thresholds", partial(thresholds, n, 200, "any"))
        yield Row(f"confusion matrix {n} of 20 classes", partial(matrix, n, 20))
