"""Recurrent layers of 8-bit codes: exactly as a Scan, or as ONNX's operators, which keep the state in floats."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int8Config
from support.exported import assert_same_outputs, exported, predictions, random_weights, run_reference, run_runtime

X = np.random.default_rng(0).standard_normal((4, 6, 8)).astype("float32")
PADDED = X * (np.arange(6) < 4)[:, None].astype("float32")
STACKS = {
    "lstm": [lambda: layers.LSTM(16, return_sequences=True), lambda: layers.Bidirectional(layers.GRU(8))],
    "reset_before": [lambda: layers.GRU(16, reset_after=False, go_backwards=True)],
    "simple": [lambda: layers.SimpleRNN(16, return_sequences=True, use_bias=False)],
    "masked": [layers.Masking, lambda: layers.LSTM(16, return_sequences=True), lambda: layers.GRU(8)],
    "relu": [lambda: layers.LSTM(8, activation="relu", recurrent_activation="hard_sigmoid")],
}
OPERATORS = {"LSTM", "GRU", "RNN"}


def kinds(proto):
    return {node.op_type for node in proto.graph.node}


def calm_weights(model):
    """The model with seeded weights, other ones in each gate, and biases that are not zero.

    A matrix of n rows has a standard deviation of 0.5 / sqrt(n), so that the state forgets: a recurrent matrix with a
    spectral radius above 1 amplifies each code that moves.
    """
    rng = np.random.default_rng(0)
    deviations = [0.5 / np.sqrt(w.shape[0]) if w.path.endswith("kernel") else 1.0 for w in model.weights]
    model.set_weights(
        [rng.normal(0, d, w.shape).astype("float32") for d, w in zip(deviations, model.weights, strict=True)]
    )
    return model


def quantized(name, **arguments):
    parts = [part() for part in STACKS[name]]
    model = calm_weights(netlet.Sequential([netlet.Input((None, 8)), *parts, layers.Dense(3)]))
    calibration = {"calibration": X} if arguments.get("activations") == "static" else {}
    model.quantize("int8", config=Int8Config(**arguments, **calibration), only_if_faster=False)
    return model


@pytest.mark.parametrize("arguments", [{}, {"activations": "static"}, {"weights": "zeropoint"}], ids=str)
@pytest.mark.parametrize("name", STACKS)
def test_sums_of_integers_in_each_step(name, arguments, tmp_path):
    """Each step makes codes of the state, as netlet does, and multiplies integers."""
    model = quantized(name, **arguments)
    proto = exported(model, tmp_path, quantized="qoperator")
    assert "Scan" in kinds(proto) and kinds(proto).isdisjoint(OPERATORS)
    assert_same_outputs(model, proto, [PADDED])


@pytest.mark.parametrize(("layer", "gates"), [(layers.LSTM, 4), (layers.GRU, 3)])
def test_these_weights_show_a_swapped_gate(layer, gates):
    """Two gates that exchange a part of their weights, be it the bias, change the outputs by far more than 1e-6."""
    model = calm_weights(netlet.Sequential([netlet.Input((None, 8)), layer(16)]))
    want = predictions(model, [X])[0]
    for weight in model.weights:
        value = weight.numpy()
        for a, b in itertools.combinations(range(gates), 2):
            parts = np.split(value, gates, axis=-1)
            parts[a], parts[b] = parts[b], parts[a]
            weight.assign(np.concatenate(parts, axis=-1))
            change = np.abs(predictions(model, [X])[0] - want).max() / np.abs(want).max()
            assert change > 0.01, (weight.path, a, b)
        weight.assign(value)


@pytest.mark.parametrize("name", ["masked", "relu"])
def test_what_has_no_operator_is_exact_in_floats_too(name, tmp_path):
    model = quantized(name)
    proto = exported(model, tmp_path, quantized="qdq")
    assert "Scan" in kinds(proto) and kinds(proto).isdisjoint(OPERATORS)
    assert_same_outputs(model, proto, [PADDED])


def values_of_codes(x):
    """The values of the 8-bit codes of each row of x, in float64; the codes are those that netlet's float32 finds."""
    low, high = np.minimum(x.min(-1, keepdims=True), 0), np.maximum(x.max(-1, keepdims=True), 0)
    scale = (high - low) / np.float32(255) if x.dtype == np.float32 else (high - low) / 255
    scale = np.where(scale == 0, 1, scale).astype(x.dtype)
    zero = np.round(-low / scale)
    return (np.clip(np.round(x / scale) + zero, 0, 255) - zero) * scale.astype("float64")


def lstm(cell, x, of_state):
    """All outputs of an LSTM in NumPy's float64; `of_state` is applied to the state before it is multiplied."""
    kernel, recurrent = (
        codes.astype("float64") * scale.astype("float64")
        for codes, scale, _ in map(cell.coded_weight, ("kernel", "recurrent_kernel"))
    )
    from_x = values_of_codes(x) @ kernel + np.asarray(cell.bias, "float64")
    h = c = np.zeros((len(x), cell.units))
    outputs = []
    for t in range(x.shape[1]):
        i, f, new, o = np.split(from_x[:, t] + of_state(h) @ recurrent, 4, axis=-1)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(new)
        h = o * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, 1)


def test_the_operator_differs_by_the_codes_of_the_state_alone(tmp_path):
    """With float states NumPy computes the outputs of the file, with states of codes those of netlet.

    That difference, about 1/200 of the largest output, is the only one between "qdq" and netlet.
    """
    model = random_weights(netlet.Sequential([netlet.Input((None, 8)), layers.LSTM(16, return_sequences=True)]))
    model.quantize("int8", only_if_faster=False)
    proto = exported(model, tmp_path)
    assert "LSTM" in kinds(proto)
    floats = lstm(model.layers[0].cell, X, lambda h: h)
    codes = lstm(model.layers[0].cell, X, values_of_codes)
    largest = np.abs(codes).max()
    assert np.abs(floats - codes).max() > 1e-4 * largest
    for want, found in ((codes, predictions), (floats, run_runtime), (floats, run_reference)):
        got = found(model if found is predictions else proto, [X])[0]
        assert np.abs(got - want).max() < 1e-6 * largest, found.__name__
