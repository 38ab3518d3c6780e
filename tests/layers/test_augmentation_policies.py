"""AutoContrast, Equalization and CLAHE against Keras; RandAugment, AugMix and Pipeline."""

from __future__ import annotations

import json
import random

import keras
import numpy as np
import pytest
from scipy import stats

import netlet
from netlet import layers, ops
from netlet.base import tree

RNG = np.random.default_rng(0)
X = np.round(RNG.uniform(20, 230, (2, 9, 10, 3))).astype("float32")
X[0, ..., 1] = 77
CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"


def scaled(x, value_range):
    low, high = value_range
    return (x / 255 * (high - low) + low).astype("float32")


# ---- histograms ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("AutoContrast", {}),
        ("AutoContrast", {"value_range": (-1, 1)}),
        ("Equalization", {"bins": 256}),
        ("Equalization", {"bins": 20, "value_range": (0, 1)}),
        (CLAHE, {"clip_limit": 20.0, "tile_grid_size": (2, 3)}),
        (CLAHE, {"clip_limit": 0.0, "tile_grid_size": (1, 1), "value_range": (0, 1)}),
    ],
)
def test_images_are_keras_s(name, arguments):
    value_range = arguments.get("value_range", (0, 255))
    x = scaled(X, value_range)
    ours, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    expected = np.asarray(theirs.transform_images(x, None, training=True))
    y = ours(x, training=True)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-5 * (value_range[1] - value_range[0]))
    one = ours(x[:1], training=True)[0].numpy() if name == "Equalization" else y[0].numpy()
    np.testing.assert_allclose(ours(x[0], training=True).numpy(), one, atol=1e-6 * (value_range[1] - value_range[0]))
    first = getattr(layers, name)(**arguments, data_format="channels_first")
    np.testing.assert_array_equal(first(x.transpose(0, 3, 1, 2).copy()).numpy(), y.numpy().transpose(0, 3, 1, 2))
    still = ours(x, training=False).numpy()  # Equalization is active in training only
    np.testing.assert_array_equal(still, x if name == "Equalization" else y.numpy())
    config, wanted = ours.get_config(), theirs.get_config()
    assert set(config) == set(wanted)
    assert json.loads(json.dumps(type(ours).from_config(wanted).get_config())).keys() == config.keys()


@pytest.mark.parametrize("name", ["AutoContrast", "Equalization", CLAHE])
def test_inputs_of_all_kinds(name, threads):
    layer = getattr(layers, name)()
    assert layer(X.astype("uint8")).dtype == "float32" and layer(netlet.Input((9, 10, 3))).shape == (None, 9, 10, 3)
    assert layer(np.zeros((0, 9, 10, 3), "float32")).shape == (0, 9, 10, 3)
    half = getattr(layers, name)(dtype="float16")(X)
    assert half.dtype == "float16" and np.isfinite(half.numpy()).all()
    model = netlet.Sequential([netlet.Input((9, 10, 3)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(scaled(X, (0, 1)), np.zeros((2, 1))))
    data = layer({"images": X, "labels": np.arange(2.0), "segmentation_masks": X})
    np.testing.assert_array_equal(data["segmentation_masks"].numpy(), X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.AutoContrast(value_range=1), "value_range"),
        (lambda: layers.Equalization(bins=0), "`bins`"),
        (lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=8), "`tile_grid_size`"),
        (lambda: layers.RandAugment(factor=2.0), "factor"),
        (lambda: layers.AugMix(factor=-1.0), "factor"),
        (lambda: layers.Pipeline([layers.AutoContrast(), np.sin]), "expected layers"),
        (lambda: layers.Pipeline.from_config({"name": "p"}), "list `layers`"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- policies --------------------------------------------------------------------------------------------------------
def arrays(transformation):
    return tree.map_structure(lambda t: np.asarray(t) if hasattr(t, "shape") else t, transformation)


def test_rand_augment_applies_what_was_drawn():
    layer = layers.RandAugment(seed=1, num_ops=1)
    drawn = layer.get_random_transformation(X)
    names = list(drawn["transforms"])
    assert names == list(keras.layers.RandAugment._AUGMENT_LAYERS)
    for i, name in enumerate(names):
        y = layer.transform_images(X, {**drawn, "layer_idxes": np.array([i])})
        expected = getattr(layer, name).transform_images(X, drawn["transforms"][name])
        np.testing.assert_array_equal(y.numpy(), expected.numpy())


@pytest.mark.slow  # JAX compiles all augmentations
def test_rand_augment_applies_what_keras_drew():
    theirs = keras.layers.RandAugment(num_ops=2, seed=1)
    drawn = arrays({**theirs.get_random_transformation(X), "layer_idxes": np.array([3, 2])})
    expected = np.asarray(theirs.transform_images(X, drawn, training=True))
    np.testing.assert_allclose(layers.RandAugment(num_ops=2).transform_images(X, drawn).numpy(), expected, atol=2e-3)


def test_aug_mix_mixes_what_was_drawn():
    random.seed(3)  # Keras draws the names by Python's generator
    theirs = keras.layers.AugMix(seed=1, chain_depth=2)
    drawn = arrays(theirs.get_random_transformation(X))
    expected = np.asarray(theirs.transform_images(X, drawn, training=True))
    layer = layers.AugMix(seed=1, chain_depth=2)
    np.testing.assert_allclose(layer.transform_images(X, drawn).numpy(), expected, atol=2e-3)
    drawn = layer.get_random_transformation(X)
    assert [len(chain) <= 2 for chain in drawn["chain_transforms"]] == [True] * 3
    assert {k for chain in drawn["chain_transforms"] for step in chain for k in step} == {
        "layer_name",
        "transformation",
    }
    np.testing.assert_allclose(np.sum(drawn["chain_mixing_weights"]), 1, rtol=1e-6)
    assert not hasattr(layers.AugMix(all_ops=False), "random_contrast")
    assert layers.AugMix(num_chains=2, chain_depth=0)(X).shape == X.shape


def test_choices_and_weights_are_those_of_the_distributions():
    layer = layers.RandAugment(seed=1, num_ops=3)
    small = np.zeros((1, 2, 2, 3), "float32")
    found = np.array([np.asarray(layer.get_random_transformation(small)["layer_idxes"]) for _ in range(200)])
    assert found.shape == (200, 3) and stats.chisquare(np.bincount(found.ravel(), minlength=11)).pvalue > 1e-3
    mix = layers.AugMix(seed=2, chain_depth=1, all_ops=False)
    drawn = [mix.get_random_transformation(small) for _ in range(200)]
    weights = np.array([np.asarray(d["chain_mixing_weights"]) for d in drawn])
    assert stats.kstest(weights[:, 0], stats.beta(1, 2).cdf).pvalue > 1e-3  # a component of Dirichlet(1, 1, 1)
    empty = np.mean([not chain for d in drawn for chain in d["chain_transforms"]])
    assert abs(empty - 1 / 8) < 0.06


class Keep(netlet.layers.Layer):
    """Stores the mean of the last batch in a weight."""

    def build(self, input_shape):
        self.last = self.add_weight(shape=(), initializer="zeros", trainable=False, name="last")

    def call(self, x, training=False):
        if training:
            self.last.assign(ops.mean(x))
        return x


def test_a_recorded_step_chooses_anew(threads):
    """Each layer is replaced by an addition of its own number, so that the outputs tell which of them ran."""

    def means():
        netlet.utils.set_random_seed(3)
        layer = layers.RandAugment(seed=5, num_ops=1)
        for i, name in enumerate(layer._names):
            getattr(layer, name).transform_images = lambda x, transformation, training=True, i=i: ops.add(x, i)
        model = netlet.Sequential([netlet.Input((2, 2, 3)), layer, Keep(), layers.Flatten(), layers.Dense(1)])
        model.compile(netlet.optimizers.SGD(0.0), "mse")
        zeros = np.zeros((2, 2, 2, 3), "float32")
        found = []
        for _ in range(150):
            model.train_on_batch(zeros, np.zeros((2, 1)))
            found.append(float(model.layers[1].last.numpy()))
        return found

    found = means()
    counts = np.bincount(np.array(found).astype(int), minlength=11)
    assert set(found) == set(range(11)) and stats.chisquare(counts).pvalue > 1e-3
    netlet._core.set_num_threads(1)
    assert means() == found


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_policies_in_fit_and_gradients(name, threads):
    def losses():
        netlet.utils.set_random_seed(3)
        front = layers.Dense(3, kernel_initializer="identity")
        layer = getattr(layers, name)(seed=2, value_range=(0, 255))
        model = netlet.Sequential([netlet.Input((9, 10, 3)), front, layer, layers.Flatten(), layers.Dense(1)])
        model.compile(netlet.optimizers.SGD(1e-9), "mse")
        before = front.kernel.numpy().copy()
        found = model.fit(np.repeat(X, 4, axis=0), np.zeros((8, 1)), batch_size=4, epochs=3, verbose=0)
        assert np.isfinite(front.kernel.numpy()).all() and not np.array_equal(before, front.kernel.numpy())
        return found.history["loss"]

    once = losses()
    assert len(set(once)) == 3 and np.isfinite(once).all()
    netlet._core.set_num_threads(1)
    assert losses() == once


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_policies_take_all_inputs(name, tmp_path):
    layer = getattr(layers, name)(seed=4)
    np.testing.assert_array_equal(layer(X, training=False).numpy(), X)
    for _ in range(8):
        y = layer({"images": X, "labels": np.arange(2.0), "segmentation_masks": np.ones((2, 9, 10, 1), "float32")})
        assert np.isfinite(y["images"].numpy()).all() and y["labels"].tolist() == [0, 1]
        assert layer(X[0]).shape == X.shape[1:] and y["segmentation_masks"].shape == (2, 9, 10, 1)
    assert layer(netlet.Input((9, 10, 3))).shape == (None, 9, 10, 3)
    first = getattr(layers, name)(data_format="channels_first")
    assert first(X.transpose(0, 3, 1, 2).copy()).shape == (2, 3, 9, 10)
    assert set(layer.get_config()) == set(getattr(keras.layers, name)(seed=4).get_config())
    model = netlet.Sequential([netlet.Input((9, 10, 3)), layer, layers.Flatten(), layers.Dense(1)])
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"m.{ending}")
        again = netlet.models.load_model(tmp_path / f"m.{ending}")
        assert json.dumps(again.layers[0].get_config()) == json.dumps(layer.get_config())
        np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)


# ---- pipelines -------------------------------------------------------------------------------------------------------
def test_pipeline(tmp_path):
    pipeline = layers.Pipeline([layers.RandomBrightness(0.2, seed=1), layers.MixUp(seed=2), layers.Rescaling(1 / 255)])
    assert [type(layer).__name__ for layer in pipeline.layers] == ["RandomBrightness", "MixUp", "Rescaling"]
    np.testing.assert_allclose(pipeline(X, training=False).numpy(), X / 255, rtol=1e-6)
    assert not np.allclose(pipeline(X).numpy(), X / 255)
    labelled = layers.Pipeline(pipeline.layers[:2])({"images": X, "labels": np.eye(2, dtype="float32")})
    np.testing.assert_allclose(labelled["labels"].numpy().sum(axis=1), 1, rtol=1e-6)
    crop = layers.Pipeline([layers.CenterCrop(4, 5), layers.AutoContrast()])
    assert crop(netlet.Input((9, 10, 3))).shape == (None, 4, 5, 3)
    model = netlet.Sequential([netlet.Input((9, 10, 3)), pipeline, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(X, np.zeros((2, 1))))
    theirs = keras.layers.Pipeline([keras.layers.RandomBrightness(0.2), keras.layers.Rescaling(1 / 255)])
    again = layers.Pipeline.from_config(theirs.get_config())
    assert [type(layer).__name__ for layer in again.layers] == ["RandomBrightness", "Rescaling"]
    for ending in ("netlet", "keras"):
        model.save(tmp_path / f"m.{ending}")
        loaded = netlet.models.load_model(tmp_path / f"m.{ending}")
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    opened = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(opened.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5)
