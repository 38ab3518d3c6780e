"""Model: graphs with several inputs and outputs, shared and nested layers, subclasses, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, ops

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((6, 8)).astype("float32"), RNG.standard_normal((6, 8)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names():
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second


def residual(module):
    x = module.Input((8,), name="x")
    h = x
    for _ in range(3):
        h = module.layers.Add()([h, module.layers.Dense(8, activation="relu")(h)])
    return module.Model(x, module.layers.Dense(2)(h), name="residual")


def two_towers(module):
    a, b = module.Input((8,), name="a"), module.Input((8,), name="b")
    shared = module.layers.Dense(4, activation="tanh", name="shared")
    joined = module.layers.Concatenate()([shared(a), shared(b)])
    score = module.layers.Dense(1, name="score")(joined)
    kind = module.layers.Dense(3, activation="softmax", name="kind")(joined)
    return module.Model([a, b], [score, kind])


@pytest.mark.parametrize(("build", "data"), [(residual, A), (two_towers, [A, B])])
def test_against_keras(build, data):
    ours, theirs = build(netlet), build(keras)
    assert ours.name == theirs.name
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert [(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert (ours.input_shape, ours.output_shape) == (theirs.input_shape, theirs.output_shape)
    assert ours.output_names == theirs.output_names
    theirs.set_weights(ours.get_weights())
    mine, expected = ours(data), theirs(data)
    assert isinstance(mine, list) == isinstance(expected, list)
    for y, want in zip(as_list(mine), as_list(expected), strict=True):
        np.testing.assert_allclose(y.numpy(), np.asarray(want), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("build", "data"), [(residual, A), (two_towers, [A, B])])
def test_configs(build, data):
    model = build(netlet)
    theirs = build(keras).get_config()
    assert set(model.get_config()) == set(theirs)
    assert model.get_config()["input_layers"] == theirs["input_layers"]
    assert model.get_config()["output_layers"] == theirs["output_layers"]
    copies = [
        netlet.Model.from_config(model.get_config()),
        netlet.models.clone_model(model),
        netlet.models.clone_model(model, clone_function=lambda layer: type(layer).from_config(layer.get_config())),
        netlet.models.model_from_json(model.to_json()),
    ]
    for twin in copies:
        assert twin.name == model.name and type(twin) is type(model)
        twin.set_weights(model.get_weights())
        for got, want in zip(as_list(twin(data)), as_list(model(data)), strict=True):
            np.testing.assert_array_equal(got.numpy(), want.numpy())


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def test_inputs_and_outputs_may_be_dicts():
    a, b = netlet.Input((8,), name="a"), netlet.Input((8,), name="b")
    model = netlet.Model({"a": a, "b": b}, {"sum": a + b, "both": {"difference": a - b}})
    out = model({"b": B, "a": A, "unused": A})
    np.testing.assert_allclose(out["sum"].numpy(), A + B)
    np.testing.assert_allclose(out["both"]["difference"].numpy(), A - B)
    listed = netlet.Model([a, b], a - b)
    np.testing.assert_allclose(listed({"b": B, "a": A}).numpy(), A - B)
    for given in ({"a": A}, [A], [A, B, A]):
        with pytest.raises(ValueError, match=r"expected|needs"):
            listed(given)


def test_nested_and_shared_models():
    inner_in = netlet.Input((8,))
    inner = netlet.Model(inner_in, layers.Dense(4, activation="relu")(inner_in), name="inner")
    a, b = netlet.Input((8,)), netlet.Input((8,))
    model = netlet.Model([a, b], layers.Subtract()([inner(a), inner(b)]))
    assert len(model.weights) == 2
    expected = inner(A).numpy() - inner(B).numpy()
    np.testing.assert_allclose(model([A, B]).numpy(), expected, rtol=1e-6)
    twin = netlet.Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin([A, B]).numpy(), model([A, B]).numpy())


def test_training_reaches_every_layer_and_an_explicit_flag_stays():
    x = netlet.Input((8,))
    always = netlet.Model(x, layers.Dropout(0.5)(x, training=True))
    asked = netlet.Model(x, layers.Dropout(0.5)(x))
    assert (always(A).numpy() == 0).any()
    assert (asked(A).numpy() == A).all()
    assert (asked(A, training=True).numpy() == 0).any()
    twin = netlet.Model.from_config(always.get_config())
    assert (twin(A).numpy() == 0).any()


def test_a_model_may_begin_inside_of_another():
    model = residual(netlet)
    cut = model.get_layer("add").output
    tail, head = netlet.Model(cut, model.output), netlet.Model(model.input, cut)
    np.testing.assert_allclose(tail(head(A)).numpy(), model(A).numpy(), rtol=1e-6)


def test_unused_inputs_are_allowed_and_listed():
    a, b = netlet.Input((8,), name="a"), netlet.Input((8,), name="b")
    model = netlet.Model([a, b], layers.Dense(2)(a))
    assert {layer.name for layer in model.layers} == {"a", "b", "dense"}
    assert model([A, B]).shape == (6, 2)


class MLP(netlet.Model):
    """A typical user-defined subclass."""

    def __init__(self, width=5):
        super().__init__()
        self.width = width
        self.hidden = [layers.Dense(width, activation="relu") for _ in range(2)]
        self.drop = layers.Dropout(0.5)
        self.out = layers.Dense(2)

    def call(self, x, training=False):
        for layer in self.hidden:
            x = layer(x)
        return self.out(self.drop(x, training=training))

    def get_config(self):
        return {"width": self.width}


def test_subclass():
    model = MLP()
    assert model(A).shape == (6, 2)
    assert [w.path for w in model.weights][:2] == ["mlp/dense/kernel", "mlp/dense/bias"]
    assert model.count_params() == 8 * 5 + 5 + 5 * 5 + 5 + 5 * 2 + 2
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dropout", "dense_2"]
    built = MLP()
    built.build((None, 8))
    assert built.count_params() == model.count_params()
    twin = MLP.from_config(model.get_config())
    twin.build((None, 8))
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin(A).numpy(), model(A).numpy())
    with pytest.raises(AttributeError, match="not made of a graph"):
        model.inputs  # noqa: B018


def test_a_subclass_may_give_a_graph_to_super():
    class Graph(netlet.Model):
        def __init__(self, units):
            x = netlet.Input((8,))
            super().__init__(x, layers.Dense(units)(x), name="graph")
            self.units = units

    model = Graph(3)
    assert model(A).shape == (6, 3) and model.name == "graph" and model.units == 3


def test_a_subclass_inside_of_a_graph():
    x = netlet.Input((8,))
    model = netlet.Model(x, layers.Dense(1)(MLP()(x)))
    assert model.output_shape == (None, 1) and len(model.weights) == 8
    assert model(A).shape == (6, 1)


def test_losses_of_layers_reach_the_model():
    x = netlet.Input((8,))
    h = layers.Dense(4, kernel_regularizer="l2", activity_regularizer="l1")(x)
    model = netlet.Model(x, layers.Dense(2, bias_regularizer="l1")(h))
    assert len(model.losses) == 2, "an activity is penalised when there is one"
    model(A)
    assert len(model.losses) == 3
    model(A)
    assert len(model.losses) == 3


def test_deep_graphs_do_not_exhaust_the_stack():
    x = y = netlet.Input((2,))
    for _ in range(1500):
        y = y + 1.0
    model = netlet.Model(x, y)
    np.testing.assert_allclose(model(np.zeros((1, 2), "float32")).numpy(), [[1500, 1500]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: netlet.Model(netlet.Input((2,)), netlet.Input((2,))), "Graph disconnected"),
        (lambda: netlet.Model(inputs=netlet.Input((2,))), "together"),
        (lambda: netlet.Model(A, netlet.Input((2,))), r"inputs=\): expected symbolic tensors"),
        (lambda: netlet.Model(netlet.Input((2,)), A), r"outputs=\): expected symbolic tensors"),
        (lambda: netlet.Model()(A), "does not have a `call"),
        (lambda: netlet.Model(1, 2, 3, 4), "positional arguments"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises((ValueError, NotImplementedError, TypeError), match=message):
        make()


def test_two_layers_of_one_name():
    x = netlet.Input((2,))
    y = layers.Dense(2, name="same")(layers.Dense(2, name="same")(x))
    with pytest.raises(ValueError, match="'same' is used twice"):
        netlet.Model(x, y)


def test_wrong_shapes_name_the_input():
    model = two_towers(netlet)
    with pytest.raises(ValueError, match=r"for input 'b' inputs of shape \(None, 8\), received shape \(6, 7\)"):
        model([A, B[:, :7]])
    single = residual(netlet)
    with pytest.raises(ValueError, match=r"'residual': expected inputs of shape \(None, 8\), received shape \(6, 7\)"):
        single(A[:, :7])


def test_ops_and_operators_become_layers_of_the_graph():
    x = netlet.Input((8,))
    y = ops.relu(x @ np.ones((8, 3), "float32") - 1.0)[:, :2]
    model = netlet.Model(x, y)
    np.testing.assert_allclose(model(A).numpy(), np.maximum(A.sum(1, keepdims=True) - 1, 0).repeat(2, 1), atol=1e-5)
    twin = netlet.Model.from_config(model.get_config())
    np.testing.assert_array_equal(twin(A).numpy(), model(A).numpy())


def nested_inputs():
    a, b, c = netlet.Input((1,), name="one"), netlet.Input((2,)), netlet.Input((3,))
    outputs = {"first": layers.Dense(1)(a), "others": {"second": layers.Dense(2)(b), "third": layers.Dense(3)(c)}}
    return netlet.Model({"one": a, "others": {"two": b, "three": c}}, outputs)


def test_nested_dicts_of_inputs_and_outputs():
    model = nested_inputs()
    x = {"one": np.ones((4, 1)), "others": {"three": np.ones((4, 3)), "two": np.ones((4, 2))}}
    y = model.predict(x, verbose=0)
    assert {k: v.shape for k, v in y["others"].items()} == {"second": (4, 2), "third": (4, 3)}
    np.testing.assert_allclose(model(x)["first"], y["first"], rtol=1e-6)
    symbolic = model({"one": netlet.Input((1,)), "others": {"two": netlet.Input((2,)), "three": netlet.Input((3,))}})
    assert symbolic["others"]["third"].shape == (None, 3)
    model.compile("sgd", "mse")
    assert set(model.fit(x, y, verbose=0).history) == {"loss", "first_loss", "others/second_loss", "others/third_loss"}
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict(x, verbose=0)["first"], model.predict(x, verbose=0)["first"])
    again = netlet.models.model_from_json(model.to_json())
    assert again.output_shape == model.output_shape
    del x["others"]["two"]
    with pytest.raises(ValueError, match=r"expected also inputs \['two'\], received \['three'\]"):
        model(x)


def test_other_structures_of_inputs_than_the_models():
    a, b = netlet.Input((2,), name="a"), netlet.Input((2,), name="b")
    total = layers.Subtract()([a, b])
    x, y = np.ones((3, 2)), np.zeros((3, 2))
    model = netlet.Model({"a": a, "b": b}, total)
    with pytest.warns(UserWarning, match=r"`inputs` doesn't match.*with \['a', 'b'\], received a list") as warned:
        assert [model.predict([x, y], verbose=0).max() for _ in range(2)] == [1.0, 1.0]
    assert len(warned) == 1
    with pytest.warns(UserWarning, match=r"does not use the inputs \['c'\]"):
        model({"a": x, "b": y, "c": y})
    with pytest.raises(ValueError, match=r"`inputs` doesn't match.*\['b', 'a'\], received a list"):
        netlet.Model({"b": b, "a": a}, total)([x, y])
    pair = netlet.Model([a, b], total)
    assert np.asarray(pair((x, y))).max() == np.asarray(pair({"b": y, "a": x})).max() == 1.0
    with pytest.raises(ValueError, match=r"same structure as model\.input: .*\['a', 'b'\]"):
        netlet.models.clone_model(pair, input_tensors={"a": a, "b": b})


def test_an_op_behind_a_dense_layer():
    x = netlet.Input((3,))
    model = netlet.Model(x, netlet.ops.square(netlet.layers.Dense(2)(x)))
    model.compile("sgd", "mse")
    data = np.ones((4, 3), "float32")
    model.fit(data, data[:, :2], verbose=0)
    np.testing.assert_allclose(model.predict(data, verbose=0), model(data).numpy(), rtol=1e-6)


def test_inputs_of_rank_0_and_1_take_a_single_row():
    scalar, vector = netlet.Input(batch_shape=()), netlet.Input(batch_shape=(None,))
    model = netlet.Model([scalar, vector], vector * scalar)
    assert model([np.float32(2.0), np.ones(1, "float32")]).tolist() == [2.0]
    assert model([np.float32(2.0), np.ones(3, "float32")]).tolist() == [2.0, 2.0, 2.0]


def test_a_fixed_batch_size_is_that_of_every_trial():
    x = netlet.Input(batch_shape=(1, 4))
    model = netlet.Model(x, netlet.ops.reshape(x, (1, 2, 2)))
    assert model.predict(np.ones((1, 4), "float32"), verbose=0).shape == (1, 2, 2)
