"""Reduction of per-sample values to a loss: weights, masks, several uses, threads, recorded kernels, errors."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.gradients import gradient, rng_of
from support.keras64 import value_and_gradient as oracle

keras = pytest.importorskip("keras")


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize(
    ("values", "weights"),
    [
        ((7,), None),
        ((7,), (7,)),
        ((7,), (7, 1)),
        ((4, 3), (4, 1)),
        ((4, 3), (4, 3)),
        ((40000,), (40000,)),
        ((300, 90), (300, 1)),
    ],
    ids=str,
)
def test_reduce(reduction, values, weights):
    rng = rng_of(values, weights)
    v = rng.normal(size=values)
    w = None if weights is None else rng.uniform(0, 2, weights)
    reduce = keras.src.losses.loss.reduce_weighted_values
    y, dv = gradient(lambda x: _core.loss_reduce(x, w, None, reduction), v)
    ref_y, ref_dv = oracle(lambda x: reduce(x, sample_weight=w, reduction=reduction, dtype="float64"), v)
    np.testing.assert_allclose(y, ref_y.reshape(y.shape), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dv, ref_dv, rtol=1e-13)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weights", [None, (6, 1), (6, 4)], ids=str)
def test_reduce_under_a_mask(reduction, weights):
    rng = rng_of(reduction, weights)
    v, mask = rng.normal(size=(6, 4)), rng.uniform(size=(6, 4)) < 0.6
    w = None if weights is None else rng.uniform(0.1, 2, weights)
    reduce = keras.src.losses.loss.reduce_weighted_values
    y, dv = gradient(lambda x: _core.loss_reduce(x, w, mask, reduction), v)
    ref_y, ref_dv = oracle(lambda x: reduce(x, sample_weight=w, mask=mask, reduction=reduction, dtype="float64"), v)
    np.testing.assert_allclose(y, ref_y, rtol=1e-12)
    np.testing.assert_allclose(dv, ref_dv, rtol=1e-12)


def test_gradients_add_up_where_predictions_are_used_twice(isa):
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 0.9, (5, 4))
    one_hot, labels = np.eye(4)[[0, 1, 2, 3, 0]], np.array([3, 2, 1, 0, 3])
    parts = [
        lambda v: _core.loss_pointwise("squared_error", one_hot, v, reduction="sum"),
        lambda v: _core.loss_categorical_crossentropy(one_hot, v, reduction="sum"),
        lambda v: _core.loss_categorical_crossentropy(one_hot, v, reduction="sum", from_logits=True),
        lambda v: _core.loss_sparse_categorical_crossentropy(labels, v, reduction="sum"),
        lambda v: _core.loss_sparse_categorical_crossentropy(labels, v, reduction="sum", from_logits=True),
    ]
    alone = [gradient(f, x)[1] for f in parts]
    for first in range(len(parts)):
        order = parts[first:] + parts[:first]

        def total(v, order=order):
            values = [f(v) for f in order]
            out = values[0]
            for other in values[1:]:
                out = _core.add(out, other)
            return out

        np.testing.assert_allclose(gradient(total, x)[1], sum(alone), rtol=1e-13)


def test_the_same_bits_for_any_number_of_threads():
    rng = np.random.default_rng(5)
    x, t = rng.uniform(0.1, 1, (3001, 37)).astype("float32"), rng.integers(0, 37, 3001)
    w = rng.uniform(0, 1, 3001).astype("float32")
    results = []
    before = _core.get_num_threads()
    for n in (1, 2, 3, 8):
        _core.set_num_threads(n)
        y, dx = gradient(lambda v: _core.loss_sparse_categorical_crossentropy(t, v, w, "sum_over_batch_size"), x)
        m, dm = gradient(lambda v: _core.loss_pointwise("squared_error", x[::-1].copy(), v, w, "mean"), x)
        results.append((y.tobytes(), dx.tobytes(), m.tobytes(), dm.tobytes()))
    _core.set_num_threads(before)
    assert len(set(results)) == 1


def test_a_small_batch_is_one_record_each_way():
    tape = _core.Tape(record=True, grad=True)
    with tape:
        x = tape.input((32, 10), "float32", "x")
        t = tape.input((32,), "int32", "t")
        x.requires_grad = True
        loss = _core.loss_sparse_categorical_crossentropy(t, x, reduction="mean")
        (dx,) = tape.gradients(loss, [x])
        plan = tape.compile([loss, dx])
    names = [r["kernel"] for r in plan.records()]
    assert [n for n in names if "loss_" in n] == ["loss_sparse_fwd_f32", "loss_sparse_bwd_f32"], names


def test_a_recorded_loss_gives_the_eager_bits():
    rng = np.random.default_rng(6)
    a, b = (rng.uniform(0.1, 1, (32, 10)).astype("float32") for _ in range(2))
    labels = rng.integers(0, 10, 32).astype("int32")
    tape = _core.Tape(record=True, grad=True)
    with tape:
        x = tape.input((32, 10), "float32", "x")
        t = tape.input((32,), "int32", "t")
        x.requires_grad = True
        loss = _core.loss_sparse_categorical_crossentropy(t, x, reduction="mean")
        (dx,) = tape.gradients(loss, [x])
        plan = tape.compile([loss, dx])
    for value in (a, b):
        (y, d), _ = plan.run([value, labels])
        eager_y, eager_d = gradient(
            lambda v: _core.loss_sparse_categorical_crossentropy(labels, v, reduction="mean"), value
        )
        np.testing.assert_array_equal(np.asarray(y), eager_y)
        np.testing.assert_array_equal(np.asarray(d), eager_d)


def test_hinge_labels_change_only_where_all_are_binary():
    np.testing.assert_array_equal(_core.hinge_labels(np.array([[0.0, 1.0], [1.0, 0.0]])), [[-1, 1], [1, -1]])
    given = np.array([[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_array_equal(_core.hinge_labels(given), given)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("size", [1, 7, 100, 16384, 50_001])  # the last two: one chunk and several chunks
def test_check_finite(isa, size, bad):
    for dtype in ("float32", "float64"):
        x, flag = np.full(size, 3.0, dtype), _core.tensor(np.array([7], dtype="int32"))
        one, nan = np.ones((), dtype), np.full((), bad, dtype)

        def found(x, *loss, flag=flag):
            _core.check_finite(_core.tensor(x), flag, *map(_core.tensor, loss))
            return flag.numpy()[0]

        assert found(x) == found(x, one) == 0
        assert found(x, nan) == 1
        for place in {0, size // 2, size - 1}:
            spoilt = x.copy()
            spoilt[place] = bad
            assert found(spoilt) == found(spoilt, one) == 2
            assert found(spoilt, nan) == 1


def test_errors_name_the_op_and_the_shapes():
    x = np.zeros((4, 3), dtype="float32")
    with pytest.raises(ValueError, match=r"loss_squared_error.*\(4, 3\).*\(4, 2\)"):
        _core.loss_pointwise("squared_error", np.zeros((4, 2)), x)
    with pytest.raises(ValueError, match=r"loss_categorical_crossentropy.*\(4, 3\).*\(4,\)"):
        _core.loss_categorical_crossentropy(np.zeros(4), x)
    with pytest.raises(ValueError, match=r"labels of shape \(4,\).*\(4, 3\).*\(5,\)"):
        _core.loss_sparse_categorical_crossentropy(np.zeros(5), x)
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.loss_pointwise("squared_error", x, x.astype("int32"))
    with pytest.raises(ValueError, match="unknown loss"):
        _core.loss_pointwise("nonsense", x, x)
    with pytest.raises(ValueError, match="reduction: expected"):
        _core.loss_reduce(x, None, None, "median")
    with pytest.raises(ValueError, match=r"expected weights .* shape \(4,\), received shape \(3,\)"):
        _core.loss_pointwise("squared_error", x, x, np.zeros(3, "float32"), "mean")
