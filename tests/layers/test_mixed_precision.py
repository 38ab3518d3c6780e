"""Every layer under the policies of half precision, against Keras: the dtype of each output and its values."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest

import netlet
from layers import test_against_keras
from support import half_cases

TOLERANCE = {"bfloat16": 2e-2, "float16": 3e-3}  # of the largest output; a half is rounded to 2**-9 or 2**-12
PLAIN = [
    (name, arguments, (test_against_keras.unpacked(test_against_keras.arrays(shapes, "float32")),))
    for name, arguments, shapes in test_against_keras.CASES
]
CASES = PLAIN + half_cases.CASES
TRAINED = half_cases.TRAINED + [case for case in PLAIN if "Norm" in case[0] and case[0] != "UnitNormalization"]


def pair(name, arguments, policy):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [getattr(library.layers, name)(**arguments, dtype=policy) for library in (netlet, keras)]


def leaves(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def values(tensor):
    return np.asarray(netlet.ops.cast(np.asarray(tensor), "float32"))


def with_equal_weights(ours, theirs, call):
    """Both layers after a first call, with the same random weights."""
    ours(*call), theirs(*call)
    weights = []
    for i, w in enumerate(theirs.weights):
        drawn = np.random.default_rng(i).normal(0, 0.3, w.shape)
        weights.append(np.abs(drawn) + 0.5 if "variance" in w.name else drawn)
    theirs.set_weights(weights)
    ours.set_weights(weights)


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
@pytest.mark.parametrize(("name", "arguments", "call"), CASES)
def test_outputs(name, arguments, call, half):
    ours, theirs = pair(name, arguments, f"mixed_{half}")
    with_equal_weights(ours, theirs, call)
    assert [w.dtype for w in ours.weights] == [w.dtype for w in theirs.weights]
    for got, want in zip(leaves(ours(*call)), leaves(theirs(*call)), strict=True):
        dtype = keras.backend.standardize_dtype(want.dtype)
        assert got.dtype == dtype
        want, largest = values(want), max(1e-3, np.abs(values(want)).max())
        np.testing.assert_allclose(values(got), want, rtol=0, atol=TOLERANCE.get(dtype, 0) * largest)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(("name", "arguments", "call"), CASES + half_cases.RANDOM)
def test_training_and_graphs_have_the_same_dtypes(name, arguments, call, policy):
    ours, theirs = pair(name, arguments, policy)
    training = {"training": True} if theirs._call_has_training_arg else {}
    want = [keras.backend.standardize_dtype(y.dtype) for y in leaves(theirs(*call, **training))]
    assert [str(y.dtype) for y in leaves(ours(*call, **training))] == want
    several = isinstance(call[0], list)
    symbols = [netlet.Input(x.shape[1:], dtype=str(x.dtype)) for x in (call[0] if several else call)]
    symbolic = leaves(ours(symbols) if several else ours(*symbols))
    if name != "CategoryEncoding":  # where Keras announces the compute dtype and returns the variables' dtype
        assert [y.dtype for y in symbolic] == want


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
@pytest.mark.parametrize(("name", "arguments", "call"), TRAINED)
def test_gradients_of_float32_weights(name, arguments, call, half):
    """They are float32, and those of the float32 layer within the error of halves.

    The weights are fixed: where a sum is so near to 0 that rounding changes its sign, relu's gradient is another.
    """
    netlet.utils.set_random_seed(1)
    layers = [getattr(netlet.layers, name)(**arguments, dtype=dtype) for dtype in (f"mixed_{half}", "float32")]
    for layer in layers:
        layer(*call)
    layers[1].set_weights(layers[0].get_weights())
    gradients = []
    for layer in layers:
        with netlet.GradientTape() as tape:
            outputs = leaves(layer(*call))
            loss = sum(netlet.ops.sum(netlet.ops.sin(netlet.ops.cast(y, "float32"))) for y in outputs)
        gradients.append(tape.gradient(loss, layer.trainable_variables))
    for got, want, variable in zip(*gradients, layers[0].trainable_variables, strict=True):
        assert got.dtype == "float32", variable.path
        scale = np.abs(want.numpy()).max() + 0.1
        assert np.abs(got.numpy() - want.numpy()).max() <= 3 * TOLERANCE[half] * scale, variable.path


@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
@pytest.mark.parametrize(("name", "arguments", "call"), half_cases.CASES)
def test_a_half_for_variables_too(name, arguments, call, policy):
    layer, mixed = (getattr(netlet.layers, name)(**arguments, dtype=p) for p in (policy, f"mixed_{policy}"))
    layer(*call), mixed(*call)
    assert {w.dtype for w in layer.trainable_weights} <= {policy}
    assert layer.variable_dtype == layer.compute_dtype == policy
    mixed.set_weights([values(w) for w in layer.get_weights()])
    for got, want in zip(leaves(layer(*call)), leaves(mixed(*call)), strict=True):
        assert got.dtype == (policy if name == "CategoryEncoding" else want.dtype)
        np.testing.assert_allclose(values(got), values(want), atol=TOLERANCE[policy])
