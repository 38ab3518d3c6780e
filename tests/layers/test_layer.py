"""The interface of Layer for subclasses."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, ops


class Scale(layers.Layer):
    """A user-defined layer with a weight created in `build` and a counter updated in `call`."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer=netlet.initializers.Constant(self.start), name="factor"
        )
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, inputs):
        self.calls.assign_add(1.0)
        return inputs * self.factor


class Block(layers.Layer):
    """A layer with sublayers as an attribute, in a list, in a dict and in a tuple."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = layers.Dense(units, activation="relu")
        self.stack = [layers.Dense(units), layers.Dense(units)]
        self.named = {"gate": layers.Dense(units)}
        self.pair = (layers.Dropout(0.5), layers.Dense(units))

    def call(self, x, training=False):
        x = self.first(x)
        for layer in self.stack:
            x = layer(x)
        x = x * ops.sigmoid(self.named["gate"](x))
        for layer in self.pair:
            x = layer(x)
        return x


X = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names():
    netlet.utils.clear_session()


# ---- names, weights, state -------------------------------------------------------------------------------------------
def test_names_are_numbered_and_paths_nested():
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.LeakyReLU().name] == ["dense", "dense_1", "leaky_re_lu"]
    block = Block()
    block(X)
    assert [w.path for w in block.weights][:2] == ["block/dense_2/kernel", "block/dense_2/bias"]
    netlet.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_sub_layers_are_tracked_wherever_they_stand():
    block = Block()
    block(X)
    assert len(block.weights) == 10
    assert [w.shape for w in block.trainable_variables] == [(3, 4), (4,)] + [(4, 4), (4,)] * 4
    assert len(block._flatten_layers()) == 7
    assert block.count_params() == 3 * 4 + 4 + 4 * 20


def test_appending_to_a_tracked_list_before_building():
    class Growing(layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = []
            for _ in range(3):
                self.parts.append(layers.Dense(2))
            self.table = {}
            self.table["last"] = layers.Dense(2)

        def call(self, x):
            for part in [*self.parts, self.table["last"]]:
                x = part(x)
            return x

    layer = Growing()
    layer(X)
    assert len(layer.weights) == 8


def test_replacing_an_attribute_forgets_the_old_layer():
    block = Block()
    block.first = layers.Dense(4, name="other")
    assert [layer.name for layer in block._flatten_layers(include_self=False)][:1] != ["dense"]
    assert sum(layer.name == "dense" for layer in block._flatten_layers()) == 0


def test_state_is_locked_after_build():
    layer = Scale()
    layer(X)
    with pytest.raises(ValueError, match="already built"):
        layer.more = layers.Dense(1)
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(2,), name="late")


def test_get_and_set_weights():
    layer = Scale(2.0)
    layer(X)
    factor, calls = layer.get_weights()
    assert (factor == 2).all() and calls == 1
    factor[:] = 3
    assert (layer.factor.numpy() == 2).all(), "get_weights gives copies"
    layer.set_weights([factor, calls])
    np.testing.assert_allclose(layer(X).numpy(), X * 3)
    with pytest.raises(ValueError, match="expected 2 weights, received 1"):
        layer.set_weights([factor])
    with pytest.raises(ValueError, match=r"shape \(3,\) for weight 'scale/factor', received \(4,\)"):
        layer.set_weights([np.zeros(4), calls])


def test_trainable_is_recursive_and_orders_weights():
    block = Block()
    block(X)
    assert len(block.trainable_variables) == 10
    block.first.trainable = False
    assert len(block.trainable_variables) == 8
    assert [w.path for w in block.non_trainable_variables] == ["block/dense/kernel", "block/dense/bias"]
    assert not block.first.kernel.trainable and not block.first.kernel.value.requires_grad
    block.trainable = False
    assert block.trainable_variables == [] and len(block.non_trainable_variables) == 10
    block.trainable = True
    assert len(block.trainable_variables) == 10 and block.first.trainable
    assert layers.Dense(1, trainable=False)(X) is not None
    frozen = layers.Dense(1, trainable=False)
    frozen(X)
    assert frozen.trainable_variables == [] and len(frozen.weights) == 2


def test_a_state_update_in_call_happens_eagerly_and_in_fit_but_not_while_shapes_are_inferred():
    layer = Scale()
    layer(X), layer(X)
    assert float(layer.calls) == 2
    layer(netlet.Input((3,)))
    assert float(layer.calls) == 2


# ---- calling ---------------------------------------------------------------------------------------------------------
def test_training_argument_resolution():
    seen = []

    class Spy(layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.spy, self.fixed = Spy(), Spy()

        def call(self, x):
            return self.fixed(self.spy(x), training=False)

    spy, outer = Spy(), Outer()
    spy(X), spy(X, training=True), outer(X), outer(X, training=True)
    assert seen == [False, True, False, False, True, False]
    model = netlet.Sequential([Spy(), Spy()])
    seen.clear()
    model(X, training=True)
    assert seen[-2:] == [True, True]


def test_default_of_training_in_the_signature():
    class Default(layers.Layer):
        def call(self, x, training=True):
            return x * (2.0 if training else 1.0)

    np.testing.assert_allclose(Default()(X).numpy(), 2 * X)
    np.testing.assert_allclose(Default()(X, training=False).numpy(), X)


def test_inputs_are_brought_to_the_layers_float_type():
    assert layers.Activation("relu")(X.astype("float64")).dtype == "float32"
    assert layers.Activation("relu", dtype="float64")(X).dtype == "float64"
    assert layers.Dense(2)(X.astype("float16")).dtype == "float32"
    assert layers.Flatten()(np.zeros((2, 3), "int16")).dtype == "int32"
    assert isinstance(layers.Dense(2)(X[:, ::-1]), netlet.Tensor)


def test_a_layer_with_several_inputs_and_outputs():
    class Two(layers.Layer):
        def build(self, a_shape, b_shape):
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]), name="w")

        def call(self, a, b, scale=1.0):
            y = ops.matmul(a, self.w)
            return {"sum": (y + b) * scale, "parts": [y, b]}

    layer = Two()
    out = layer(X, np.ones((5, 4), "float32"), scale=2.0)
    assert layer.w.shape == (3, 4)
    np.testing.assert_allclose(out["sum"].numpy(), 2 * (out["parts"][0].numpy() + 1), rtol=1e-6)
    symbolic = layer(netlet.Input((3,)), netlet.Input((4,)), scale=2.0)
    assert symbolic["sum"].shape == (None, 4) and symbolic["parts"][1].shape == (None, 4)


def test_output_shapes_are_found_by_trying():
    class Pairs(layers.Layer):
        def call(self, x):
            n, k = x.shape
            return ops.reshape(ops.matmul(ops.expand_dims(x, 2), ops.expand_dims(x, 1)), (n, k * k))

    y = Pairs()(netlet.Input((3,)))
    assert y.shape == (None, 9)
    assert Pairs().compute_output_shape((None, 4)) == (None, 16)
    assert layers.Dense(7).compute_output_shape((2, 3, 4)) == (2, 3, 7)


def test_empty_batch_gives_an_empty_result():
    assert layers.Dense(3)(np.zeros((0, 4), "float32")).shape == (0, 3)


def test_methods_may_give_their_object_any_name():
    class Scale(layers.Layer):
        def build(this, input_shape):
            this.w = this.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(this, x, training=False):
            return this.w * x

    layer = Scale()
    layer(np.ones((2, 3), "float32"))
    assert layer.get_build_config() == {"input_shape": (None, 3)}
    assert list(layer._call_parameters) == ["x", "training"]


# ---- losses ----------------------------------------------------------------------------------------------------------
def test_losses_of_weights_activities_and_add_loss():
    layer = layers.Dense(
        2, kernel_regularizer="l2", bias_regularizer=netlet.regularizers.L1(0.5), activity_regularizer="l1"
    )
    y = layer(X).numpy()
    layer.bias.assign([1.0, -2.0])
    kernel = layer.kernel.numpy()
    expected = [0.01 * np.abs(y).sum() / len(X), 0.01 * (kernel**2).sum(), 0.5 * 3]
    np.testing.assert_allclose([float(v) for v in layer.losses], expected, rtol=1e-5)
    layer(X)
    assert len(layer.losses) == 3, "a new call replaces the losses of the last one"

    class Adding(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2, activity_regularizer="l2")

        def call(self, x):
            self.add_loss(ops.sum(x) * 3.0)
            return self.inner(x)

    adding = Adding()
    y = adding(X).numpy()
    np.testing.assert_allclose(
        [float(v) for v in adding.losses], [3 * X.sum(), 0.01 * (y**2).sum() / len(X)], rtol=1e-5
    )
    adding(netlet.Input((3,)))
    assert adding.losses == [], "what was added while shapes were inferred is gone"
    with pytest.raises(ValueError, match="add_loss expected a tensor"):
        adding.add_loss("much")


# ---- configs ---------------------------------------------------------------------------------------------------------
def test_config_of_a_layer_with_plain_arguments_needs_no_get_config():
    class Plain(layers.Layer):
        def __init__(self, size, ratio=0.5, **kwargs):
            super().__init__(**kwargs)
            self.size, self.ratio = size, ratio

        def call(self, x):
            return x

    config = Plain(3, name="p").get_config()
    assert (config["size"], config["name"]) == (3, "p")
    assert Plain.from_config(config).size == 3

    class Odd(Plain):
        pass

    with pytest.raises(NotImplementedError, match="not a plain value"):
        Odd(object()).get_config()
