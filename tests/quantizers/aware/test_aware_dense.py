"""Quantization-aware dense layers: values, straight-through gradients, ranges."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import GradientTape, Variable, layers
from netlet.layers.quantized import AwareDense, Int8Dense
from netlet.quantizers import AwareConfig
from support import quantized as reference
from support.codes import requantized

F = np.float32
X = np.random.default_rng(0).normal(size=(9, 12)).astype(F)
CONFIGS = {
    "dynamic": AwareConfig(),
    "zeropoint": AwareConfig(weights="zeropoint"),
    "one scale": AwareConfig(per_channel=False),
    "minmax": AwareConfig("static", calibration=X),
    "moving_average": AwareConfig("static", calibration=X, observer="moving_average"),
    "mse": AwareConfig("static", calibration=X, observer="mse"),
    "learned": AwareConfig("static", calibration=X, ranges="learned"),
}


def aware(config, activation=None, units=5, seed=1):
    netlet.utils.set_random_seed(seed)
    layer = layers.Dense(units, activation)
    layer(X)
    layer.bias.assign(np.linspace(-1, 1, units, dtype=F))
    layer.quantize(config=config)
    assert type(layer) is AwareDense
    return layer


def kernel_codes(kernel):
    """int8 codes with a scale per column."""
    scale = np.abs(kernel).max(0) / F(127)
    return np.clip(np.rint(kernel / scale), -127, 127).astype(np.int64), scale


def range_codes(low, high):
    """(scale, zero point) of uint8 codes of a range."""
    return (s.reshape(()) for s in reference.row_ranges(np.array([[low, high]], F), (0, 1)))


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_values_are_those_of_exact_sums_of_codes(activation, isa):
    layer = aware(CONFIGS["dynamic"], activation)
    scale, zero = reference.row_ranges(X, (-1,))
    q, kernel_scale = kernel_codes(layer.kernel.numpy())
    sums = (reference.codes(X, scale, zero).astype(np.int64) - zero) @ q
    expected = requantized(sums, scale, kernel_scale, layer.bias.numpy(), activation)
    np.testing.assert_array_equal(layer(X, training=True), expected)
    np.testing.assert_array_equal(layer(X), layer(X, training=True))


def test_the_gradient_is_that_of_the_float_layer_on_the_values_of_the_codes():
    layer, x, dy = aware(CONFIGS["dynamic"], "relu"), Variable(X), np.random.default_rng(1).normal(size=(9, 5))
    scale, zero = reference.row_ranges(X, (-1,))
    x_hat = (reference.codes(X, scale, zero).astype("float64") - zero) * scale
    q, kernel_scale = kernel_codes(layer.kernel.numpy())
    kernel_hat = q * kernel_scale.astype("float64")
    passed = dy * (x_hat @ kernel_hat + layer.bias.numpy() > 0)
    with GradientTape() as tape:
        loss = netlet.ops.sum(layer(x, training=True) * dy.astype(F))
    for found, expected in zip(
        tape.gradient(loss, [x, layer.kernel, layer.bias]),
        [passed @ kernel_hat.T, x_hat.T @ passed, passed.sum(0)],
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_clipped_inputs_have_no_gradient():
    layer = aware(AwareConfig("static", calibration=0.5 * np.clip(X, -1, 1), observer="mse"))
    scale, zero = layer.trained_twin().input_scale.numpy(), layer.trained_twin().input_zero_point.numpy()
    free = np.rint(X / scale) + F(zero)
    inside = (free >= 0) & (free <= 255)
    assert 0.2 < inside.mean() < 0.8
    x = Variable(X)
    with GradientTape() as tape:
        loss = netlet.ops.sum(layer(x, training=True))
    q, kernel_scale = kernel_codes(layer.kernel.numpy())
    np.testing.assert_allclose(tape.gradient(loss, x), inside * (q * kernel_scale).sum(1), rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_learned_scale_is_that_of_its_source():
    """Esser et al., 2020, equation 3, with the gradient scale 1 / sqrt(N Qp) of their section 2.2."""
    layer = aware(AwareConfig("static", calibration=0.5 * np.clip(X, -1, 1), ranges="learned"))
    scale, zero = layer.input_scale.numpy(), F(layer.input_zero_point.numpy())
    quotient = X / scale
    free = np.rint(quotient) + zero
    steps = np.clip(free, 0, 255) - zero
    slope = np.where((free >= 0) & (free <= 255), steps - quotient, steps)
    q, kernel_scale = kernel_codes(layer.kernel.numpy())
    expected = (slope * (q * kernel_scale).sum(1)).sum() * scale / np.sqrt(X.size * 255)  # of the scale's exponent
    with GradientTape() as tape:
        loss = netlet.ops.sum(layer(X, training=True))
    assert float(tape.gradient(loss, layer.input_scale_exponent)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("activation", ["linear", "relu", "gelu", "leaky_relu"])
def test_the_integer_layer_has_the_same_bits(name, activation):
    layer, x, y = aware(CONFIGS[name], activation), X, np.ones((9, 5), F)
    model = netlet.Sequential([netlet.Input((12,)), layer])
    model.compile(netlet.optimizers.SGD(0.1), "mse")
    model.fit(x, y, epochs=3, batch_size=3, verbose=0)
    trained, eager = model.predict(x, verbose=0), layer(x).numpy()
    np.testing.assert_array_equal(eager, trained)
    layer.quantize("int8")
    assert type(layer) is Int8Dense
    np.testing.assert_array_equal(layer(x), trained)


def test_observed_ranges():
    batches = [X[:3] * 2, X[3:6] * 3, X[6:] * 0.5]
    low, high, smallest, largest = (f(X, 0) for f in (lambda x, _: x.min(), lambda x, _: x.max()) * 2)
    moving, minmax = aware(CONFIGS["moving_average"]), aware(CONFIGS["minmax"])
    for x in batches:
        low, high = low + F(0.1) * (x.min() - low), high + F(0.1) * (x.max() - high)
        smallest, largest = min(smallest, x.min()), max(largest, x.max())
        for layer, wanted in ((moving, (low, high)), (minmax, (smallest, largest))):
            layer(x, training=True)
            found = layer.input_low.numpy(), layer.input_high.numpy()
            np.testing.assert_allclose(found, wanted, rtol=1e-6)
            layer(10 * x)  # inference observes nothing
            assert found == (layer.input_low.numpy(), layer.input_high.numpy())
            scale, zero = range_codes(*found)
            assert layer.trained_twin().input_scale.numpy() == scale
            assert layer.trained_twin().input_zero_point.numpy() == zero


@pytest.mark.parametrize("recorded", [False, True])
def test_a_range_freezes(recorded):
    layer = aware(AwareConfig("static", calibration=X, observer="moving_average", freeze_after=2))
    model = netlet.Sequential([netlet.Input((12,)), layer])
    model.compile(netlet.optimizers.SGD(0.0), "mse", run_eagerly=not recorded)
    seen = []
    for step in range(4):
        model.fit(X * (step + 2), np.zeros((9, 5), F), batch_size=9, verbose=0)
        seen.append((float(layer.input_low), float(layer.input_high), int(layer.range_steps)))
    assert seen[0][0] > seen[1][0] and seen[0][1] < seen[1][1]
    assert seen[1] == seen[2] == seen[3]
    assert [steps for *_, steps in seen] == [1, 0, 0, 0]


def test_a_batch_that_is_not_finite_leaves_the_range():
    layer = aware(CONFIGS["moving_average"])
    before = layer.input_low.numpy(), layer.input_high.numpy()
    for bad in (np.nan, np.inf):
        layer(np.where(X > 1, F(bad), X), training=True)
    assert (layer.input_low.numpy(), layer.input_high.numpy()) == before


def test_configs():
    for bad, message in [
        ({"ranges": "guessed"}, "`ranges` to be one of"),
        ({"freeze_after": 3}, '`freeze_after` only with activations="static"'),
        ({"activations": "static", "ranges": "learned", "freeze_after": 3}, "`freeze_after` only with"),
        ({"activations": "static", "observer": "mse", "freeze_after": 3}, "`freeze_after` only with"),
        ({"activations": "static", "freeze_after": -1}, "`freeze_after` to be a number of steps or None, received -1"),
        ({"activations": "static", "freeze_after": 1.5}, "`freeze_after` to be a number of steps"),
    ]:
        with pytest.raises(ValueError, match=message):
            AwareConfig(**bad)
