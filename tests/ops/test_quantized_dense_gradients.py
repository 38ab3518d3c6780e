"""Gradients of a dense layer of codes: those of the float layer on the dequantized operands."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core
from support.codes import centered, dense_problem


def hats(p):
    """The numbers that the codes stand for."""
    x = centered(p["x"], p["x_zero"]).astype("float32") * p["x_scale"]
    kernel = centered(p["kernel"], p["kernel_zero"]).astype("float32") * p["kernel_scale"]
    return x, kernel


def slope(activation, alpha, y):
    return {
        "linear": np.ones_like(y), "relu": (y > 0) * 1.0, "leaky_relu": np.where(y > 0, 1, alpha),
        "sigmoid": y * (1 - y), "tanh": 1 - y * y, "elu": np.where(y > 0, 1, y + alpha), "exponential": y,
        "relu6": ((y > 0) & (y < 6)) * 1.0,
    }[activation]  # fmt: skip


ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "tanh", "elu", "exponential", "relu6"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_definition(isa, dtype, activation):
    rng = np.random.default_rng(1)
    p = dense_problem(rng, 23, 18, 31, dtype, row_scales=True, kernel_zero=True, bias="float32")
    p["kernel_scale"] = p["kernel_scale"] * np.float32(0.02)
    x, kernel = hats(p)
    leaves = [_core.tensor(v) for v in (x, kernel, p["bias"])]
    for leaf in leaves:
        leaf.requires_grad = True
    dy = rng.normal(0, 1, (23, 18)).astype("float32")
    with _core.Tape(grad=True) as tape:
        y = _core.quantized_dense(
            **{**p, "bias": leaves[2]}, activation=activation, alpha=0.3, x_hat=leaves[0], kernel_hat=leaves[1]
        )
        grads = [g.numpy() for g in tape.gradients(y, leaves, dy)]
    np.testing.assert_array_equal(y, _core.quantized_dense(**p, activation=activation, alpha=0.3))
    dz = dy * slope(activation, 0.3, y.numpy().astype("float64"))
    for got, want, terms in zip(
        grads, [dz @ kernel.T.astype("float64"), x.T.astype("float64") @ dz, dz.sum(0)], [18, 23, 23], strict=True
    ):
        bound = 4 * terms * np.finfo("float32").eps * np.abs(want).max()
        np.testing.assert_allclose(got, want, rtol=0, atol=bound)


def test_with_an_activation_that_is_not_fused():
    rng = np.random.default_rng(2)
    p = dense_problem(rng, 5, 7, 9, "uint8", bias="float32")
    p["kernel_scale"] = p["kernel_scale"] * np.float32(0.02)
    results = []
    for integer in (True, False):
        leaves = [_core.tensor(v) for v in hats(p)]
        for leaf in leaves:
            leaf.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = (
                _core.quantized_dense(**p, activation="gelu", x_hat=leaves[0], kernel_hat=leaves[1])
                if integer
                else _core.dense(*leaves, p["bias"], "gelu")
            )
            results.append([y.numpy(), *(g.numpy() for g in tape.gradients(y, leaves, np.ones((5, 7), "float32")))])
    for ours, float_op in zip(*results, strict=True):
        np.testing.assert_allclose(ours, float_op, rtol=1e-4, atol=1e-5)


def test_straight_through_a_quantized_layer(isa):
    """What an int8 layer trains with: x and the kernel get the gradients of the products where no code is clipped."""
    rng = np.random.default_rng(3)
    x, kernel = rng.normal(0, 1, (12, 20)).astype("float32"), rng.normal(0, 1, (20, 6)).astype("float32")
    scale, zero = np.float32(1 / 64), np.uint8(128)  # codes of |x| < 2
    kernel_scale = np.full((1, 6), 1 / 64, "float32")
    leaves = [_core.tensor(x), _core.tensor(kernel)]
    for leaf in leaves:
        leaf.requires_grad = True
    dy = rng.normal(0, 1, (12, 6)).astype("float32")
    with _core.Tape(grad=True) as tape:
        x_hat = _core.fake_quantize_with(leaves[0], scale, zero)
        kernel_hat = _core.fake_quantize_with(leaves[1], kernel_scale, None, "int8")
        y = _core.quantized_dense(
            _core.quantize_with(x, scale, zero), scale, zero, _core.quantize_with(kernel, kernel_scale, None, "int8"),
            kernel_scale, None, None, x_hat=x_hat, kernel_hat=kernel_hat,
        )  # fmt: skip
        dx, dkernel = (g.numpy() for g in tape.gradients(y, leaves, dy))
    x_hat, kernel_hat = x_hat.numpy(), kernel_hat.numpy()
    np.testing.assert_array_equal(y, x_hat.astype("float64") @ kernel_hat)  # exact: scales are powers of two
    inside = (np.abs(x) < 1.99), (np.abs(kernel) < 1.98)
    assert all(0 < np.mean(~i) < 0.2 for i in inside)
    np.testing.assert_allclose(dx[inside[0]], (dy @ kernel_hat.T)[inside[0]], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(dkernel[inside[1]], (x_hat.T @ dy)[inside[1]], rtol=1e-4, atol=1e-5)
    assert not dx[np.abs(x) > 2.01].any() and not dkernel[np.abs(kernel) > 2.02].any()


def test_second_derivatives_are_those_of_the_float_layer():
    rng = np.random.default_rng(4)
    p = dense_problem(rng, 4, 5, 6, "uint8")
    p["kernel_scale"] = p["kernel_scale"] * np.float32(0.02)
    results = []
    for integer in (True, False):
        leaves = [_core.tensor(v) for v in hats(p)]
        for leaf in leaves:
            leaf.requires_grad = True
        with netlet.GradientTape() as outer:
            with netlet.GradientTape() as inner:
                y = (
                    _core.quantized_dense(**p, activation="sigmoid", x_hat=leaves[0], kernel_hat=leaves[1])
                    if integer
                    else _core.dense(*leaves, None, "sigmoid")
                )
            dx = inner.gradient(y, leaves[0], np.ones((4, 5), "float32"))
        results.append([g.numpy() for g in outer.gradient(dx, leaves, np.ones((4, 6), "float32"))])
    for ours, float_op in zip(*results, strict=True):
        np.testing.assert_allclose(ours, float_op, rtol=1e-4, atol=1e-6)
