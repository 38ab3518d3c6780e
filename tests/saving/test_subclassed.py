"""User-defined models and layers without a `build` method are loaded from the input shapes they were built with."""

import numpy as np
import pytest

import netlet
from netlet import layers, ops, saving

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((8, 3)).astype("float32"), RNG.standard_normal((8, 2)).astype("float32")


@saving.register_keras_serializable("tests")
class Perceptron(netlet.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first, self.norm, self.last = layers.Dense(units), layers.BatchNormalization(), layers.Dense(2)

    def call(self, x, training=False):
        return self.last(self.norm(self.first(x), training=training))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@saving.register_keras_serializable("tests")
class ByName(netlet.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.table, self.last = layers.Embedding(10, 3), layers.Dense(2)

    def call(self, inputs):
        return self.last(ops.concatenate([ops.mean(self.table(inputs["i"]), axis=1), inputs["f"]], axis=-1))


@saving.register_keras_serializable("tests")
class TwoArguments(netlet.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, a, b=None):
        return self.first(a) + (0.0 if b is None else self.second(b))


@saving.register_keras_serializable("tests")
class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [layers.Dense(3, "relu"), layers.Dense(3)]

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def compute_output_shape(self, input_shape):
        return input_shape


@saving.register_keras_serializable("tests")
class Nested(netlet.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.block, self.stack = Block(), netlet.Sequential([layers.Dense(4), layers.Dense(2)])

    def call(self, x):
        return self.stack(self.block(x))


def reloaded(model, path):
    model.save(path)
    return netlet.models.load_model(path)


@pytest.mark.parametrize("make", [lambda: Perceptron(5), Nested, lambda: netlet.Sequential([Block(), layers.Dense(2)])])
def test_training_goes_on_in_the_loaded_model(make, tmp_path):
    model = make()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    copy = reloaded(reloaded(model, tmp_path / "a.netlet"), tmp_path / "b.netlet")
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    for m in (model, copy):
        m.fit(X, Y, verbose=0)
    for a, b in zip(model.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_inputs_by_name_and_several_arguments(tmp_path):
    data = {"i": RNG.integers(0, 10, (8, 4)), "f": X}
    model = ByName()
    expected = model.predict(data, verbose=0)
    np.testing.assert_array_equal(reloaded(model, tmp_path / "a.netlet").predict(data, verbose=0), expected)
    model = TwoArguments()
    expected = np.asarray(model(X, b=X))
    np.testing.assert_array_equal(np.asarray(reloaded(model, tmp_path / "a.netlet")(X, b=X)), expected)


def test_a_model_that_was_never_called(tmp_path):
    with pytest.warns(UserWarning, match="without weights"):
        model = reloaded(Perceptron(), tmp_path / "a.netlet")
    assert not model.built
    assert model(X).shape == (8, 2)
    begun = Perceptron()
    begun.first(X)
    with pytest.raises(ValueError, match=r"cannot be saved yet.*never called"):
        begun.save(tmp_path / "a.netlet")


def test_a_call_that_fails_while_loading_is_explained(tmp_path):
    class Needs(netlet.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.last = layers.Dense(2)

        def call(self, x):
            return self.last(x) * self.factor

    model = Needs()
    model.factor = 2.0
    model(X)
    model.save(tmp_path / "a.netlet")
    with pytest.raises(ValueError, match=r"a\.netlet.*Needs could not be built.*\[None, 3\].*build_from_config"):
        netlet.models.load_model(tmp_path / "a.netlet", custom_objects={"Needs": Needs})
