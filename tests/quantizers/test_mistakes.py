"""Usual mistakes with quantized models: what the messages and the report say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import AwareConfig, Int8Config, quantize_aware

X = np.random.default_rng(0).normal(size=(32, 8)).astype("float32")
Y = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")


def model(activation=None):
    return netlet.Sequential(
        [
            netlet.Input((8,)),
            layers.Dense(64, activation, name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(16, name="middle"),
            layers.Dense(3, name="head"),
        ]
    )


def test_training_on_after_quantize_names_the_layers():
    m = model()
    m.compile("adam", "mse")
    m.quantize("int8", filters="middle|head", only_if_faster=False)
    before = m.get_weights()
    with pytest.raises(ValueError, match=r"cannot be trained: no gradient .* \['middle', 'head'\].*quantize_aware"):
        m.fit(X, Y, verbose=0)
    for a, b in zip(m.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_before_a_quantized_one_do_not_train_and_a_warning_says_so():
    m = model()
    m.quantize("int8", filters="middle", only_if_faster=False)
    m.compile("adam", "mse")
    before, head = m.layers[0].get_weights()[0], m.get_layer("head").get_weights()[0]
    with pytest.warns(UserWarning, match=r"quantized layers \['middle'\], so layers before them do not train"):
        m.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(m.layers[0].get_weights()[0], before)
    assert np.any(m.get_layer("head").get_weights()[0] != head)


def test_a_model_without_trainable_weights():
    m = netlet.Sequential([netlet.Input((8,)), layers.Dense(3, name="head")])
    m.quantize("int8", only_if_faster=False)
    m.compile("adam", "mse")
    with pytest.warns(UserWarning, match=r"has no trainable weights. Its layers \['head'\] are quantized"):
        m.fit(X, Y, verbose=0)


def test_weights_alone_pass_gradients():
    m = model()
    m.quantize("int8", Int8Config(activations=None), filters="middle")
    m.compile("adam", "mse")
    before = m.layers[0].get_weights()[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        m.fit(X, Y, verbose=0)
    assert np.any(m.layers[0].get_weights()[0] != before)


@pytest.mark.parametrize("reload", [False, True])
def test_the_report_of_a_second_call_has_the_layers_of_the_first(tmp_path, reload):
    m = model("relu")
    sizes = {name: m.get_layer(name).count_params() * 4 for name in ("hidden", "norm", "middle", "head")}
    m.quantize("int8", filters="hidden", only_if_faster=False)
    m.quantize("int4", filters="middle")
    if reload:
        m.save(tmp_path / "model.netlet")
        m = netlet.models.load_model(tmp_path / "model.netlet")
    m.quantize("int8", filters="head", only_if_faster=False)
    rows = {row.layer: row for row in m.quantization_report()}
    assert list(rows) == ["hidden", "norm", "middle", "head"]
    found = {name: row.done for name, row in rows.items()}
    assert (found["hidden"], found["middle"], found["head"]) == ("int8, dynamic", "int4, weights only", "int8, dynamic")
    assert found["norm"].startswith("float: left out by `filters`")
    assert {name: row.bytes_before for name, row in rows.items()} == sizes
    assert rows["hidden"].bytes_after < sizes["hidden"]


def test_a_folded_normalization_stays_in_the_report():
    m = model()
    m.quantize("int8", filters="hidden|norm", only_if_faster=False)
    m.quantize("int8", filters="head", only_if_faster=False)
    assert [(r.layer, r.done) for r in m.quantization_report()] == [
        ("hidden", "int8, dynamic"),
        ("norm", "folded into 'hidden'"),
        ("middle", "float: left out by `filters`"),
        ("head", "int8, dynamic"),
    ]


def test_filters_that_select_nothing():
    for call in (lambda m: m.quantize("int8", filters="heads"), lambda m: quantize_aware(m, filters="heads")):
        with pytest.warns(UserWarning, match=r"filters='heads'\) selects no layer: .*'hidden', 'norm', 'middle'"):
            call(model())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y), "inputs without labels"),
        ([X[:8], X[8:16]], "a generator of batches"),
        (X[:, :5], "Layer 'hidden': expected inputs with last axis 8"),
        (X[0], "received \\(8,\\)"),
        (np.array(["a", "b"]), "array of numbers"),
        (lambda: X, "received function"),
    ],
)
def test_calibration_data_that_do_not_fit(data, message):
    with pytest.raises(ValueError, match=f"expected calibration data that `predict` takes.*{message}"):
        model().quantize("int8", Int8Config("static", calibration=data))


def test_quantize_aware_of_a_layer():
    with pytest.raises(TypeError, match="expected `model` to be a Model, received <Dense name=hidden"):
        quantize_aware(model().layers[0])


@pytest.mark.parametrize("activations", ["dynamic", None])
def test_learned_ranges_need_static_activations(activations):
    with pytest.raises(ValueError, match='ranges="learned" only with activations="static"'):
        AwareConfig(activations, ranges="learned")
