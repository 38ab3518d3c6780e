"""Transfer learning: a frozen base under a new head, fine-tuning, features of an inner layer."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.applications import EfficientNetB0, MobileNetV2, MobileNetV3Small
from support.applications import weights_for

# Two classes: bright in the upper or in the lower half.
RNG = np.random.default_rng(0)
X = RNG.uniform(0, 90, (48, 32, 32, 3)).astype("float32")
Y = (np.arange(48) % 2).astype("int32")
X[Y == 0, :16] += 150
X[Y == 1, 16:] += 150


def base_of(name):
    netlet.utils.set_random_seed(1)
    base = _base_of(name)
    base.set_weights(weights_for(base))  # with Keras's first weights the features of so small images are almost 0
    return base


def _base_of(name):
    if name == "MobileNetV2":
        return MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    if name == "EfficientNetB0":
        return EfficientNetB0(input_shape=(32, 32, 3), include_top=False, weights=None)
    return MobileNetV3Small(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)


@pytest.mark.parametrize(
    "name", ["MobileNetV2", "MobileNetV3Small", pytest.param("EfficientNetB0", marks=pytest.mark.slow)]
)
def test_frozen_then_fine_tuned(name, tmp_path):
    base = base_of(name)
    base.trainable = False
    image = netlet.Input((32, 32, 3))
    x = layers.RandomFlip("horizontal", seed=0)(image)
    x = layers.Rescaling(1 / 127.5, -1)(x) if name == "MobileNetV2" else x
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.05, seed=0)(x)
    model = netlet.Model(image, layers.Dense(2, activation="softmax")(x))
    assert len(model.trainable_weights) == 2
    before = base.get_weights()
    model.compile(netlet.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=16, epochs=15, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    for a, b in zip(base.get_weights(), before, strict=True):  # the statistics of the normalizations too
        np.testing.assert_array_equal(a, b)

    base.trainable = True
    for layer in base.layers[:-20]:
        layer.trainable = False
    model.compile(netlet.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    changed = {w.path for w, b in zip(base.weights, before, strict=True) if not np.array_equal(w.numpy(), b)}
    assert changed == {w.path for layer in base.layers[-20:] for w in layer.trainable_weights}

    model.save(tmp_path / "tuned.netlet")
    loaded = netlet.saving.load_model(tmp_path / "tuned.netlet")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


def test_features_of_inner_layers():
    base = base_of("MobileNetV2")
    names = ["block_1_expand_relu", "block_3_expand_relu", "block_16_project"]
    features = netlet.Model(base.input, [base.get_layer(name).output for name in names])
    got = features.predict(X[:3], verbose=0)
    assert [f.shape for f in got] == [(3, 16, 16, 48), (3, 8, 8, 48), (3, 1, 1, 112)]
    rest = netlet.Model(base.get_layer(names[1]).output, base.output)
    np.testing.assert_allclose(rest.predict(got[1], verbose=0), base.predict(X[:3], verbose=0), rtol=1e-4, atol=1e-5)
