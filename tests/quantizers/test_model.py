"""`Model.quantize`: what it selects, what it changes, what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.layers.quantized import FoldedNormalization, Int8Dense
from netlet.quantizers import Int8Config

X = np.random.default_rng(0).normal(size=(64, 12)).astype("float32")


def mlp(**kwargs):
    return netlet.Sequential(
        [
            netlet.Input((12,)),
            layers.Dense(16, "relu", name="first"),
            layers.Dense(16, "tanh", name="second"),
            layers.Dense(3, name="last"),
        ],
        **kwargs,
    )


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (None, ["Int8Dense"] * 3),
        ("first", ["Int8Dense", "Dense", "Dense"]),
        ("st$", ["Int8Dense", "Dense", "Int8Dense"]),
        (["^sec", "^las"], ["Dense", "Int8Dense", "Int8Dense"]),
        (lambda layer: layer.units == 16, ["Int8Dense", "Int8Dense", "Dense"]),
        ("nothing", ["Dense"] * 3),
    ],
)
def test_filters(filters, wanted):
    model = mlp()
    model.quantize("int8", filters=filters)
    assert kinds(model) == wanted


def test_a_layer_that_was_left_out_can_be_quantized_later():
    model = mlp()
    model.quantize("int8", filters="first")
    model.quantize("int8", filters="last")
    assert kinds(model) == ["Int8Dense", "Dense", "Int8Dense"]


def test_objects_stay():
    model = mlp()
    first, output = model.layers[0], model.output
    y = model.predict(X, verbose=0)
    model.quantize("int8")
    assert model.layers[0] is first
    assert model.output is output
    assert isinstance(first, layers.Dense)
    assert type(first) is Int8Dense
    assert first.quantization_mode == "int8"
    assert first.quantization_config == Int8Config()
    z = model.predict(X, verbose=0)
    assert 0 < np.abs(z - y).max() < 0.05
    np.testing.assert_array_equal(model(X).numpy(), z)  # eager and recorded


def test_another_model_that_shares_the_layers_sees_the_change():
    model = mlp()
    part = netlet.Model(model.input, model.layers[1].output)
    before = part.predict(X, verbose=0)
    model.quantize("int8")
    after = part.predict(X, verbose=0)
    assert np.any(before != after)
    np.testing.assert_array_equal(after, part(X).numpy())


def test_static_ranges_are_those_of_the_float_model():
    model = mlp()
    first = np.maximum(X @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy(), 0)
    model.quantize("int8", Int8Config("static", calibration=X))
    assert model.layers[1].input_scale.numpy() == pytest.approx(first.max() / 255, rel=1e-5)
    assert model.layers[1].input_zero_point.numpy() == 0
    assert "call" not in model.layers[1].__dict__


@pytest.mark.parametrize("observer", ["minmax", "mse"])
@pytest.mark.parametrize("data", ["list", "dict", "generator", "dataset"])
def test_calibration_takes_what_predict_takes(data, observer):
    a, b = netlet.Input((4,), name="a"), netlet.Input((5,), name="b")
    model = netlet.Model([a, b], layers.Dense(2)(layers.Concatenate()([a, b])))
    u, v = X[:, :4], X[:, 4:9]
    batches = [((u[i : i + 16], v[i : i + 16]), np.zeros(16)) for i in range(0, 64, 16)]

    class Batches(netlet.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return batches[index]

    given = {
        "list": lambda: [u, v],
        "dict": lambda: {"a": u, "b": v},
        "generator": lambda: (batch for batch in batches),
        "dataset": Batches,
    }[data]()
    model.quantize("int8", Int8Config("static", calibration=given, observer=observer))
    both = np.concatenate([u, v], axis=1)
    widest = (both.max() - both.min()) / np.float32(255)
    scale = model.layers[-1].input_scale.numpy()
    assert scale == widest if observer == "minmax" else 0.7 * widest < scale <= widest


def test_batch_normalization_is_folded_where_nothing_else_reads_the_product():
    x = netlet.Input((12,))
    h = layers.Dense(8, use_bias=False, name="a")(x)
    h = layers.BatchNormalization(name="norm_a")(h)
    k = layers.Dense(8, name="b")(layers.ReLU()(h))
    y = layers.Add()([k, layers.BatchNormalization(name="norm_b")(k)])
    model = netlet.Model(x, y)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            rng = np.random.default_rng(1)
            layer.set_weights([rng.uniform(0.5, 2, 8).astype("float32") for _ in layer.weights])
    before = model.predict(X, verbose=0)
    model.quantize("int8")
    assert type(model.get_layer("norm_a")) is FoldedNormalization
    assert type(model.get_layer("norm_b")) is layers.BatchNormalization
    assert model.get_layer("a").bias is not None
    after = model.predict(X, verbose=0)
    assert np.abs(after - before).max() < 0.03 * np.abs(before).max()


def test_shared_and_nested_layers_are_quantized_once():
    shared = layers.Dense(12, "tanh", name="shared")
    inner = netlet.Sequential([netlet.Input((12,)), layers.Dense(12, name="inside")], name="inner")
    x = netlet.Input((12,))
    model = netlet.Model(x, layers.Add()([shared(x), inner(shared(shared(x)))]))
    before = model.predict(X, verbose=0)
    model.quantize("int8", Int8Config("static", calibration=X))
    assert type(shared) is type(inner.layers[0]) is Int8Dense
    assert np.abs(model.predict(X, verbose=0) - before).max() < 0.1


def test_subclasses_and_other_layers_stay_float():
    class Own(layers.Dense):
        def call(self, inputs):
            return super().call(inputs) * 2

    model = netlet.Sequential([netlet.Input((12,)), Own(4), layers.LayerNormalization(), layers.Dense(2)])
    model.quantize("int8")
    assert kinds(model) == ["Own", "LayerNormalization", "Int8Dense"]
    done = {type(r.layer).__name__: r.done for r in model._quantization_records}
    assert done["Own"] == "float: Own has no quantized form for mode 'int8'"
    assert done["Int8Dense"] == "int8, dynamic"


def test_a_layer_under_spectral_normalization_stays_float():
    model = netlet.Sequential([netlet.Input((12,)), layers.SpectralNormalization(layers.Dense(4)), layers.Dense(2)])
    model.quantize("int8")
    assert type(model.layers[0].layer) is layers.Dense
    assert type(model.layers[1]) is Int8Dense


def test_subclassed_model():
    class Own(netlet.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(8, "relu"), layers.Dense(2)

        def call(self, x):
            return self.two(self.one(x))

    model = Own()
    before = model.predict(X, verbose=0)
    model.quantize("int8", Int8Config("static", calibration=X))
    assert type(model.one) is type(model.two) is Int8Dense
    assert 0 < np.abs(model.predict(X, verbose=0) - before).max() < 0.1


def test_a_compiled_model_can_be_evaluated_afterwards():
    model = mlp()
    y = np.zeros((64, 3), "float32")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, y, epochs=1, verbose=0)
    before = model.evaluate(X, y, verbose=0)
    model.quantize("int8")
    np.testing.assert_allclose(model.evaluate(X, y, verbose=0), before, rtol=0.05)
    assert not model.optimizer.built


@pytest.mark.parametrize("activations", ["dynamic", "static"])
def test_the_table_of_an_embedding_becomes_codes(activations):
    model = netlet.Sequential(
        [netlet.Input((6,), dtype="int32"), layers.Embedding(50, 8), layers.Flatten(), layers.Dense(3)]
    )
    words = np.random.default_rng(0).integers(0, 50, (32, 6)).astype("int32")
    before = model.predict(words, verbose=0)
    model.quantize("int8", Int8Config(activations, calibration=words if activations == "static" else None))
    assert [r.done for r in model._quantization_records] == ["int8, weights only", f"int8, {activations}"]
    assert 0 < np.abs(model.predict(words, verbose=0) - before).max() < 0.01
    alone = layers.Embedding(5, 4)
    alone(words % 5)
    alone.quantize("int8")
    assert alone.quantization_config.activations is None


def test_layers_after_a_quantized_one_can_be_trained():
    model = mlp()
    model.quantize("int8", filters="second")
    first, second, last = model.layers
    before = [v.numpy() for v in model.weights]
    model.compile("adam", "mse")
    with pytest.warns(UserWarning, match="Gradients do not exist for variables .*first"):
        model.fit(X, np.ones((64, 3), "float32"), epochs=2, verbose=0)
    changed = [np.any(v.numpy() != old) for v, old in zip(model.weights, before, strict=True)]
    assert changed == [False] * (len(first.weights) + len(second.weights)) + [True] * len(last.weights)
