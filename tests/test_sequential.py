"""Sequential: immediate and deferred building, add and pop, nesting, configs, summary, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

X = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names():
    netlet.utils.clear_session()
    keras.utils.clear_session(free_memory=False)  # its full garbage collection takes a second


def build(module):
    return module.Sequential(
        [
            module.Input((8,)),
            module.layers.Dense(16, activation="relu"),
            module.layers.Dropout(0.5),
            module.layers.Dense(4),
            module.layers.Activation("softmax"),
        ]
    )


def test_outputs_names_paths_and_shapes_are_keras():
    ours, theirs = build(netlet), build(keras)
    assert ours.name == theirs.name == "sequential"
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert (ours.input_shape, ours.output_shape) == (theirs.input_shape, theirs.output_shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(X).numpy(), np.asarray(theirs(X)), rtol=1e-5, atol=1e-7)
    assert ours.count_params() == theirs.count_params() == 8 * 16 + 16 + 16 * 4 + 4


def test_a_784_16_16_10_network_has_13002_parameters(capsys):
    model = netlet.Sequential([netlet.Input((784,)), layers.Dense(16), layers.Dense(16), layers.Dense(10)])
    assert model.count_params() == 13_002
    model.summary()
    assert "Total params: 13,002 (50.79 KB)" in capsys.readouterr().out


def test_built_by_the_first_data():
    model = netlet.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)])
    assert not model.built and model.weights == []
    with pytest.raises(AttributeError, match="not built"):
        model.input_shape  # noqa: B018
    y = model(X)
    assert y.shape == (6, 2) and model.built
    assert (model.input_shape, model.output_shape) == ((None, 8), (None, 2))
    assert [w.path for w in model.weights][:1] == ["sequential/dense/kernel"]
    assert len(model.layers) == 2
    later = netlet.Sequential([layers.Dense(3), layers.Dense(2)])
    later.build((None, 8))
    assert later.count_params() == 8 * 3 + 3 + 3 * 2 + 2
    with pytest.raises(ValueError, match=r"expected input shape \(None, 8\), received \(None, 9\)"):
        later.build((None, 9))


def test_legacy_input_shape_arguments():
    with pytest.warns(UserWarning, match="Input"):
        model = netlet.Sequential([layers.Dense(3, input_shape=(8,)), layers.Dense(2)])
    assert model.built and model.input_shape == (None, 8)
    with pytest.warns(UserWarning, match="Input"):
        model = netlet.Sequential([layers.Dense(3, input_dim=5)])
    assert model.input_shape == (None, 5)


def test_add_and_pop():
    model = netlet.Sequential(name="net")
    model.add(netlet.Input((8,)))
    model.add(layers.Dense(4))
    first = model(X).numpy()
    model.add(layers.Dense(3))
    assert model.output_shape == (None, 3) and len(model.weights) == 4
    popped = model.pop()
    assert popped.name == "dense_1" and model.output_shape == (None, 4)
    np.testing.assert_array_equal(model(X).numpy(), first)
    model.add(layers.Dense(5))
    assert model.output_shape == (None, 5)
    empty = netlet.Sequential()
    with pytest.raises(TypeError, match="no layers to remove"):
        empty.pop()
    with pytest.raises(ValueError, match="no layers"):
        empty.build((None, 3))


def test_building_is_linear():
    """Each layer is called once on symbolic inputs, whatever the model's length and however it is assembled."""
    model = netlet.Sequential([netlet.Input((4,))])
    for _ in range(50):
        model.add(layers.Dense(4))
    assert all(len(layer._inbound_nodes) == 1 for layer in model.layers)


def test_nested_models():
    encoder = netlet.Sequential([netlet.Input((8,)), layers.Dense(5, activation="relu")], name="encoder")
    whole = netlet.Sequential([encoder, netlet.Sequential([layers.Dense(2)], name="head")])
    assert whole.input_shape == (None, 8) and whole.output_shape == (None, 2)
    assert len(whole.weights) == 4
    hidden = np.maximum(X @ encoder.weights[0].numpy() + encoder.weights[1].numpy(), 0)
    expected = hidden @ whole.weights[2].numpy() + whole.weights[3].numpy()
    np.testing.assert_allclose(whole(X).numpy(), expected, rtol=1e-5, atol=1e-6)
    encoder.trainable = False
    assert len(whole.trainable_variables) == 2


def test_a_model_of_hidden_layers():
    model = build(netlet)
    features = netlet.Model(model.inputs, model.layers[0].output)
    kernel, bias = model.layers[0].get_weights()
    np.testing.assert_allclose(features(X).numpy(), np.maximum(X @ kernel + bias, 0), rtol=1e-5, atol=1e-6)


def test_inputs_of_rank_one_and_with_extra_axes():
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(2)])
    assert model(np.zeros(5, "float32")).shape == (5, 2)
    assert netlet.Sequential([netlet.Input((8,)), layers.Dense(2)])(X[..., None]).shape == (6, 2)
    with pytest.raises(ValueError, match=r"expected shape \(None, 8\)"):
        build(netlet)(np.zeros((2, 3, 8), "float32"))


def test_integer_and_double_inputs():
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(2)])
    np.testing.assert_allclose(model(np.ones((2, 8), "uint8")).numpy(), model(np.ones((2, 8))).numpy())
    double = netlet.Sequential([netlet.Input((8,), dtype="float64"), layers.Dense(2, dtype="float64")])
    assert double(X).dtype == "float64"


def test_config_and_clone():
    model = build(netlet)
    config = model.get_config()
    theirs = build(keras).get_config()
    assert set(config) == set(theirs)
    assert [c["class_name"] for c in config["layers"]] == [c["class_name"] for c in theirs["layers"]]
    for copy in (netlet.Sequential.from_config(config), netlet.models.clone_model(model)):
        assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
        assert all((a.numpy() != b.numpy()).any() for a, b in zip(copy.weights[::2], model.weights[::2], strict=True))
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy(X).numpy(), model(X).numpy())
    from_keras = netlet.Sequential.from_config(_without_quantization(theirs))
    from_keras.set_weights(model.get_weights())
    np.testing.assert_array_equal(from_keras(X).numpy(), model(X).numpy())
    back = netlet.models.model_from_json(model.to_json())
    assert back.get_config() == netlet.Sequential.from_config(config).get_config()


def _without_quantization(config):
    if isinstance(config, dict):
        return {k: _without_quantization(v) for k, v in config.items() if k != "quantization_config"}
    return [_without_quantization(v) for v in config] if isinstance(config, list) else config


def test_clone_with_a_function():
    model = build(netlet)

    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Dense):
            config["units"] *= 2
        return type(layer).from_config(config)

    assert netlet.models.clone_model(model, clone_function=wider).output_shape == (None, 8)
    moved = netlet.models.clone_model(model, input_tensors=netlet.Input((3,)))
    assert moved.input_shape == (None, 3)


def test_get_layer():
    model = build(netlet)
    assert model.get_layer("dense_1") is model.layers[2] is model.get_layer(index=2)
    with pytest.raises(ValueError, match="No such layer: 'x'"):
        model.get_layer("x")
    with pytest.raises(ValueError, match="4 layers"):
        model.get_layer(index=4)
    with pytest.raises(ValueError, match="name or an index"):
        model.get_layer()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: netlet.Sequential([3]), "expected a layer, received int"),
        (lambda: netlet.Sequential([layers.Dense]), "expected a layer, received"),
        (lambda: netlet.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")]), "received a second 'a'"),
        (lambda: netlet.Sequential([netlet.Input((1,)), netlet.Input((1,))]), "only as its first layer"),
        (lambda: netlet.Sequential([layers.Dense(2), netlet.Input((1,))]), "only as its first layer"),
        (lambda: netlet.Sequential([layers.Dense(2)])("text"), "expected one input"),
        (lambda: netlet.Sequential.from_config({"name": "x"}), "'name' and 'layers'"),
        (lambda: setattr(netlet.Sequential(), "layers", []), "Use `add` and `pop`"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises((ValueError, AttributeError), match=message):
        make()


def test_a_layer_is_named_in_errors_of_its_data():
    model = netlet.Sequential([layers.Dense(4), layers.Dense(2)])
    model(X)
    with pytest.raises(ValueError, match=r"'dense': expected inputs with last axis 8 .*received shape \(6, 7\)"):
        model(X[:, :7])


def test_shared_layer_in_two_models():
    dense = layers.Dense(3)
    a, b = netlet.Sequential([netlet.Input((8,)), dense]), netlet.Sequential([netlet.Input((8,)), dense])
    np.testing.assert_array_equal(a(X).numpy(), b(X).numpy())
    assert a.weights[0] is b.weights[0]


def test_one_input_in_a_list_or_dict():
    model = netlet.Sequential([netlet.layers.Dense(3, "softmax")])
    x, y = np.random.default_rng(0).random((8, 4)).astype("float32"), np.arange(8) % 3
    assert model([x]).shape == (8, 3)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit([x], [y], verbose=0)
    model.fit({"x": x}, y, verbose=0)
    np.testing.assert_array_equal(model.predict([x], verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match=r"expected one input, received 2"):
        model([x, x])


def several_inputs(library, kind):
    class Join(library.layers.Layer):
        def call(self, x):
            a, b = (x["a"], x["b"]) if kind is dict else x
            return {"sum": a + b, "product": a * b}

    class Mix(library.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = library.layers.Dense(2, kernel_initializer="ones")

        def build(self, input_shape):
            self.dense.build(input_shape["sum"])

        def call(self, x):
            return self.dense(x["sum"] - x["product"])

    return library.Sequential([Join(), Mix()]), {"Join": Join, "Mix": Mix}


@pytest.mark.parametrize("kind", [dict, list])
def test_a_first_layer_with_several_inputs(kind, tmp_path):
    a, b, y = np.ones((4, 3), "float32"), np.full((4, 3), 0.25, "float32"), np.zeros((4, 2), "float32")
    x = {"a": a, "b": b} if kind is dict else [a, b]
    found = []
    for library in (netlet, keras):
        model, classes = several_inputs(library, kind)
        model.compile("sgd", "mse", metrics=["mae"])
        history = model.fit(x, y, epochs=2, verbose=0).history
        found.append([*history["loss"], *history["mae"], *model.predict(x, verbose=0)[0], model.count_params()])
        if library is netlet:
            model.save(tmp_path / "model.netlet")
            again = netlet.models.load_model(tmp_path / "model.netlet", custom_objects=classes)
            np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
            assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_several_inputs_for_a_layer_that_takes_one():
    model = netlet.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match=r"Layer 'dense.*expected 1 input\(s\), received 2"):
        model([np.ones((4, 3)), np.ones((4, 3))])
    model(np.ones((4, 3)))
    with pytest.raises(ValueError, match="expected one input, received 2"):
        model([np.ones((4, 3)), np.ones((4, 3))])
