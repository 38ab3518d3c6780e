"""What `quantize` refuses; the model is then as it was."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
NAN = X.copy()
NAN[3, 2] = np.nan


def model(dtype=None):
    return netlet.Sequential(
        [netlet.Input((4,)), layers.Dense(5, "relu", name="one", dtype=dtype), layers.Dense(2, name="two")]
    )


def static(calibration):
    return Int8Config("static", calibration=calibration)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"mode": "int3"}, ValueError, "Unknown quantization mode"),
        ({"mode": "int8", "config": Int4Config()}, ValueError, "expected a config of mode 'int8'"),
        ({"mode": 8}, ValueError, "expected `mode` to be one of"),
        ({"config": "static"}, TypeError, "expected `config` to be an Int8Config"),
        ({"config": Int8Config("static")}, ValueError, r"expected Int8Config\(calibration=\)"),
        ({"config": static(X[:0])}, ValueError, "at least one row"),
        ({"config": static(X[:, :3])}, ValueError, "expected input"),
        ({"config": static(NAN)}, ValueError, "Layer 'one': expected calibration data with finite inputs"),
        ({"config": static(iter(()))}, ValueError, None),
        ({"filters": 3}, ValueError, "expected a regular expression"),
        ({"filters": ["a", 3]}, ValueError, "expected a regular expression"),
        ({"filters": "("}, ValueError, "expected regular expressions"),
        ({"rows": 3}, TypeError, "unexpected arguments"),
    ],
)
def test_refused(call, error, message):
    m = model()
    before, fields = m.predict(X, verbose=0), [set(layer.__dict__) for layer in m.layers]
    with pytest.raises(error, match=message):
        m.quantize(**call)
    assert [type(layer) for layer in m.layers] == [layers.Dense] * 2
    assert [set(layer.__dict__) for layer in m.layers] == fields
    assert m.run_eagerly is False
    np.testing.assert_array_equal(m.predict(X, verbose=0), before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(value):
    m = model()
    kernel = m.layers[1].kernel.numpy()
    kernel[2, 1] = value
    m.layers[1].kernel.assign(kernel)
    with pytest.raises(ValueError, match=r"Layer 'two': expected finite weights, .* 1 NaN or infinite .* 'kernel'"):
        m.quantize("int8")
    assert [type(layer) for layer in m.layers] == [layers.Dense] * 2


def test_unbuilt():
    m = netlet.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match="is not built"):
        m.quantize("int8")
    with pytest.raises(ValueError, match="is not built"):
        layers.Dense(2).quantize("int8")


def test_twice():
    m = model()
    m.quantize("int8")
    before = m.predict(X, verbose=0)
    with pytest.raises(ValueError, match="Layer 'one' is already quantized"):
        m.quantize("int8")
    with pytest.raises(ValueError, match="already quantized"):
        m.layers[0].quantize("int8")
    np.testing.assert_array_equal(m.predict(X, verbose=0), before)


def test_float64_stays_float():
    m = model("float64")
    m.quantize("int8")
    assert type(m.layers[0]) is layers.Dense
    with pytest.raises(NotImplementedError, match="it computes in float64"):
        m.layers[0].quantize("int8")


def test_layers_without_a_quantized_form():
    layer = layers.LayerNormalization()
    layer(X)
    with pytest.raises(NotImplementedError, match="LayerNormalization has no quantized form for mode 'int8'"):
        layer.quantize("int8")


@pytest.mark.parametrize(
    "arguments",
    [
        {"activations": "sometimes"},
        {"activations": 3},
        {"weights": "median"},
        {"weights": None},
        {"observer": "guess"},
        {"per_channel": 1},
        {"calibration": X},
    ],
)
def test_config_refuses(arguments):
    with pytest.raises(ValueError, match="Int8Config: expected"):
        Int8Config(**arguments)


def test_an_interrupted_change_is_undone(monkeypatch):
    m = model()
    before = m.predict(X, verbose=0)
    import netlet.layers.base.quantization.adopting as adopting

    true, calls = adopting._fields, []

    def interrupted(layer, twin):
        calls.append(layer)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return true(layer, twin)

    monkeypatch.setattr(adopting, "_fields", interrupted)
    with pytest.raises(KeyboardInterrupt):
        m.quantize("int8")
    assert [type(layer) for layer in m.layers] == [layers.Dense] * 2
    np.testing.assert_array_equal(m.predict(X, verbose=0), before)


@pytest.mark.parametrize("config", ["int8", 8, layers.Dense(3)])
def test_a_quantized_layer_with_another_config(config):
    with pytest.raises(ValueError, match="Int8Dense: expected `quantization_config` to be an Int8Config"):
        netlet.layers.quantized.Int8Dense(3, quantization_config=config)


def test_an_optimizer_that_its_config_does_not_make_again():
    class Own(netlet.optimizers.SGD):
        def __init__(self, needed):
            super().__init__(0.1)

    m = model()
    m.compile(Own(1), "mse")
    m.fit(X, np.zeros((16, 2), "float32"), verbose=0)
    with pytest.raises(TypeError):
        m.quantize("int8", only_if_faster=False)
    assert [type(layer) for layer in m.layers] == [layers.Dense] * 2


@pytest.mark.parametrize("calibration", [iter([X]), {"x": X}, "rows", [X, X[:3]]])
def test_a_layer_alone_calibrates_with_one_array(calibration):
    layer = layers.Dense(3)
    layer(X)
    with pytest.raises(ValueError, match=r"Layer '.*': expected Int8Config\(calibration=\) to be an array of inputs"):
        layer.quantize(config=static(calibration))
    assert type(layer) is layers.Dense
