"""Softmax, losses, checks for finite values and metrics on a GPU against the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.on_device import check_device

FLOATS = ["float32", "float64"]
# Rows of lengths for teams of 4 lanes, of a warp and of a block; (1700, 10) is more than a chunk of 16384 elements.
ROWS = [(1, 1), (7, 3), (33, 10), (5, 33), (3, 129), (2, 1030)]
REDUCTIONS = ["none", "sum", "mean", "mean_with_sample_weight"]


def rng_of(*key):
    return np.random.default_rng([len(str(key)), *map(ord, str(key))])


def probabilities(shape, dtype):
    p = rng_of(shape).uniform(0.05, 1, shape)
    return (p / p.sum(-1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "sparsemax"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax(device, name, axis, dtype):
    f = getattr(_core, name)
    for shape in [(1, 1, 1), (3, 2, 7), (5, 33, 10), (2, 3, 129), (1, 2, 1030)]:
        x = rng_of(shape).normal(size=shape).astype(dtype)
        check_device(lambda x: [f(x, axis)], [x], device=device)


def test_softmax_of_infinities(device):
    x = np.zeros((4, 40), "float32")
    x[0], x[1, 3], x[2, 5] = -np.inf, np.inf, np.nan
    for name in ("softmax", "log_softmax", "logsumexp"):
        for axis in (0, 1):
            operand = x if axis else np.ascontiguousarray(x.T)
            with netlet.device(device):
                found = getattr(_core, name)(operand, axis).numpy()
            np.testing.assert_allclose(found, getattr(_core, name)(operand, axis), rtol=1e-6)


def weights_for(rows, reduction, weighted):
    return rng_of(rows).uniform(0, 2, rows) if weighted or reduction == "mean_with_sample_weight" else None


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("logits", [False, True])
def test_crossentropies(device, logits, reduction, weighted, dtype):
    for shape in [*ROWS, (1700, 10)]:
        rng = rng_of(shape, logits)
        x = rng.normal(size=shape).astype(dtype) if logits else probabilities(shape, dtype)
        t, w = probabilities(shape, dtype), weights_for(shape[0], reduction, weighted)
        labels = rng.integers(0, shape[1], shape[0])
        labels[-1] = 1  # ignored

        def losses(x, t=t, w=w, labels=labels):
            known = dict(sample_weight=w, reduction=reduction, from_logits=logits)
            return [
                _core.loss_categorical_crossentropy(t, x, label_smoothing=0.1, **known),
                _core.loss_sparse_categorical_crossentropy(labels, x, **known),
                _core.loss_sparse_categorical_crossentropy(labels, x, ignore_class=1, **known),
            ]

        check_device(losses, [x], device=device, factor=2)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "int8", "uint8"])
def test_labels_of_any_type(device, dtype):
    x = rng_of(3).normal(size=(9, 5)).astype("float32")
    labels = np.array([0, 1, 2, 3, 4, 5, 100, 0, 1]).astype(dtype)  # two are no label: NaN
    check_device(
        lambda x: [_core.loss_sparse_categorical_crossentropy(labels, x, from_logits=True, ignore_class=3)],
        [x],
        device=device,
    )


POINTWISE = (
    "squared_error absolute_error huber log_cosh absolute_percentage_error squared_logarithmic_error poisson "
    "kl_divergence binary_crossentropy binary_crossentropy_logits hinge squared_hinge"
).split()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", POINTWISE)
def test_pointwise_losses(device, kind, reduction, dtype):
    for shape in [(1,), (5, 1), (7, 3), (5, 33), (2, 1030), (1700, 10)]:
        rng = rng_of(shape, kind)
        low = -2 if kind in ("squared_error", "absolute_error", "huber", "log_cosh", "hinge", "squared_hinge") else 0.05
        t, x = (rng.uniform(low, 0.95, shape).astype(dtype) for _ in range(2))
        rows = shape[:-1]
        for weighted in (False, True):
            w = weights_for(rows, reduction, weighted) if rows else None
            check_device(
                lambda x, t=t, w=w: [_core.loss_pointwise(kind, t, x, w, reduction, 0.7, label_smoothing=0.1)],
                [x],
                device=device,
                factor=2,
            )


def test_the_gradient_of_a_target(device):
    t, x = rng_of(1).normal(size=(2, 6, 5))
    check_device(lambda t, x: [_core.loss_pointwise("huber", t, x, None, "mean")], [t, x], device=device)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("inner", [None, 1, 3])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reduction_of_values(device, reduction, inner, masked):
    for rows in (1, 33, 6000):
        rng = rng_of(rows)
        v = rng.normal(size=(rows, 3))
        w = None if inner is None else rng.uniform(0, 2, (rows, 3) if inner == 1 else rows)
        mask = rng.random((rows, 3)) > 0.3 if masked else None
        check_device(lambda v, w=w, mask=mask: [_core.loss_reduce(v, w, mask, reduction)], [v], device=device)


@pytest.mark.parametrize("dtype", FLOATS)
def test_hinge_labels(device, dtype):
    for t in ([0, 1, 1, 0, 1], [-1, 1, 1, -1], [0, 1, 0.5]):
        t = np.array(t * 30, dtype)
        with netlet.device(device):
            found = _core.hinge_labels(t).numpy()
        np.testing.assert_array_equal(found, _core.hinge_labels(t))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 5, 129, 16384, 40_001])
def test_check_finite(device, n, dtype):
    for value, at, loss in [(1, 0, 1), (np.inf, n - 1, 1), (np.nan, n // 2, 1), (1, 0, -np.inf), (np.nan, 0, np.nan)]:
        x = np.ones(n, dtype)
        x[at] = value
        with netlet.device(device):
            flag = _core.tensor(np.array([7], "int32"))
            _core.check_finite(x, flag, np.array(loss, dtype))
            found = flag.numpy()[0]
        assert found == (1 if not np.isfinite(loss) else 2 if not np.isfinite(value) else 0)


# ---- metrics --------------------------------------------------------------------------------------------------------
def states(device, shapes, f):
    with netlet.device(device):
        cells = [_core.tensor(np.zeros(shape)) for shape in shapes]
        f(*cells)
        f(*cells)
        return [c.numpy().copy() for c in cells]


def check_states(device, shapes, f, exact=False):
    for found, expected in zip(states(device, shapes, f), states("cpu", shapes, f), strict=True):
        if exact:
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("shape", [(), (1,), (33,), (5, 3), (40_001,)], ids=str)
def test_means(device, shape, dtype):
    v = (rng_of(shape).normal(size=shape) * 4).astype(dtype)
    check_states(device, [2], lambda s: _core.accumulate_mean(v, None, s))
    if shape:
        w = rng_of(shape, 1).uniform(0, 2, shape[:1])
        check_states(device, [2], lambda s: _core.accumulate_mean(v, w, s))
        check_states(device, [1], lambda s: _core.accumulate_mean(v, w, s, 3.0))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", ["sparse", "categorical", "binary", "equal"])
def test_accuracies(device, kind, dtype):
    for shape in [*ROWS, (1700, 10)]:
        rng = rng_of(shape, kind)
        x = rng.integers(0, 4, shape).astype(dtype) / 4  # maxima tie
        x[0, 0] = np.nan
        t = rng.integers(-1, shape[1] + 1, shape[0]) if kind == "sparse" else rng.integers(0, 2, shape).astype(dtype)
        w = rng.uniform(0, 2, shape[0])
        for weight in (None, w):
            check_states(device, [2], lambda s, x=x, t=t, w=weight: _core.accumulate_accuracy(kind, t, x, w, s))
        with netlet.device(device):
            found = _core.accuracy(kind, t, x).numpy()
        np.testing.assert_array_equal(found, _core.accuracy(kind, t, x))


@pytest.mark.parametrize("weights", [None, "rows", "values", "labels"])
@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize("count", [1, 9, 200])
def test_counts_by_threshold(device, count, by_label, weights):
    """The weighted counts have the CPU's bits too."""
    for shape in [(37, 1), (61, 3), (20_000, 1)]:
        rng = rng_of(shape, count)
        x = np.where(rng.random(shape) < 0.5, rng.integers(0, 9, shape) / 8, rng.random(shape)).astype("float32")
        y = (rng.random(shape) < 0.3).astype("float32")
        w = {"rows": rng.random(shape[0]), "values": rng.random(shape)}.get(weights)
        label_w = rng.random(shape[1]) if weights == "labels" else None
        thresholds, order = np.sort(rng.random(count)), rng.permutation(count).astype("int32")
        cells = count * (shape[1] if by_label else 1)

        def count_them(*s, x=x, y=y, w=w, label_w=label_w, thresholds=thresholds, order=order):
            _core.accumulate_confusion(y, x, w, label_w, thresholds, order, *s, spacing="any", by_label=by_label)

        check_states(device, [cells] * 4, count_them, exact=True)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 10])
def test_confusion_matrices(device, classes, weighted):
    for n in (1, 33, 20_000):
        rng = rng_of(n, classes)
        labels, predictions = rng.integers(-1, classes + 1, (2, n))
        w = rng.random(n) if weighted else None

        def count_them(matrix, outside, labels=labels, predictions=predictions, w=w):
            _core.accumulate_confusion_matrix(labels, predictions, w, matrix, outside, 0)

        check_states(device, [(classes, classes), 2], count_them, exact=True)
