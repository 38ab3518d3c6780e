"""Files of Keras's own quantized models: they open, predict the same, and are written for Keras again."""

from __future__ import annotations

import json
import zipfile

import keras
import numpy as np
import pytest
from keras.quantizers import AbsMaxQuantizer, Int4QuantizationConfig, Int8QuantizationConfig

import netlet
from netlet.layers import quantized
from netlet.quantizers import KerasConfig

pytestmark = pytest.mark.usefixtures("quick_initializers")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 37)).astype("float32")
WORDS = RNG.integers(0, 50, (20, 7)).astype("int32")

DENSE = {
    "int8": (Int8QuantizationConfig(), "KerasInt8Dense", KerasConfig()),
    "int8, other codes": (
        Int8QuantizationConfig(activation_quantizer=AbsMaxQuantizer(value_range=(-100, 100), epsilon=1e-3)),
        "KerasInt8Dense",
        KerasConfig(highest=100, lowest=-100, epsilon=1e-3),
    ),
    "int8, weights": (
        Int8QuantizationConfig(activation_quantizer=None),
        "KerasWeightOnlyDense",
        KerasConfig(activations=None),
    ),
    "int4": (Int4QuantizationConfig(), "KerasWeightOnlyDense", KerasConfig("int4", None, group_size=128)),
    "int4, partial groups": (
        Int4QuantizationConfig(block_size=16),
        "KerasWeightOnlyDense",
        KerasConfig("int4", None, group_size=16),
    ),
    "int4, channels": (Int4QuantizationConfig(block_size=None), "KerasWeightOnlyDense", KerasConfig("int4", None)),
}


def keras_model(config):
    model = keras.Sequential(
        [
            keras.Input((37,)),
            keras.layers.Dense(21, "relu", name="a"),
            keras.layers.Dense(16, name="float"),
            keras.layers.Dense(1, "sigmoid", use_bias=False, name="b"),
        ]
    )
    for weight in model.weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.3)
    for name in ("a", "b"):
        model.get_layer(name).quantize(config.mode, config=config)
    return model


@pytest.mark.parametrize("name", DENSE)
def test_dense(tmp_path, name):
    config, cls, ours = DENSE[name]
    theirs = keras_model(config)
    theirs.save(tmp_path / "model.keras")
    model = netlet.models.load_model(tmp_path / "model.keras")
    assert [type(layer).__name__ for layer in model.layers] == [cls, "Dense", cls]
    assert model.layers[0].quantization_config == ours
    np.testing.assert_allclose(model.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(X), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("ending", ["keras", "netlet"])
def test_saved_again(tmp_path, name, ending):
    theirs = keras_model(DENSE[name][0])
    theirs.save(tmp_path / "model.keras")
    model = netlet.models.load_model(tmp_path / "model.keras")
    model.save(tmp_path / f"again.{ending}")
    again = netlet.models.load_model(tmp_path / f"again.{ending}")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.layers[0].quantization_config == model.layers[0].quantization_config
    if ending == "keras":
        back = keras.saving.load_model(tmp_path / "again.keras")
        np.testing.assert_array_equal(back.predict(X, verbose=0), theirs.predict(X, verbose=0))


EMBEDDINGS = {
    "int8": (Int8QuantizationConfig(), 12),
    "int4": (Int4QuantizationConfig(), 12),
    "int4, partial groups": (Int4QuantizationConfig(block_size=4), 11),
    "int4, rows": (Int4QuantizationConfig(block_size=None), 9),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embedding(tmp_path, name):
    config, dim = EMBEDDINGS[name]
    theirs = keras.Sequential([keras.Input((7,), dtype="int32"), keras.layers.Embedding(50, dim)])
    theirs.layers[0].embeddings.assign(RNG.normal(size=(50, dim)))
    theirs.quantize(config=config)
    theirs.save(tmp_path / "model.keras")
    model = netlet.models.load_model(tmp_path / "model.keras")
    assert type(model.layers[0]) is quantized.KerasWeightOnlyEmbedding
    np.testing.assert_allclose(model.predict(WORDS, verbose=0), theirs.predict(WORDS, verbose=0), rtol=1e-6, atol=1e-7)
    model.save(tmp_path / "again.keras")
    back = keras.saving.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(back.predict(WORDS, verbose=0), theirs.predict(WORDS, verbose=0))


def test_functional_model_with_optimizer(tmp_path):
    inputs = keras.Input((37,))
    x = keras.layers.Dense(16, "relu")(inputs)
    theirs = keras.Model(inputs, keras.layers.Add()([x, keras.layers.Dense(16)(x)]))
    for weight in theirs.weights:
        weight.assign(RNG.normal(size=weight.shape) * 0.3)
    theirs.compile("sgd", "mse")
    theirs.quantize("int8")
    theirs.save(tmp_path / "model.keras")
    model = netlet.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(model.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="already quantized"):
        model.quantize("int8")
    assert [row.done for row in model.quantization_report()] == ["int8, dynamic", "int8, dynamic"]


def test_weights_alone(tmp_path):
    theirs = keras_model(Int8QuantizationConfig())
    theirs.save(tmp_path / "model.keras")
    theirs.save_weights(tmp_path / "model.weights.h5")
    model = netlet.models.load_model(tmp_path / "model.keras")
    want = model.predict(X, verbose=0)
    model.set_weights([w * 0 for w in model.get_weights()])
    model.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(model.predict(X, verbose=0), want)


# ---- what is refused -------------------------------------------------------------------------------------------------
def changed(source, target, change):
    """Copies a `.keras` file; `change` edits the config of its first layer."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config["config"]["layers"][1])
                data = json.dumps(config)
            new.writestr(name, data)


def test_a_policy_without_a_quantization_config_is_that_of_older_keras(tmp_path):
    theirs = keras_model(Int8QuantizationConfig())
    theirs.save(tmp_path / "model.keras")

    def change(layer):
        del layer["config"]["quantization_config"]
        layer["config"]["dtype"] = "int8_from_float32"

    changed(tmp_path / "model.keras", tmp_path / "old.keras", change)
    model = netlet.models.load_model(tmp_path / "old.keras")
    np.testing.assert_allclose(model.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda c: c.update(class_name="EinsumDense"), ValueError, "a quantized EinsumDense"),
        (lambda c: c["config"]["dtype"]["config"].update(mode="float8"), ValueError, "mode 'float8'"),
        (
            lambda c: c["config"]["quantization_config"]["config"]["activation_quantizer"].update(class_name="Mine"),
            ValueError,
            "expected Keras's AbsMaxQuantizer",
        ),
        (
            lambda c: c["config"]["quantization_config"]["config"]["activation_quantizer"]["config"].update(
                value_range=[-300, 300]
            ),
            ValueError,
            "codes of int8, received -300 to 300",
        ),
        (lambda c: c["config"].update(units=5), ValueError, "shape"),
    ],
)
def test_what_netlet_does_not_read(tmp_path, change, error, text):
    keras_model(Int8QuantizationConfig()).save(tmp_path / "model.keras")
    changed(tmp_path / "model.keras", tmp_path / "other.keras", change)
    with pytest.raises(error, match=text):
        netlet.models.load_model(tmp_path / "other.keras")


@pytest.mark.parametrize("size", [0, -2, 2**31])
def test_group_sizes_that_are_refused(tmp_path, size):
    keras_model(Int4QuantizationConfig(block_size=16)).save(tmp_path / "model.keras")

    def change(layer):
        layer["config"]["quantization_config"]["config"]["block_size"] = size

    changed(tmp_path / "model.keras", tmp_path / "other.keras", change)
    with pytest.raises(ValueError, match="group_size"):
        netlet.models.load_model(tmp_path / "other.keras")


def test_other_groups_than_neighbours_are_refused(tmp_path):
    theirs = keras_model(Int4QuantizationConfig(block_size=16))
    theirs.layers[0].g_idx.assign(np.arange(37) % 3)
    theirs.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="groups of 16 neighbouring weights"):
        netlet.models.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"mode": "int2"}, ValueError, "received 'int2'"),
        ({"mode": "int4"}, NotImplementedError, "received 'dynamic' in mode 'int4'"),
        ({"activations": "static"}, NotImplementedError, "received 'static'"),
        ({"lowest": -129}, ValueError, "received -129 to 127"),
    ],
)
def test_configs_that_do_not_exist(arguments, error, text):
    with pytest.raises(error, match=text):
        KerasConfig(**arguments)
