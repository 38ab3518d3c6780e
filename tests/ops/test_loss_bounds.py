"""Loss, metric and optimizer kernels access no byte outside their operands, which border on protected pages."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.gradients import gradient
from support.guarded import guarded

COLUMNS = [1, 2, 7, 8, 9, 15, 16, 17, 33]
POINTWISE = ["squared_error", "huber", "binary_crossentropy", "binary_crossentropy_logits", "kl_divergence", "hinge"]


@pytest.fixture(params=["begin", "end"])
def fence(request):
    return lambda x: guarded(np.ascontiguousarray(x), request.param)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cols", COLUMNS)
def test_losses(isa, fence, cols, dtype):
    rng = np.random.default_rng(cols)
    rows = 5
    x = fence(rng.uniform(0.1, 0.9, (rows, cols)).astype(dtype))
    t = fence(rng.uniform(0.1, 0.9, (rows, cols)).astype(dtype))
    w = fence(rng.uniform(0.1, 0.9, rows).astype(dtype))
    labels = fence(rng.integers(0, cols, rows).astype("int32"))
    outside = fence(np.array([-1, cols, 2**31 - 1, -(2**31), 0], dtype="int32"))
    for reduction in ("none", "mean", "mean_with_sample_weight"):
        weights = None if reduction == "none" else w
        for kind in POINTWISE:
            gradient_of(lambda v, k=kind, r=reduction, s=weights: _core.loss_pointwise(k, t, v, s, r), x)
        for from_logits in (False, True):
            for targets in (labels, outside):
                gradient_of(
                    lambda v, y=targets, r=reduction, s=weights, f=from_logits: (
                        _core.loss_sparse_categorical_crossentropy(y, v, s, r, f)
                    ),
                    x,
                )
            gradient_of(
                lambda v, r=reduction, s=weights, f=from_logits: _core.loss_categorical_crossentropy(
                    t, v, s, r, f, 0.1
                ),
                x,
            )
    _core.loss_reduce(x, w, None, "sum")
    _core.hinge_labels(t)


def gradient_of(f, x):
    """Runs f and its gradient on the guarded memory of x itself; the value is compared with that of a copy of x."""
    leaf = _core.as_tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(leaf)
        tape.gradients(y, [leaf])
    clean = gradient(f, np.array(x))[0]
    np.testing.assert_array_equal(y.numpy(), clean)


@pytest.mark.parametrize("cols", COLUMNS)
def test_metrics(isa, fence, cols):
    rng = np.random.default_rng(cols)
    x, t = fence(rng.normal(size=(6, cols))), fence(rng.normal(size=(6, cols)))
    labels, w = fence(rng.integers(0, cols, 6).astype("int8")), fence(rng.uniform(size=6))
    state = _core.tensor(np.zeros(2))
    for kind, target in (("sparse", labels), ("categorical", t), ("binary", t), ("equal", t)):
        _core.accuracy(kind, target, x)
        _core.accumulate_accuracy(kind, target, x, w, state)
    _core.accumulate_mean(x, w, state)
    assert np.isfinite(state.numpy()).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", COLUMNS)
def test_optimizers(isa, fence, n, dtype):
    rng = np.random.default_rng(n)
    p, g, m, v, h = (_core.as_tensor(fence(rng.uniform(0.1, 1, n).astype(dtype))) for _ in range(5))
    lr, iteration = _core.tensor(0.1, "float64"), _core.tensor(1, "int64")
    _core.sgd_update(p, g, m, lr, iteration, 0.9)
    _core.adam_update(p, g, m, v, h, lr, iteration)
    h.copy_from(np.zeros(n))
    _core.rmsprop_update(p, g, v, m, h, lr, iteration, 0.9, 0.9)
    _core.ema_update(p, m, iteration)
    _core.accumulate_gradient(g, m, g, iteration, 2)
    _core.clip_gradient_value(g, g, 1.0)
    _core.clip_gradient_norm([g], [g], 1.0, True)
    _core.divide_gradient(g, g, 2.0)
    assert np.isfinite(p.numpy()).all()
