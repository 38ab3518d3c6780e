"""The dense op: a matrix product with bias and activation, its gradients and its kernels in a recorded step."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support.differences import check_gradients, gradients
from support.guarded import guarded
from support.products import DTYPES, exact, integers

FUSED = [
    ("linear", 0.0),
    ("relu", 0.0),
    ("leaky_relu", 0.2),
    ("sigmoid", 0.0),
    ("tanh", 0.0),
    ("elu", 1.0),
    ("elu", 0.5),
    ("exponential", 0.0),
    ("relu6", 0.0),
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_reads_and_writes_only_its_own(isa, dtype):
    rng = np.random.default_rng(9)
    for m, n, k in [(10, 11, 11), (10, 7, 11), (3, 1, 5), (32, 16, 30), (7, 70, 9), (1, 300, 400)]:
        x, w, b = (guarded(integers(rng, s, dtype, 2)) for s in [(m, k), (k, n), (n,)])
        tensors = [_core.as_tensor(v) for v in (x, w, b)]
        places = [guarded(np.full(v.shape, 7, dtype)) for v in (x, w, b)]
        for t in tensors:
            t.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = _core.dense(*tensors, "relu")
            for t, place in zip(tensors, places, strict=True):
                tape.set_grad_target(t, _core.as_tensor(place))
            tape.gradients(y, tensors, _core.as_tensor(guarded(np.ones((m, n), dtype))))
        z = exact(x, w) + b.astype("int64")
        dz = (z > 0).astype("int64")
        np.testing.assert_array_equal(y.numpy(), np.maximum(z, 0))
        for place, expected in zip(
            places, [dz @ w.astype("int64").T, x.astype("int64").T @ dz, dz.sum(0)], strict=True
        ):
            np.testing.assert_array_equal(place, expected)


@pytest.mark.product
@pytest.mark.parametrize(("act", "alpha"), FUSED)
@pytest.mark.parametrize("bias", [False, True])
def test_gradients_of_dense(isa, act, alpha, bias):
    rng = np.random.default_rng(15)
    for x, n in [((5, 3), 4), ((2, 3, 4), 3), ((3,), 2), ((6, 2), 1), ((9, 1), 3)]:
        arrays = [rng.standard_normal(x), rng.standard_normal((x[-1], n)), *([rng.standard_normal(n)] if bias else [])]
        z = arrays[0] @ arrays[1] + (arrays[2] if bias else 0)
        kinked = act in {"relu", "leaky_relu", "elu", "relu6"}
        if kinked and np.abs(z).min() < 0.02:  # difference quotients cannot cross a kink
            arrays[0] = arrays[0] * 1.37
        check_gradients(
            lambda *t: _core.dense(*t, *([] if bias else [None]), act, alpha),
            arrays,
            tolerance=1e-8 if act == "exponential" else 1e-9,
            h=1e-3,
        )


@pytest.mark.parametrize("rows", [1, 3, 4, 6, 100, 1024, 1025, 5000])
def test_gradients_of_dense_are_exact_for_any_number_of_rows(isa, rows):
    rng = np.random.default_rng(16)
    x, w, b = integers(rng, (rows, 6), bound=3), integers(rng, (6, 70), bound=3), integers(rng, 70, bound=3)
    seed = integers(rng, (rows, 70), bound=3)
    dx, dw, db = gradients(lambda *t: _core.dense(*t, "relu"), [x, w, b], seed)
    dz = seed * (x @ w + b > 0)
    for got, expected in [(dx, dz @ w.T), (dw, x.T @ dz), (db, dz.sum(0))]:
        np.testing.assert_array_equal(got, expected)


def test_a_long_sum_adds_to_an_earlier_gradient(isa):
    """A product that is split along K adds its gradient to that of another use of the same kernel."""
    rng = np.random.default_rng(17)
    x, w = integers(rng, (20000, 9), bound=3), integers(rng, (9, 10), bound=3)
    (dw,) = gradients(lambda t: _core.add(_core.dense(x, t), _core.dense(x, t)), [w], np.ones((20000, 10)))
    np.testing.assert_array_equal(dw, 2 * x.T @ np.ones((20000, 10)))


@pytest.mark.parametrize(("act", "alpha"), [*FUSED, ("gelu", 0.0), ("softplus", 0.0), ("leaky_relu", -0.1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_is_the_activation_of_the_product(isa, act, alpha, dtype):
    """dense gives bitwise the result of the activation op on the product, whether the activation is fused or not."""
    rng = np.random.default_rng(18)
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in [(2, 13, 40), (40, 37), (37,)])
    z = _core.dense(x, w, b)
    np.testing.assert_allclose(
        z, x @ w + b, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-5 if dtype == "float32" else 1e-13
    )
    np.testing.assert_array_equal(_core.dense(x, w, b, act, alpha), _core.activation(z, act, alpha))


def test_a_tiny_dense_layer_trains_in_four_records():
    """The records are: the product with bias and activation; dz and db; dW; dx.

    In small networks each further record costs a large part of the step's time.
    """
    tape = _core.Tape(record=True, grad=True)
    w, b = _core.tensor(np.ones((11, 7), "f4")), _core.tensor(np.ones(7, "f4"))
    w.requires_grad = b.requires_grad = True
    with tape:
        x = tape.input((10, 11), "float32", "x")
        x.requires_grad = True
        y = _core.dense(x, w, b, "tanh")
        plan = tape.compile([y, *tape.gradients(y, [w, b, x], _core.tensor(np.ones((10, 7), "f4")))])
    records = [(r["kernel"], r["chunks"]) for r in plan.records() if r["kernel"] != "cast"]  # the seed is copied
    assert records == [
        ("gemm_direct_f32", 1), ("dense_bwd_f32", 1), ("gemm_direct_f32", 1), ("gemm_direct_f32", 1)]  # fmt: skip
