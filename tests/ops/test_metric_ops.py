"""Metric kernels, which sum into a float64 state, against NumPy: every ISA, any size, any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core


def state(cells=2):
    return _core.tensor(np.zeros(cells))


@pytest.mark.product
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (8,), (9,), (5, 3), (4, 3, 2), (50_001,), (300, 90)], ids=str)
def test_accumulate_mean(isa, shape, dtype):
    rng = np.random.default_rng(len(shape))
    v = (rng.normal(size=shape) * 4).astype(dtype)
    inner = int(np.prod(shape[1:]))
    samples = shape[0] if shape else 1
    s = state()
    for _ in range(2):
        _core.accumulate_mean(v, None, s)
    np.testing.assert_allclose(s.numpy(), [2 * v.sum(dtype="float64") / inner, 2 * samples], rtol=1e-13)
    total = state(1)
    _core.accumulate_mean(v, None, total, 3.0)
    np.testing.assert_allclose(total.numpy(), [3 * v.sum(dtype="float64")], rtol=1e-13)


@pytest.mark.parametrize(
    ("shape", "weights"),
    [
        ((7,), (7,)),
        ((7,), (7, 1)),
        ((5, 3), (5,)),
        ((5, 3), (5, 1)),
        ((5, 3), (5, 3)),
        ((4, 3, 2), (4, 3)),
        ((50_001,), (50_001,)),
        ((300, 90), (300,)),
    ],
    ids=str,
)
def test_accumulate_mean_weighted(isa, shape, weights):
    rng = np.random.default_rng(1)
    v, w = rng.normal(size=shape), rng.uniform(0, 2, weights)
    wide = np.broadcast_to(
        w.reshape(w.shape + (1,) * (len(shape) - w.ndim)) if w.ndim <= len(shape) else w[:, 0], shape
    )
    inner = int(np.prod(shape[1:]))
    s = state()
    _core.accumulate_mean(v, w, s)
    np.testing.assert_allclose(s.numpy(), [(v * wide).sum() / inner, wide.sum() / inner], rtol=1e-12)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"expected weights .* shape \(5, 3\), received shape \(4,\)"):
        _core.accumulate_mean(np.zeros((5, 3)), np.zeros(4), state())
    with pytest.raises(TypeError, match="float64 state"):
        _core.accumulate_mean(np.zeros(5), None, _core.tensor(np.zeros(2, "float32")))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cols", [1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 100])
def test_argmax_of_every_width(isa, cols, dtype):
    rng = np.random.default_rng(cols)
    # Few different values give many ties; the first of equal values counts.
    x = rng.integers(0, 3, (200, cols)).astype(dtype)
    labels = rng.integers(0, cols, 200)
    right = x.argmax(1) == labels
    np.testing.assert_array_equal(_core.accuracy("sparse", labels, x), right)
    t = rng.integers(0, 3, (200, cols)).astype(dtype)
    np.testing.assert_array_equal(_core.accuracy("categorical", t, x), x.argmax(1) == t.argmax(1))
    s = state()
    _core.accumulate_accuracy("sparse", labels, x, None, s)
    np.testing.assert_array_equal(s.numpy(), [right.sum(), 200])
    w = rng.uniform(0, 1, 200).astype(dtype)
    _core.accumulate_accuracy("sparse", labels.astype("float32"), x, w, s)
    np.testing.assert_allclose(
        s.numpy(), [right.sum() + w[right].sum(dtype="float64"), 200 + w.sum(dtype="float64")], rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "float32", "float64", "bool"])
def test_labels_of_any_type(isa, dtype):
    x = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert _core.accuracy("sparse", np.array([0, 1, 1]).astype(dtype), x).tolist() == [1, 1, 0]


def test_sequences_count_by_samples(isa):
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(6, 5, 4)), rng.integers(0, 4, (6, 5))
    right = x.argmax(-1) == labels
    w = rng.uniform(0, 1, 6)
    s = state()
    _core.accumulate_accuracy("sparse", labels, x, w, s)
    np.testing.assert_allclose(s.numpy(), [(right.mean(1) * w).sum(), w.sum()], rtol=1e-13)


def test_equal_compares_in_the_type_of_the_prediction(isa):
    assert _core.accuracy("equal", np.array([1.7, 2.0]), np.array([1, 2], "int32")).tolist() == [1, 1]
    assert _core.accuracy("equal", np.array([1, 2]), np.array([1.5, 2.0])).tolist() == [0, 1]


def test_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(4)
    v, w = rng.normal(size=200_003).astype("float32"), rng.uniform(size=200_003).astype("float32")
    x, labels = rng.normal(size=(20_001, 10)).astype("float32"), rng.integers(0, 10, 20_001)
    results = set()
    before = _core.get_num_threads()
    for threads in (1, 2, 3, 8):
        _core.set_num_threads(threads)
        s = state()
        _core.accumulate_mean(v, w, s)
        _core.accumulate_accuracy("sparse", labels, x, w[:20_001], s)
        results.add(s.numpy().tobytes())
    _core.set_num_threads(before)
    assert len(results) == 1


def test_an_empty_batch_changes_nothing():
    s = state()
    _core.accumulate_mean(np.zeros((0, 3)), None, s)
    _core.accumulate_accuracy("sparse", np.zeros(0, "int32"), np.zeros((0, 3)), None, s)
    np.testing.assert_array_equal(s.numpy(), 0)
