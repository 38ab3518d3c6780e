"""Kernels that count decisions by threshold and pairs of classes, against NumPy: every ISA, any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlet import _core


def counts_of(y, x, thresholds, w=None):
    """(4, K): TP, FP, TN, FN by the definition."""
    w = np.ones(x.shape) if w is None else np.broadcast_to(w, x.shape)
    above = x > np.asarray(thresholds, x.dtype).reshape(-1, *[1] * x.ndim)
    axes = tuple(range(1, x.ndim + 1))
    sums = [(w * (above == a) * ((y != 0) == b)).sum(axes) for a, b in ((1, 1), (1, 0), (0, 0), (0, 1))]
    return np.stack(sums)


def accumulate(y, x, thresholds, w=None, label_w=None, spacing="any", order=None, labels=None, states=None):
    count = len(thresholds)
    shape = (count,) if labels is None else (count, labels)
    states = states or [_core.tensor(np.zeros(shape)) for _ in range(4)]
    order = np.arange(count, dtype="int32") if order is None else np.asarray(order, "int32")
    _core.accumulate_confusion(
        y, x, w, label_w, np.asarray(thresholds), order, *states, spacing=spacing, by_label=labels is not None
    )
    return np.stack([s.numpy().copy() for s in states])


def data(shape, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 9, shape) / 8  # many predictions equal a threshold
    x = np.where(rng.random(shape) < 0.5, grid, rng.random(shape)).astype(dtype)
    return (rng.random(shape) < 0.3).astype(dtype), x


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 2, 8, 9, 200])
@pytest.mark.parametrize("shape", [(), (1,), (37,), (5, 3), (4, 3, 2), (40_001,)], ids=str)
def test_any_thresholds(isa, shape, count, dtype):
    y, x = data(shape, dtype)
    thresholds = np.sort(np.random.default_rng(count).integers(0, 17, count) / 16)
    np.testing.assert_array_equal(accumulate(y, x, thresholds), counts_of(y, x, thresholds))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [2, 3, 9, 17])
def test_even_thresholds(isa, count, dtype):
    y, x = data((50, 3), dtype)  # of eighths: the computed buckets are exact
    thresholds = np.linspace(0, 1, count)
    np.testing.assert_array_equal(accumulate(y, x, thresholds, spacing="even"), counts_of(y, x, thresholds))
    beyond = [-1e-7, *thresholds[1:-1], 1 + 1e-7]
    np.testing.assert_array_equal(accumulate(y, x, beyond, spacing="even_beyond"), counts_of(y, x, beyond))


def test_predictions_outside_of_the_range(isa):
    x = np.array([-3.0, np.nan, 0.0, 7.0, np.inf, -np.inf])
    y = np.array([1.0, 1.0, 0.0, 1.0, 0.0, np.nan])
    thresholds = [0.0, 0.5, 1.0]
    np.testing.assert_array_equal(accumulate(y, x, thresholds), counts_of(y, x, thresholds))
    np.testing.assert_array_equal(
        accumulate(y, x, thresholds, spacing="even"), counts_of(y, np.clip(np.nan_to_num(x), 0, 1), thresholds)
    )


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 4), (5, 3, 2)], ids=str)
def test_weights(isa, shape):
    y, x = data(shape)
    rng = np.random.default_rng(1)
    for axes in range(len(shape) + 1):
        w_shape = shape[:axes] + (1,) * (len(shape) - axes)
        w = rng.integers(1, 5, w_shape).astype("float32")  # whole numbers: sums are exact
        np.testing.assert_array_equal(accumulate(y, x, [0.25, 0.5], w), counts_of(y, x, [0.25, 0.5], w))
    if len(shape) > 1:
        label_w = rng.integers(1, 5, shape[-1]).astype("float32")
        np.testing.assert_array_equal(
            accumulate(y, x, [0.25], label_w=label_w, w=w), counts_of(y, x, [0.25], w * label_w)
        )


def test_the_order_says_where_counts_go(isa):
    y, x = data((30,))
    given_order = [0.7, 0.1, 0.4]
    order = np.argsort(given_order)
    np.testing.assert_array_equal(accumulate(y, x, np.sort(given_order), order=order), counts_of(y, x, given_order))


@pytest.mark.parametrize("rows", [1, 50, 20_000])
def test_labels_by_themselves(isa, rows):
    y, x = data((rows, 3))
    thresholds = [0.2, 0.5, 0.9]
    expected = np.stack([counts_of(y[:, i], x[:, i], thresholds) for i in range(3)], -1)
    np.testing.assert_array_equal(accumulate(y, x, thresholds, labels=3), expected)


def test_batches_add_up_and_counts_may_be_left_out(isa):
    y, x = data((20,))
    states = [_core.tensor(np.zeros(1)), None, None, _core.tensor(np.zeros(1))]
    for _ in range(3):
        _core.accumulate_confusion(y, x, None, None, np.array([0.5]), np.array([0], "int32"), *states)
    expected = 3 * counts_of(y, x, [0.5])
    assert [s.numpy()[0] for s in (states[0], states[3])] == [expected[0, 0], expected[3, 0]]


def test_an_empty_batch_changes_nothing():
    assert not accumulate(np.zeros((0, 3)), np.zeros((0, 3)), [0.5]).any()
    matrix = _core.tensor(np.zeros((2, 2)))
    _core.accumulate_confusion_matrix(np.zeros(0, "int32"), np.zeros(0, "int32"), None, matrix)
    assert not matrix.numpy().any()


def matrix_of(labels, predictions, classes, w=None):
    labels, predictions = (np.trunc(np.asarray(v, "float64")).ravel() for v in (labels, predictions))
    w = np.ones(labels.shape) if w is None else np.broadcast_to(w, labels.shape)
    m = np.zeros((classes, classes))
    for t, p, weight in zip(labels, predictions, w, strict=True):
        if 0 <= t < classes and 0 <= p < classes:
            m[int(t), int(p)] += weight
    return m


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "float32", "float64", "bool"])
@pytest.mark.parametrize("classes", [1, 2, 7, 100])
@pytest.mark.parametrize("shape", [(0,), (1,), (9, 5), (20_001,)], ids=str)
def test_confusion_matrix(isa, shape, classes, dtype):
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, shape).astype(dtype)
    predictions = rng.integers(0, classes, shape).astype("int32")
    w = rng.random(shape[:1]).astype("float32")
    matrix = _core.tensor(np.zeros((classes, classes)))
    outside = _core.tensor(np.zeros(2))
    _core.accumulate_confusion_matrix(labels, predictions, None, matrix, outside)
    expected = matrix_of(labels, predictions, classes)
    np.testing.assert_array_equal(matrix.numpy(), expected)
    _core.accumulate_confusion_matrix(labels, predictions, w, matrix, outside)
    wide = np.broadcast_to(w.reshape(-1, *[1] * (len(shape) - 1)), shape).ravel().astype("float64")
    np.testing.assert_allclose(matrix.numpy(), expected + matrix_of(labels, predictions, classes, wide), rtol=1e-13)
    assert not outside.numpy().any()


@given(
    st.lists(st.tuples(st.integers(-2, 5), st.integers(-2, 5)), max_size=30),
    st.integers(1, 4),
    st.integers(-1, 3),
)
def test_classes_outside_are_counted_and_left_out(pairs, classes, ignore):
    labels, predictions = (np.array([p[i] for p in pairs], "int32") for i in (0, 1))
    matrix, outside = _core.tensor(np.zeros((classes, classes))), _core.tensor(np.zeros(2))
    _core.accumulate_confusion_matrix(labels, predictions, None, matrix, outside, ignore)
    counted = [p for p in pairs if ignore < 0 or p[0] != ignore]
    np.testing.assert_array_equal(matrix.numpy(), matrix_of([p[0] for p in counted], [p[1] for p in counted], classes))
    wrong = [p for p in counted if not (0 <= p[0] < classes and 0 <= p[1] < classes)]
    first = next((t if not 0 <= t < classes else p for t, p in wrong), 0)
    assert outside.numpy().tolist() == [len(wrong), first]


def test_labels_that_are_no_integers(isa):
    labels = np.array([0.9, -0.5, np.nan, np.inf, -1.0, 1e30])
    matrix, outside = _core.tensor(np.zeros((2, 2))), _core.tensor(np.zeros(2))
    _core.accumulate_confusion_matrix(labels, np.zeros(6, "int32"), None, matrix, outside)
    np.testing.assert_array_equal(matrix.numpy(), [[2, 0], [0, 0]])
    assert outside.numpy()[0] == 4


def test_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(4)
    y, x = data((100_003, 2))
    w = rng.random((100_003, 2)).astype("float32")
    labels, predictions = rng.integers(0, 11, 300_001), rng.integers(0, 11, 300_001)
    v = rng.random(300_001).astype("float32")
    results = set()
    before = _core.get_num_threads()
    for threads in (1, 2, 3, 8):
        _core.set_num_threads(threads)
        matrix = _core.tensor(np.zeros((11, 11)))
        _core.accumulate_confusion_matrix(labels, predictions, v, matrix)
        counts = accumulate(y, x, np.linspace(0, 1, 200), w, spacing="even")
        by_label = accumulate(y, x, [0.3, 0.6], w, labels=2)
        results.add(counts.tobytes() + by_label.tobytes() + matrix.numpy().tobytes())
    _core.set_num_threads(before)
    assert len(results) == 1


def test_what_does_not_fit_is_refused():
    y, x = data((5, 3))
    with pytest.raises(ValueError, match=r"y_pred's shape \(5, 3\), received shape \(5, 2\)"):
        accumulate(y[:, :2], x, [0.5])
    with pytest.raises(ValueError, match="3 label weights"):
        accumulate(y, x, [0.5], label_w=np.ones(2))
    with pytest.raises(ValueError, match=r"expected weights .* \(4,\)"):
        accumulate(y, x, [0.5], w=np.ones(4))
    for order in ([1], [-1], [0, 0]):
        with pytest.raises(ValueError, match="order"):
            accumulate(y, x, [0.5], order=order)
    with pytest.raises(ValueError, match="spacing"):
        accumulate(y, x, [0.5], spacing="odd")
    with pytest.raises(TypeError, match="float64 state of 1 numbers"):
        accumulate(y, x, [0.5], states=[_core.tensor(np.zeros(1, "float32"))] * 4)
    matrix = _core.tensor(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"as many labels as predictions, received shapes \(3,\) and \(4,\)"):
        _core.accumulate_confusion_matrix(np.zeros(3), np.zeros(4), None, matrix)
    with pytest.raises(TypeError, match=r"float64 matrix \(C, C\)"):
        _core.accumulate_confusion_matrix(np.zeros(3), np.zeros(3), None, _core.tensor(np.zeros((2, 3))))
    with pytest.raises(TypeError, match="float64 state of 2"):
        _core.accumulate_confusion_matrix(np.zeros(3), np.zeros(3), None, matrix, _core.tensor(np.zeros(3)))
