"""What the tests of gradients find: a gradient that is wrong by a thousandth, of any array."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import losses, ops
from support import directional, layer_gradients
from support.generated.layers import Case

RNG = np.random.default_rng(0)
CASES = {
    "Dense": Case({"units": 3, "activation": "tanh"}, [RNG.standard_normal((4, 5))]),
    "Conv2D": Case({"filters": 3, "kernel_size": 2}, [RNG.standard_normal((2, 4, 5, 2))]),
    "LSTM": Case({"units": 3}, [RNG.standard_normal((2, 4, 3))]),
    "BatchNormalization": Case({}, [RNG.standard_normal((4, 3))], {"training": True}),
    "MultiHeadAttention": Case({"num_heads": 2, "key_dim": 3}, [RNG.standard_normal((2, 3, 4))] * 2, spread=True),
}


@pytest.mark.parametrize("name", CASES)
def test_a_thousandth_in_any_gradient(name):
    f = layer_gradients.Objective(name, CASES[name])
    right = f.gradients()
    for k, array in enumerate(f.names):
        wrong = [g * 1.001 if i == k else g for i, g in enumerate(right)]
        # The softmax does not depend on what all of its inputs share: the bias of the keys has no gradient.
        if "key/bias" in array:
            assert np.abs(right[k]).max() < 1e-14
            continue
        with pytest.raises(AssertionError, match="of each array alone"):
            directional.check(f.value, f.xs, wrong, f.names, 2, layer_gradients.TOLERANCE)
    directional.check(f.value, f.xs, right, f.names, 2, layer_gradients.TOLERANCE)


def test_a_thousandth_in_one_element():
    f = layer_gradients.Objective("Dense", CASES["Dense"])
    wrong = f.gradients()
    wrong[1][2, 1] *= 1.001
    with pytest.raises(AssertionError, match=r"kernel: [1-9]"):
        directional.check(f.value, f.xs, wrong, f.names, 2, layer_gradients.TOLERANCE)


@ops.custom_gradient
def wrong_tanh(x):
    y = ops.tanh(x)
    return y, lambda upstream: upstream * (1.001 - y * y)  # 1 - y * y


def test_a_wrong_formula_in_a_layer():
    case = CASES["Dense"]._replace(arguments={"units": 3, "activation": wrong_tanh})
    with pytest.raises(AssertionError, match="expected gradients within"):
        layer_gradients.check("Dense", case)


def test_a_wrong_formula_in_a_loss():
    loss = losses.LossFunctionWrapper(lambda t, y: ops.mean(ops.square(wrong_tanh(y) - t), axis=-1), dtype="float64")
    y, t = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
    leaf = ops.convert_to_tensor(y)
    with netlet.GradientTape() as tape:
        tape.watch(leaf)
        value = loss(t, leaf)
    gradient = tape.gradient(value, leaf).numpy()
    with pytest.raises(AssertionError, match="y_pred"):
        directional.check(lambda v: float(loss(t, v[0])), [y], [gradient], ["y_pred"], 2, 1e-8)


def test_the_derivative_of_functions_with_a_kink():
    for kink in (0.3, 1e-3):
        found, error = directional.derivative(lambda t, kink=kink: np.sin(t) + abs(t - kink))
        assert found == pytest.approx(1.0 - 1.0, abs=1e-9)
        assert error < 1e-8
