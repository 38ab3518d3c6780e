"""`quantize_aware` of models: training, files, the integer model afterwards, errors."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, optimizers
from netlet.layers.quantized import AwareDense, FoldedNormalization, Int8Dense
from netlet.quantizers import AwareConfig, Int8Config, freeze_ranges, quantize_aware

X = np.random.default_rng(0).normal(size=(64, 12)).astype("float32")
Y = np.tanh(X[:, :3] + X[:, 3:6] * X[:, 6:9])
CONFIGS = {
    "dynamic": None,
    "int8 config": Int8Config("static", calibration=X, observer="mse"),
    "observed": AwareConfig("static", calibration=X, observer="moving_average", freeze_after=9),
    "learned": AwareConfig("static", calibration=X, ranges="learned"),
    "zeropoint": AwareConfig("static", weights="zeropoint", calibration=X),
    "weights": Int8Config(activations=None),
}


def mlp(norm=True, optimizer="adam"):
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((12,)), layers.Dense(16, name="first")])
    if norm:
        model.add(layers.BatchNormalization(name="norm"))
    model.add(layers.ReLU())
    model.add(layers.Dense(16, "gelu", name="second"))
    model.add(layers.Dense(3, name="last"))
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("name", CONFIGS)
def test_from_float_to_integers(name):
    """Folded, trained, and made an integer model with the same predictions to the bit."""
    model = mlp()
    model.fit(X, Y, epochs=3, batch_size=16, verbose=0)
    floats, objects = model.predict(X, verbose=0), list(model.layers)
    assert quantize_aware(model, CONFIGS[name]) is model
    assert model.layers == objects and not model.optimizer.built
    assert kinds(model) == ["AwareDense", "FoldedNormalization", "ReLU", "AwareDense", "AwareDense"]
    assert type(model.get_layer("norm")) is FoldedNormalization
    assert 0 < np.abs(model.predict(X, verbose=0) - floats).max() < 0.1  # a moving average clips
    before = model.evaluate(X, Y, verbose=0)[0]
    model.fit(X, Y, epochs=10, batch_size=16, verbose=0)
    assert model.evaluate(X, Y, verbose=0)[0] < 0.8 * before
    trained, aware = model.predict(X, verbose=0), model(X).numpy()
    np.testing.assert_array_equal(aware, trained)
    model.quantize("int8")
    quantized = "WeightOnlyDense" if name == "weights" else "Int8Dense"
    assert kinds(model) == [quantized, "FoldedNormalization", "ReLU", quantized, quantized]
    np.testing.assert_array_equal(model.predict(X, verbose=0), trained)
    np.testing.assert_array_equal(model(X), trained)
    report = model.quantization_report()
    assert [row.layer for row in report] == ["first", "norm", "second", "last"]
    assert report.pop(1).done == "folded into 'first'"
    assert all(row.done.endswith("trained") and row.bytes_after < row.bytes_before for row in report)
    assert all(30 < row.snr_db < 60 for row in report)


@pytest.mark.parametrize("suffix", ["netlet", "keras", "h5"])
@pytest.mark.parametrize("name", CONFIGS)
def test_an_aware_model_in_a_file(tmp_path, name, suffix):
    model = quantize_aware(mlp(), CONFIGS[name])
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    model.save(tmp_path / f"aware.{suffix}")
    again = netlet.models.load_model(tmp_path / f"aware.{suffix}")
    assert kinds(again) == kinds(model)
    assert all(row.bytes_before == row.bytes_after for row in again.quantization_report())
    for each in (model, again):
        each.fit(X, Y, epochs=2, batch_size=16, shuffle=False, verbose=0)
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
    again.quantize("int8")
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)


def test_weights_of_an_aware_model_in_a_file(tmp_path):
    model, other = (quantize_aware(mlp(), CONFIGS["observed"]) for _ in range(2))
    model.fit(X, Y, epochs=2, verbose=0)
    model.save_weights(tmp_path / "aware.weights.h5")
    other.load_weights(tmp_path / "aware.weights.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_clone_of_an_aware_model():
    model = quantize_aware(mlp(), CONFIGS["learned"])
    clone = netlet.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.05, momentum=0.9),
        optimizers.Adam(0.01, state_dtype="uint8", clipnorm=1.0),
        optimizers.AdamW(0.01, weight_decay=0.1, use_ema=True),
        optimizers.RMSprop(0.003, gradient_accumulation_steps=2),
        optimizers.Lion(0.003, weight_decay=0.1),
        optimizers.Adafactor(0.03),
        optimizers.Muon(0.003),
        optimizers.LossScaleOptimizer(optimizers.Adam(0.01)),
        optimizers.LBFGS(),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_every_optimizer_trains_learned_ranges(optimizer):
    model = mlp(optimizer=optimizer)
    model.fit(X, Y, epochs=3, batch_size=64, verbose=0)
    quantize_aware(model, CONFIGS["learned"])
    before = model.evaluate(X, Y, verbose=0)[0]
    scales = [float(layer.input_scale) for layer in model.layers if isinstance(layer, AwareDense)]
    model.fit(X, Y, epochs=30, batch_size=64, verbose=0)
    assert model.evaluate(X, Y, verbose=0)[0] < before
    model.quantize("int8")
    moved = [float(layer.input_scale) for layer in model.layers if isinstance(layer, Int8Dense)]
    assert all(0.5 * old < new < 2 * old and new != old for old, new in zip(scales, moved, strict=True))


def test_frozen_ranges():
    model = quantize_aware(mlp(norm=False), AwareConfig("static", calibration=X, observer="moving_average"))
    first = model.layers[0]
    model.fit(2 * X, Y, verbose=0)
    freeze_ranges(model)
    before = first.input_low.numpy(), first.input_high.numpy()
    assert before != (X.min(), X.max())
    model.fit(3 * X, Y, verbose=0)
    assert before == (first.input_low.numpy(), first.input_high.numpy())


def test_layers_that_do_not_train():
    model = quantize_aware(mlp(norm=False), CONFIGS["learned"])
    model.get_layer("second").trainable = False
    frozen = [w.copy() for w in model.get_layer("second").get_weights()]
    others = model.get_layer("first").get_weights()
    model.fit(X, Y, verbose=0)
    for old, new in zip(frozen, model.get_layer("second").get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert np.any(others[0] != model.get_layer("first").get_weights()[0])


def test_regularizers_and_constraints_of_the_weights_stay():
    model = netlet.Sequential([netlet.Input((12,))])
    model.add(layers.Dense(3, kernel_regularizer="l2", kernel_constraint="non_neg"))
    quantize_aware(model)
    kernel = model.layers[0].kernel
    np.testing.assert_allclose(sum(model.losses), 0.01 * np.square(kernel.numpy()).sum(), rtol=1e-5)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert kernel.trainable and kernel.numpy().min() >= 0


def test_filters_nested_and_shared_layers():
    shared = layers.Dense(12, "tanh", name="shared")
    inner = netlet.Sequential([netlet.Input((12,)), layers.Dense(12, name="inside")], name="inner")
    x = netlet.Input((12,))
    y = layers.Dense(3, name="head")(layers.Add()([shared(x), inner(shared(shared(x)))]))
    model = quantize_aware(netlet.Model(x, y), CONFIGS["observed"], filters=["shared", "inside"])
    assert type(shared) is type(inner.layers[0]) is AwareDense
    assert type(model.get_layer("head")) is layers.Dense
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    expected = model.predict(X, verbose=0)
    model.quantize("int8")
    assert type(shared) is Int8Dense and type(model.get_layer("head")) is layers.Dense
    done = {row.layer: row.done for row in model.quantization_report()}
    assert done["head"] == "float: it has not trained with codes"
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)


def test_errors_leave_the_model_as_it_was():
    model = mlp()
    with pytest.raises(TypeError, match="expected `config` to be an AwareConfig or None, received 'int8'"):
        quantize_aware(model, "int8")
    with pytest.raises(ValueError, match=r'expected Int8Config\(calibration=\) .* for activations="static"'):
        quantize_aware(model, AwareConfig("static"))
    model.get_layer("last").kernel.assign(np.full((16, 3), np.nan, "float32"))
    with pytest.raises(ValueError, match="Layer 'last': expected finite weights, received 48 NaN"):
        quantize_aware(model)
    assert kinds(model) == ["Dense", "BatchNormalization", "ReLU", "Dense", "Dense"]
    with pytest.raises(ValueError, match=r"'sequential.*' is not built"):
        quantize_aware(netlet.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="has no quantization-aware layers: call `quantize_aware` first"):
        freeze_ranges(model)


def test_aware_or_quantized_already():
    model = quantize_aware(mlp())
    with pytest.raises(ValueError, match="is quantization-aware already: layer 'first' trains with AwareConfig"):
        quantize_aware(model)
    with pytest.raises(ValueError, match=r"has trained with codes: expected quantize\('int8'\) without a config"):
        model.quantize("int8", Int8Config())
    with pytest.raises(ValueError, match="expected mode 'int8' and no config, because it has trained with"):
        model.get_layer("first").quantize("int8", config=Int8Config())
    model.quantize("int8")
    with pytest.raises(ValueError, match="Layer 'first' is already quantized"):
        quantize_aware(model)
