"""Recurrent layers whose kernels are stored in 8 or 4 bits: they compute with the rounded kernels."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config

RNG = np.random.default_rng(0)
CONFIGS = {"int8": Int8Config(activations=None), "int4": Int4Config(group_size=4)}
LAYERS = {
    "SimpleRNN": (lambda: layers.SimpleRNN(6), (5, 3)),
    "LSTM": (lambda: layers.LSTM(6, return_sequences=True), (5, 3)),
    "LSTM, scan": (lambda: layers.LSTM(6, activation="leaky_relu"), (5, 3)),
    "GRU": (lambda: layers.GRU(6, use_bias=False), (5, 3)),
    "GRU, reset before": (lambda: layers.GRU(6, reset_after=False, go_backwards=True), (5, 3)),
    "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(4)), (5, 3)),
    "stacked cells": (lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(5)]), (5, 3)),
    "ConvLSTM2D": (lambda: layers.ConvLSTM2D(3, 2), (4, 5, 5, 2)),
}
KERNELS = ("kernel", "recurrent_kernel")


def built(name):
    make, shape = LAYERS[name]
    model = netlet.Sequential([netlet.Input(shape), make()])
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.5)
    return model, RNG.normal(size=(3, *shape)).astype("float32")


def cells_of(model):
    """The layers with the kernels."""
    return [layer for layer in model._flatten_layers() if layer._all_own_variables()]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", LAYERS)
def test_predictions_are_those_of_the_rounded_weights(name, config):
    model, x = built(name)
    before = model.predict(x, verbose=0)
    like = netlet.models.clone_model(model)
    biases = [cell.bias for cell in cells_of(model)]
    values = [None if bias is None else bias.numpy() for bias in biases]
    model.quantize(None, CONFIGS[config])
    for cell, other, bias in zip(cells_of(model), cells_of(like), values, strict=True):
        assert type(cell).__name__ == "WeightOnly" + type(other).__name__
        for kernel in KERNELS:
            getattr(other, kernel).assign(getattr(cell, kernel))
        if bias is not None:
            other.bias.assign(bias)
    want = like.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(x), want, rtol=1e-5, atol=1e-6)
    assert 0 < np.abs(want - before).max() < (0.03 if config == "int8" else 0.6)


@pytest.mark.parametrize("ending", ["netlet", "keras"])
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", LAYERS)
def test_files(tmp_path, name, config, ending):
    model, x = built(name)
    model.quantize(None, CONFIGS[config])
    model.save(tmp_path / f"model.{ending}")
    other = netlet.models.load_model(tmp_path / f"model.{ending}")
    np.testing.assert_array_equal(other.predict(x, verbose=0), model.predict(x, verbose=0))
    assert [(v.path, v.dtype) for v in other.weights] == [(v.path, v.dtype) for v in model.weights]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", LAYERS)
def test_clones(name, config):
    model, x = built(name)
    model.quantize(None, CONFIGS[config])
    clone = netlet.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(x, verbose=0), model.predict(x, verbose=0))


def test_the_file_of_a_recurrent_model_is_small(tmp_path):
    model = netlet.Sequential([netlet.Input((20, 128)), layers.LSTM(256, return_sequences=True), layers.GRU(256)])
    model.save(tmp_path / "float.netlet")
    model.quantize(config=CONFIGS["int8"])
    model.save(tmp_path / "int8.netlet")
    sizes = [(tmp_path / f"{name}.netlet").stat().st_size for name in ("float", "int8")]
    assert sizes[1] <= 0.27 * sizes[0]


def test_a_plan_runs_the_native_op_and_dequantizes_once():
    model, x = built("LSTM")
    model.quantize(config=CONFIGS["int8"])
    tape = netlet._core.Tape(record=True)
    with tape:
        plan = tape.compile([model(tape.input(x.shape, "float32", "x"))])
    rows = [(row["kernel"], row["kept"]) for row in plan.records()]
    assert any(name.startswith("lstm_fwd") for name, _ in rows)
    assert [kept for name, kept in rows if name.startswith("dequantize")] == [True, True]
