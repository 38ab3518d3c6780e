"""Names that Keras has in further places: dtype_policies, mixed_precision, preprocessing, layers.serialize."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import dtype_policies, layers, mixed_precision, preprocessing


def test_dtype_policies():
    policy = dtype_policies.DTypePolicy("float64")
    config = dtype_policies.serialize(policy)
    assert dtype_policies.deserialize(config) == policy == dtype_policies.get(config) == dtype_policies.get("float64")
    theirs = keras.dtype_policies.serialize(keras.dtype_policies.DTypePolicy("float64"))
    assert dtype_policies.deserialize(theirs) == policy and config.keys() == theirs.keys()
    assert dtype_policies.get(None) == netlet.config.dtype_policy()
    assert dtype_policies.FloatDTypePolicy is netlet.DTypePolicy
    with pytest.raises(AttributeError, match="Int8Config"):
        dtype_policies.QuantizedDTypePolicy  # noqa: B018


def test_the_global_policy_under_its_old_names():
    before = mixed_precision.global_policy()
    try:
        mixed_precision.set_global_policy(mixed_precision.Policy("float64"))
        assert layers.Dense(1).compute_dtype == "float64"
        mixed_precision.set_global_policy("mixed_float16")
        assert (layers.Dense(1).compute_dtype, layers.Dense(1).variable_dtype) == ("float16", "float32")
    finally:
        mixed_precision.set_dtype_policy(before)
    assert mixed_precision.LossScaleOptimizer is netlet.optimizers.LossScaleOptimizer


def test_preprocessing_is_utils():
    for name in preprocessing.image.__all__:
        if name != "smart_resize":
            assert getattr(preprocessing.image, name) is getattr(netlet.utils, name)
    assert preprocessing.sequence.pad_sequences is netlet.utils.pad_sequences
    assert preprocessing.image_dataset_from_directory is netlet.utils.image_dataset_from_directory


@pytest.mark.parametrize("shape", [(9, 6, 3), (2, 4, 11, 1)])
@pytest.mark.parametrize("size", [(3, 3), (8, 5)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_smart_resize(shape, size, interpolation):
    x = np.random.default_rng(0).random(shape).astype("float32")
    ours, theirs = (m.preprocessing.image.smart_resize(x, size, interpolation) for m in (netlet, keras))
    assert isinstance(ours, np.ndarray)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert isinstance(preprocessing.image.smart_resize(netlet.ops.convert_to_tensor(x), size), netlet.Tensor)


def test_smart_resize_refuses():
    x = np.ones((4, 4, 1))
    for wrong, error in (({"size": (1,)}, ValueError), ({"size": (1, 1), "mode": 2}, TypeError)):
        with pytest.raises(error, match="smart_resize"):
            preprocessing.image.smart_resize(x, **wrong)


@netlet.saving.register_keras_serializable("places")
class Own(layers.Layer):
    pass


def test_layers_as_configs():
    layer = layers.Dense(3, activation="relu", kernel_regularizer="l2", name="a")
    again = layers.deserialize(layers.serialize(layer))
    assert again is not layer and again.get_config() == layer.get_config()
    theirs = keras.layers.serialize(keras.layers.Dense(3, activation="relu", name="a"))
    assert layers.deserialize(theirs).activation is netlet.activations.relu
    assert layers.deserialize({"class_name": "LSTM", "config": {"units": 2}}).units == 2
    assert type(layers.deserialize(layers.serialize(Own(name="b")))) is Own
    assert type(layers.deserialize({"class_name": "places>Own", "config": {}})) is Own

    class Local(layers.Layer):
        pass

    assert type(layers.deserialize({"class_name": "Local", "config": {}}, {"Local": Local})) is Local
    with pytest.raises(ValueError, match="Local"):
        layers.deserialize({"class_name": "Local", "config": {}})
    with pytest.raises(ValueError, match="expected the config of a layer"):
        layers.deserialize(netlet.optimizers.serialize(netlet.optimizers.SGD()))
