"""Classes and functions of users are saved by name and loaded if they are known; otherwise loading raises an error."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import netlet
from netlet import layers, saving
from support.saved import RNG, outputs, random_weights


class Scale(layers.Layer):
    """Has a weight and an argument."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer=netlet.initializers.Constant(self.start), name="factor"
        )

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "start": self.start}


class Block(layers.Layer):
    """Has layers inside, some in a list."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.steps = [layers.Dense(units, "relu"), layers.Dense(units)]
        self.scale = Scale(2.0)

    def call(self, inputs):
        for step in self.steps:
            inputs = step(inputs)
        return self.scale(inputs)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Wrapper(layers.Layer):
    """Takes a layer as an argument."""

    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs) + 1.0

    def get_config(self):
        return {**super().get_config(), "inner": saving.serialize_object(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(saving.deserialize_object(config.pop("inner")), **config)


class Net(netlet.Model):
    """A subclassed model."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = layers.Dense(units, "relu")
        self.second = layers.Dense(2)

    def call(self, inputs):
        return self.second(self.first(inputs))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def cubed(x):
    return x * x * x


CUSTOM = {"Scale": Scale, "Block": Block, "Wrapper": Wrapper, "Net": Net, "cubed": cubed}


def with_custom_layers():
    x = netlet.Input((4,))
    y = Block(3)(layers.Dense(4, activation=cubed)(Scale(0.5, name="mine")(x)))
    return netlet.Model(x, Wrapper(layers.Dense(2, name="wrapped"))(y))


def built_net():
    model = Net(units=6)
    model.build((None, 4))
    return model


@pytest.mark.parametrize(
    "make", [with_custom_layers, built_net, lambda: netlet.Sequential([netlet.Input((4,)), Scale()])]
)
@pytest.mark.parametrize("how", ["argument", "scope", "registered"])
def test_custom_objects(make, how, tmp_path, monkeypatch):
    monkeypatch.setattr(saving.registry, "_registered", {})
    monkeypatch.setattr(saving.registry, "_names", {})
    if how == "registered":
        for obj in CUSTOM.values():
            saving.register_keras_serializable("tests")(obj)
    model = random_weights(make())
    x = RNG.standard_normal((3, 4)).astype("float32")
    path = tmp_path / "model.netlet"
    model.save(path)
    if how == "argument":
        again = netlet.models.load_model(path, custom_objects=CUSTOM)
    elif how == "scope":
        with saving.custom_object_scope(CUSTOM):
            again = netlet.models.load_model(path)
    else:
        again = netlet.models.load_model(path)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(outputs(model, x)[0], outputs(again, x)[0])


def test_a_custom_class_that_is_not_known(tmp_path):
    path = tmp_path / "model.netlet"
    netlet.Sequential([netlet.Input((4,)), Scale()]).save(path)
    with pytest.raises(ValueError) as caught:
        netlet.models.load_model(path)
    message = str(caught.value)
    for part in ("'Scale'", "register_keras_serializable", "custom_objects={'Scale': Scale}", str(path)):
        assert part in message


def test_a_lambda_in_a_layer_is_refused_when_saving(tmp_path):
    path = tmp_path / "model.netlet"
    with pytest.raises(ValueError, match="lambda cannot be saved"):
        netlet.Sequential([netlet.Input((4,)), layers.Lambda(lambda x: x)]).save(path)
    assert not path.exists()
    with pytest.raises(ValueError, match="lambda cannot be saved"):
        netlet.Sequential([netlet.Input((4,)), layers.Activation(lambda x: x)]).save(path)


def test_a_lambda_layer_with_a_named_function(tmp_path):
    """The function is saved by its name, as in Keras, and found as that of an Activation is; no code is in the file."""
    path, x = tmp_path / "model.netlet", np.ones((2, 4), "float32")

    def scaled(v, k, mask=None):
        return v * k

    model = netlet.Sequential([netlet.Input((4,)), layers.Lambda(scaled, arguments={"k": 3.0}), layers.Lambda(cubed)])
    model.save(path)
    again = netlet.models.load_model(path, custom_objects={"scaled": scaled, "cubed": cubed})
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
    with pytest.raises(ValueError, match=r"Unknown function 'scaled'.*custom_objects=\{'scaled': scaled\}"):
        netlet.models.load_model(path)
    config = saving.serialize_object(model.layers[0])["config"]
    assert layers.Lambda.from_config(config, custom_objects={"scaled": scaled}).function is scaled
    for copied in (netlet.models.clone_model(model), copy.deepcopy(model)):
        np.testing.assert_array_equal(model.predict(x, verbose=0), copied.predict(x, verbose=0))
