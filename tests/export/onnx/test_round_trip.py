"""netlet.onnx.load reads exported files as models with layers again, which predict the same and can be trained."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import netlet
import netlet.onnx
from netlet import layers
from support.exported import exported, random_weights
from support.repo import ROOT

sys.path.append(str(ROOT / "bench"))
from workloads import WORKLOADS, build, data, small


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda w: w.name)
def test_workloads_come_back_as_layers(workload, tmp_path):
    w = small(workload)
    netlet.utils.set_random_seed(0)
    model = build(netlet, w)
    x = data(w, 1)[0][: w.batch]
    again = netlet.onnx.load(exported(model, tmp_path))
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert not any("Onnx" in type(layer).__name__ for layer in again.layers)
    assert again.count_params() == model.count_params()
    assert len(again.trainable_variables) >= len(model.trainable_variables) - len(
        normalizations(model)
    )  # gamma of ones


def normalizations(model):
    return [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def test_an_architecture_comes_back(tmp_path):
    netlet.utils.set_random_seed(0)
    model = netlet.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=10, alpha=0.35)
    x = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    again = netlet.onnx.load(exported(model, tmp_path))
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6, atol=1e-7)
    kinds = [type(layer).__name__ for layer in again.layers]
    assert kinds.count("BatchNormalization") == len(normalizations(model)) and "Permute" not in kinds


@pytest.mark.parametrize("form", ["qdq", "qoperator"])
def test_a_quantized_model_predicts_the_same(form, tmp_path):
    parts = [layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(3)]
    model = random_weights(netlet.Sequential([netlet.Input((8, 8, 4)), *parts]))
    model.quantize("int8", only_if_faster=False)
    x = np.random.default_rng(0).standard_normal((4, 8, 8, 4)).astype("float32")
    again = netlet.onnx.load(exported(model, tmp_path, quantized=form))
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_a_masked_recurrent_layer_and_free_lengths(tmp_path):
    parts = [layers.Embedding(10, 4, mask_zero=True), layers.LSTM(3), layers.Dense(2)]
    model = random_weights(netlet.Sequential([netlet.Input((None,), dtype="int32"), *parts]))
    again = netlet.onnx.load(exported(model, tmp_path))
    for x in (np.array([[3, 4, 0], [5, 0, 2]], "int32"), np.array([[1, 0, 0, 7]], "int32")):
        np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
