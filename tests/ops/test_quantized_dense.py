"""Dense layers of codes: equal to int64 NumPy bit for bit on every instruction set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import netlet
from netlet import _core
from support.codes import INEXACT, centered, codes, dense_problem, quantized, requantized
from support.guarded import guarded

TYPES = ["uint8", "int8"]
SIZES = [*range(1, 18), 27, 28, 29, 31, 32, 33, 63, 64, 65, 127, 128, 129]
LONG = [(3, 5, 768), (2, 70, 769), (15, 33, 1536), (14, 32, 1537), (29, 100, 3100), (40, 600, 1600)]


def expected(x, x_scale, x_zero, kernel, kernel_scale, kernel_zero, bias, **last):
    return requantized(centered(x, x_zero) @ centered(kernel, kernel_zero), x_scale, kernel_scale, bias, **last)


def check(p, **last):
    got, want = np.asarray(_core.quantized_dense(**p, **last)), expected(**p, **last)
    assert got.dtype == want.dtype
    if last.get("activation") in INEXACT:
        if want.dtype == np.float32:
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)
        else:
            assert np.abs(got.astype(int) - want.astype(int)).max(initial=0) <= 1
    elif not np.array_equal(got, want):
        np.testing.assert_array_equal(got, want, err_msg=f"{p['x'].shape} {p['x'].dtype} x {p['kernel'].shape}")


def options(rng):
    """One choice of every option."""
    activation = str(rng.choice(["linear", "relu", "leaky_relu"]))
    last = {"activation": activation, "alpha": 0.25 if activation == "leaky_relu" else 0.0}
    if rng.random() < 0.5:
        last["out_scale"] = np.float32(rng.uniform(0.01, 0.5))
        last["out_zero"] = codes(rng, (), str(rng.choice(TYPES))) if rng.random() < 0.8 else None
    first = {name: bool(rng.random() < 0.5) for name in ("row_scales", "zero", "kernel_zero", "channels")}
    return {**first, "bias": (None, "float32", "int32")[rng.integers(3)]}, last


@pytest.mark.parametrize("dtype", TYPES)
def test_every_option_around_every_edge(dot_isa, dtype):
    rng = np.random.default_rng(1)
    for m, n, k in [*map(tuple, rng.choice(SIZES, (1500, 3))), *LONG]:
        first, last = options(rng)
        check(dense_problem(rng, m, n, k, dtype, **first), **last)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 5, 0), (0, 0, 0), (40, 70, 0)])
def test_axes_of_size_zero(dot_isa, dtype, shape):
    rng = np.random.default_rng(2)
    for _ in range(8):
        first, last = options(rng)
        check(dense_problem(rng, *shape, dtype, **first), **last)


@pytest.mark.parametrize("dtype", TYPES)
def test_extremes_never_saturate(dot_isa, dtype):
    rng, info = np.random.default_rng(3), np.iinfo(dtype)
    for x, w, (m, n, k) in itertools.product(
        [info.min, info.max], [-128, 127], [(1, 5, 40), (3, 33, 1537), (40, 70, 999), (20, 64, 20000)]
    ):
        p = dense_problem(rng, m, n, k, dtype, kernel_zero=True)
        check({**p, "x": np.full((m, k), x, dtype), "kernel": np.full((k, n), w, "int8")})


@pytest.mark.parametrize("activation", INEXACT)
def test_activations_of_exponentials(dot_isa, activation):
    rng = np.random.default_rng(4)
    p = dense_problem(rng, 9, 37, 21, "uint8", bias="float32", channels=True)
    p["kernel_scale"] = p["kernel_scale"] * np.float32(0.1)
    alpha = 0.7 if activation == "elu" else 0.0
    check(p, activation=activation, alpha=alpha)
    check(p, activation=activation, alpha=alpha, out_scale=np.float32(1 / 255), out_zero=np.uint8(3))


@pytest.mark.parametrize(("activation", "alpha"), [("gelu", 0.0), ("leaky_relu", -0.5), ("hard_sigmoid", 0.0)])
def test_activations_that_are_not_fused(activation, alpha):
    rng = np.random.default_rng(5)
    p = dense_problem(rng, 5, 7, 11, "uint8", bias="float32")
    last = {"out_scale": np.float32(0.02), "out_zero": np.uint8(9)}
    y = netlet.ops.convert_to_numpy(_core.activation(_core.quantized_dense(**p), activation, alpha))
    np.testing.assert_array_equal(_core.quantized_dense(**p, activation=activation, alpha=alpha), y)
    np.testing.assert_array_equal(
        _core.quantized_dense(**p, activation=activation, alpha=alpha, **last),
        quantized(y, last["out_scale"], last["out_zero"]),
    )


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh", "elu", "exponential", "relu6"])
def test_codes_are_those_of_the_float_result(dot_isa, activation):
    rng = np.random.default_rng(6)
    for m, n, k in [(1, 10, 300), (33, 65, 40)]:
        p = dense_problem(rng, m, n, k, "uint8", row_scales=True, bias="float32")
        y = _core.quantized_dense(**p, activation=activation, alpha=1.0)
        for zero in (None, np.uint8(7), np.int8(-100)):
            scale, dtype = np.float32(0.013), "uint8" if zero is None else zero.dtype
            np.testing.assert_array_equal(
                _core.quantized_dense(**p, activation=activation, alpha=1.0, out_scale=scale, out_zero=zero),
                _core.quantize_with(y, scale, zero, dtype),
            )


def test_leading_axes_count_as_rows(dot_isa):
    rng = np.random.default_rng(7)
    p = dense_problem(rng, 30, 9, 13, "uint8", row_scales=True)
    y = np.asarray(_core.quantized_dense(**p))
    for axes in [(2, 3, 5), (30,), (1, 30, 1)]:
        q = {name: p[name].reshape(*axes, -1) for name in ("x", "x_scale", "x_zero")}
        np.testing.assert_array_equal(_core.quantized_dense(**{**p, **q}), y.reshape(*axes, 9))
    one = {name: p[name][0] for name in ("x", "x_scale", "x_zero")}
    np.testing.assert_array_equal(_core.quantized_dense(**{**p, **one}), y[0])
    flat = {name: p[name].reshape(-1) for name in ("kernel_scale",)}
    np.testing.assert_array_equal(_core.quantized_dense(**{**p, **flat}), y)


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", TYPES)
def test_nothing_outside_the_operands_is_touched(dot_isa, dtype, side):
    rng = np.random.default_rng(8)
    for m, n, k in [*map(tuple, rng.choice(SIZES, (20, 3))), (29, 65, 1601)]:
        first, last = options(rng)
        p = dense_problem(rng, m, n, k, dtype, **first)
        check({name: v if v is None else guarded(v, side) for name, v in p.items()}, **last)


@pytest.mark.parametrize("shape", [(300, 200, 100), (1, 4000, 300), (10, 10, 30000), (1000, 16, 100)])
def test_every_number_of_threads_gives_the_same(threads, shape):
    rng = np.random.default_rng(9)
    for dtype in TYPES:
        check(dense_problem(rng, *shape, dtype, row_scales=True, kernel_zero=True, bias="float32"), activation="relu")


def test_plans_pack_constant_kernels_once(dot_isa):
    rng = np.random.default_rng(10)
    p = dense_problem(rng, 20, 70, 50, "uint8", kernel_zero=True)
    kernel = netlet.Variable(p["kernel"], dtype="int8")
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((20, 50), "uint8", "x")
        y = _core.quantized_dense(**{**p, "x": x, "kernel": kernel._tensor})
        plan = tape.compile([y])
    records = {(r["kernel"], r["kept"]) for r in plan.records() if r["kernel"] != "quantized_dense_u8s8"}
    assert records == {("gemm_pack_b_s8", True), ("code_sums", True), ("code_sums", False)}
    for _ in range(2):  # again after the kernel has changed
        np.testing.assert_array_equal(plan.run([p["x"]])[0][0], expected(**p))
        p["kernel"] = codes(rng, (50, 70), "int8")
        kernel.assign(p["kernel"])


WRONG = {
    "x_type": ({"x": np.zeros((2, 3), "int32")}, TypeError, "expected x of uint8 or int8, received int32"),
    "kernel_type": ({"kernel": np.zeros((3, 4), "uint8")}, TypeError, "expected a kernel of int8, received uint8"),
    "kernel_rank": ({"kernel": np.zeros((3, 4, 1), "int8")}, ValueError, r"a kernel of shape \(inputs, units\)"),
    "inputs": ({"x": np.zeros((2, 5), "uint8")}, ValueError, "expected x with a last axis of 3"),
    "x_scale": ({"x_scale": np.ones((3, 1), "float32")}, ValueError, r"expected x_scale .*shape \(2, 1\)"),
    "x_scale_type": ({"x_scale": np.ones(())}, ValueError, "received float64"),
    "x_zero": ({"x_zero": np.zeros((), "int8")}, ValueError, "expected a zero point of uint8"),
    "x_zero_shape": ({"x_zero": np.zeros((2, 1), "uint8")}, ValueError, "expected a zero point of uint8"),
    "kernel_scale": ({"kernel_scale": np.ones(3, "float32")}, ValueError, "kernel_scale to be float32 with 1 or 4"),
    "kernel_zero": ({"kernel_zero": np.zeros(4, "uint8")}, ValueError, "expected a zero point of int8"),
    "bias": ({"bias": np.zeros(3, "float32")}, ValueError, r"expected a bias .*\(4,\)"),
    "bias_type": ({"bias": np.zeros(4, "int64")}, ValueError, "expected a bias .*received int64"),
    "out_scale": ({"out_scale": np.ones(4, "float32")}, ValueError, "expected out_scale to be one float32 number"),
    "out_zero": ({"out_zero": np.uint8(3)}, ValueError, "expected an out_scale beside out_zero"),
    "out_zero_type": ({"out_scale": np.float32(1), "out_zero": np.int32(3)}, ValueError, "uint8 or int8"),
    "hats": ({"x_hat": np.zeros((2, 3), "float32")}, ValueError, "expected x_hat and kernel_hat, or neither"),
    "x_hat": ({"x_hat": np.zeros((3, 2), "float32"), "kernel_hat": np.zeros((3, 4), "float32")}, ValueError,
              r"expected x_hat of float32 and shape \(2, 3\)"),
    "kernel_hat": ({"x_hat": np.zeros((2, 3), "float32"), "kernel_hat": np.zeros((3, 4))}, ValueError,
                   r"expected kernel_hat of float32 and shape \(3, 4\)"),
    "codes_of_hats": ({"x_hat": np.zeros((2, 3), "float32"), "kernel_hat": np.zeros((3, 4), "float32"),
                       "out_scale": np.float32(1)}, ValueError, "codes have no gradient"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(case):
    change, error, message = WRONG[case]
    p = dense_problem(np.random.default_rng(11), 2, 4, 3, "uint8", channels=False)
    with pytest.raises(error, match=f"quantized_dense: .*{message}"):
        _core.quantized_dense(**{**p, **change})
