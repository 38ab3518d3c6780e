"""Keras's "Image classification with modern MLP models": MLP-Mixer and gMLP, on digits."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

SIZE, PATCH, WIDTH, BLOCKS = 8, 2, 24, 2
PATCHES = (SIZE // PATCH) ** 2


class Patches(layers.Layer):
    def call(self, images):
        patches = ops.image.extract_patches(images, size=PATCH, strides=PATCH, dilation_rate=1, padding="valid")
        return ops.reshape(patches, (ops.shape(images)[0], PATCHES, -1))


class MLPMixerLayer(layers.Layer):
    def __init__(self, num_patches, hidden_units, dropout_rate, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mlp1 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(num_patches),
                layers.Dropout(dropout_rate),
            ]
        )
        self.mlp2 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(hidden_units),
                layers.Dropout(dropout_rate),
            ]
        )
        self.normalize = layers.LayerNormalization(epsilon=1e-6)

    def build(self, input_shape):
        return super().build(input_shape)

    def call(self, inputs):
        x = self.normalize(inputs)
        x_channels = ops.transpose(x, axes=(0, 2, 1))
        mixed = ops.transpose(self.mlp1(x_channels), axes=(0, 2, 1))
        x = mixed + inputs
        return x + self.mlp2(self.normalize(x))


class GMLPLayer(layers.Layer):
    def __init__(self, num_patches, embedding_dim, dropout_rate, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.channel_projection1 = keras.Sequential(
            [layers.Dense(units=embedding_dim * 2, activation="gelu"), layers.Dropout(rate=dropout_rate)]
        )
        self.channel_projection2 = layers.Dense(units=embedding_dim)
        self.spatial_projection = layers.Dense(units=num_patches, bias_initializer="Ones")
        self.normalize1 = layers.LayerNormalization(epsilon=1e-6)
        self.normalize2 = layers.LayerNormalization(epsilon=1e-6)

    def spatial_gating_unit(self, x):
        u, v = ops.split(x, indices_or_sections=2, axis=2)
        v = self.normalize2(v)
        v_projected = self.spatial_projection(ops.transpose(v, axes=(0, 2, 1)))
        return u * ops.transpose(v_projected, axes=(0, 2, 1))

    def call(self, inputs):
        x = self.channel_projection1(self.normalize1(inputs))
        return inputs + self.channel_projection2(self.spatial_gating_unit(x))


def build_classifier(block):
    keras.utils.set_random_seed(5)
    inputs = layers.Input(shape=(SIZE, SIZE, 1))
    x = layers.Dense(units=WIDTH)(Patches()(inputs))
    x = keras.Sequential([block(PATCHES, WIDTH, 0.1) for _ in range(BLOCKS)])(x)
    representation = layers.Dropout(rate=0.1)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, layers.Dense(10)(representation))


@pytest.mark.parametrize("block", [MLPMixerLayer, GMLPLayer])
def test_it_learns(block):
    x, y = digits(1000)
    model = build_classifier(block)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=5e-3, weight_decay=1e-4),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    reduce_lr = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=5)
    early_stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True)
    history = model.fit(
        x, y, batch_size=64, epochs=8, validation_split=0.1, callbacks=[early_stopping, reduce_lr], verbose=0
    ).history
    assert np.max(history["val_acc"]) > 0.75
