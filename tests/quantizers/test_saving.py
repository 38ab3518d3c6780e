"""Quantized models in files, clones and pickles."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.quantized import FoldedNormalization
from netlet.quantizers import Int8Config

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
CONFIGS = {
    "dynamic": Int8Config(),
    "static": Int8Config("static", weights="zeropoint", calibration=X, observer="mse"),
}


@pytest.fixture(params=CONFIGS)
def model(request):
    model = netlet.Sequential(
        [netlet.Input((6,)), layers.Dense(9), layers.BatchNormalization(), layers.ReLU(), layers.Dense(3, "softmax")]
    )
    model.layers[1].moving_variance.assign(np.linspace(0.5, 2, 9, dtype="float32"))
    model.compile("adam", "mse")
    model.quantize("int8", CONFIGS[request.param])
    return model


def same(model, other):
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [type(layer) for layer in other.layers] == [type(layer) for layer in model.layers]
    assert [v.dtype for v in other.weights] == [v.dtype for v in model.weights]
    assert [v.path for v in other.weights] == [v.path for v in model.weights]
    assert other.layers[0].quantization_config == model.layers[0].quantization_config
    assert type(other.layers[1]) is FoldedNormalization


@pytest.mark.parametrize("ending", ["netlet", "keras", "h5"])
def test_files(model, tmp_path, ending):
    if ending != "netlet":
        pytest.importorskip("h5py")
    path = tmp_path / f"model.{ending}"
    model.save(path)
    same(model, netlet.models.load_model(path))


@pytest.mark.parametrize("ending", ["weights.netlet", "weights.h5"])
def test_weights(model, tmp_path, ending):
    if ending.endswith("h5"):
        pytest.importorskip("h5py")
    path = tmp_path / f"model.{ending}"
    model.save_weights(path)
    other = netlet.models.clone_model(model)
    assert np.any(other.predict(X, verbose=0) != model.predict(X, verbose=0))
    other.load_weights(path)
    same(model, other)


def test_float_weights_do_not_fit_a_quantized_model(model, tmp_path):
    float_model = netlet.Sequential([netlet.Input((6,)), layers.Dense(9), layers.Dense(3)])
    float_model.save_weights(tmp_path / "float.weights.netlet")
    with pytest.raises(ValueError):
        model.load_weights(tmp_path / "float.weights.netlet")


def test_pickle_and_json(model):
    same(model, pickle.loads(pickle.dumps(model)))
    other = netlet.models.model_from_json(model.to_json())
    other.set_weights(model.get_weights())
    same(model, other)


def test_the_file_is_small(tmp_path):
    model = netlet.Sequential([netlet.Input((200,)), layers.Dense(300), layers.Dense(300)])
    model.save(tmp_path / "float.netlet")
    model.quantize("int8")
    model.save(tmp_path / "int8.netlet")
    sizes = [(tmp_path / f"{name}.netlet").stat().st_size for name in ("float", "int8")]
    assert sizes[1] <= 0.27 * sizes[0]


def test_a_config_is_saved_once():
    x = netlet.Input((4, 5))
    inner = netlet.Sequential([layers.Dense(4)])
    h = layers.TimeDistributed(layers.Dense(3))(inner(x))
    model = netlet.Model(x, layers.MultiHeadAttention(1, 2, name="attention")(h, h))
    model.quantize("int8", only_if_faster=False)
    assert model.to_json().count('"Int8Dense"') == 2
    assert model.to_json().count('"Int8EinsumDense"') == 4


def test_calibration_data_are_not_saved(model):
    assert "calibration" not in model.to_json()


@netlet.saving.register_keras_serializable("tests")
class Own(netlet.Model):
    """A model whose config does not have its layers."""

    def __init__(self, units=5, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.front = netlet.Sequential(
            [netlet.Input((6,)), layers.Dense(units), layers.BatchNormalization(), layers.ReLU()]
        )
        self.head = layers.Dense(2)

    def call(self, x):
        return self.head(self.front(x))

    def get_config(self):
        return {"units": self.units}


@netlet.saving.register_keras_serializable("tests")
class OwnGraph(netlet.Model):
    """A graph that the constructor makes."""

    def __init__(self, **kwargs):
        x = netlet.Input((6,))
        self.front = netlet.Sequential([layers.Dense(4), layers.BatchNormalization()])
        super().__init__(x, layers.Dense(2)(self.front(x)))

    def get_config(self):
        return {}


@pytest.mark.parametrize("ending", ["netlet", "keras"])
@pytest.mark.parametrize("make", [Own, OwnGraph])
def test_layers_that_no_config_has(tmp_path, ending, make):
    if ending == "keras":
        pytest.importorskip("h5py")
    model = make()
    model(X)
    model.quantize("int8", Int8Config("static", calibration=X))
    assert type(model.front.layers[1]) is FoldedNormalization
    model.save(tmp_path / f"m.{ending}")
    other = netlet.models.load_model(tmp_path / f"m.{ending}")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [v.dtype for v in other.weights] == [v.dtype for v in model.weights]
    assert all(v.path.startswith(other.front.name) for v in other.front.weights)


def test_a_damaged_list_of_quantized_layers():
    model = Own()
    model(X)
    model.quantize("int8")
    config = netlet.saving.serialize_keras_object(model)
    parts = config["build_config"]["quantized"]
    place, entry = next(iter(parts.items()))
    for damaged in (
        [entry],
        "parts",
        {"99": entry},
        {"x": entry},
        {place: netlet.saving.serialize_keras_object(layers.ReLU())},
    ):
        config["build_config"]["quantized"] = damaged
        with pytest.raises(ValueError, match="expected"):
            netlet.saving.deserialize_keras_object(config)
