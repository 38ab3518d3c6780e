"""Promise 4: softmax, log-softmax and cross-entropy neither overflow nor lose digits at ±88, ±1e4 and −inf."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import losses, ops

from .isas import forced, levels_with_own_functions

BOUND = 2e-6  # relative; an error of 1 ULP is at most 1.2e-7


def check() -> list[str]:
    x = rows()
    labels = np.arange(len(x)) % x.shape[1]
    labels[np.isinf(x[np.arange(len(x)), labels])] = 0
    wide = x.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    log = wide - np.log(np.exp(wide).sum(-1, keepdims=True))
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    broken = []
    for isa in forced(levels_with_own_functions()):
        for name, got, want in (
            ("softmax", ops.softmax(x), np.exp(log)),
            ("log_softmax", ops.log_softmax(x), log),
            ("cross-entropy", loss(labels, x), -log[np.arange(len(x)), labels]),
        ):
            if not close(np.asarray(got, np.float64), want):
                broken.append(f"{isa}: {name}")
    return broken


def rows(width: int = 37) -> Any:
    """Rows around 0, ±88 and ±1e4, far apart, and with entries of −inf; the first entry is finite in all."""
    rng = np.random.default_rng(7)
    middles = np.array([0, 88, -88, 1e4, -1e4, 3e38, -3e38])[:, None]
    x = [middles + rng.normal(size=(7, width)), rng.choice([-1e4, -88.0, 0, 88, 1e4], (20, width))]
    infinite = np.where(rng.random((20, width)) < 0.7, -np.inf, rng.normal(size=(20, width)))
    infinite[:, 0] = 1
    return np.concatenate([*x, infinite]).astype(np.float32)


def close(got: Any, want: Any) -> bool:
    """Whether all are within `BOUND`, beside numbers that float32 cannot hold."""
    with np.errstate(invalid="ignore"):
        near = np.abs(got - want) <= BOUND * np.abs(want) + np.finfo(np.float32).tiny
    return bool((near | (got == want)).all())
