"""Keras's "Image classification with Vision Transformer", on digits: patches, position embeddings, attention."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

IMAGE, PATCH, WIDTH, HEADS = 12, 3, 24, 2
PATCHES = (IMAGE // PATCH) ** 2


def mlp(x, hidden_units, dropout_rate):
    for units in hidden_units:
        x = layers.Dense(units, activation=keras.activations.gelu)(x)
        x = layers.Dropout(dropout_rate)(x)
    return x


@keras.saving.register_keras_serializable("vit")
class Patches(layers.Layer):
    def __init__(self, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size

    def call(self, images):
        batch_size, height, width, channels = ops.shape(images)
        across, down = width // self.patch_size, height // self.patch_size
        patches = keras.ops.image.extract_patches(images, size=self.patch_size)
        return ops.reshape(patches, (batch_size, across * down, self.patch_size**2 * channels))

    def get_config(self):
        return {**super().get_config(), "patch_size": self.patch_size}


@keras.saving.register_keras_serializable("vit")
class PatchEncoder(layers.Layer):
    def __init__(self, num_patches, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.num_patches, self.projection_dim = num_patches, projection_dim
        self.projection = layers.Dense(units=projection_dim)
        self.position_embedding = layers.Embedding(input_dim=num_patches, output_dim=projection_dim)

    def call(self, patch):
        positions = ops.expand_dims(ops.arange(start=0, stop=self.num_patches, step=1), axis=0)
        return self.projection(patch) + self.position_embedding(positions)

    def get_config(self):
        return {**super().get_config(), "num_patches": self.num_patches, "projection_dim": self.projection_dim}


@pytest.fixture(scope="module")
def data():
    return digits(1000)


def create_classifier(x_train):
    keras.utils.set_random_seed(3)
    augmentation = keras.Sequential(
        [
            layers.Normalization(),
            layers.Resizing(IMAGE, IMAGE),
            layers.RandomRotation(0.02),
            layers.RandomZoom(0.1),
        ],
        name="data_augmentation",
    )
    augmentation.layers[0].adapt(x_train)
    inputs = keras.Input(shape=(8, 8, 1))
    encoded = PatchEncoder(PATCHES, WIDTH)(Patches(PATCH)(augmentation(inputs)))
    for _ in range(2):
        x1 = layers.LayerNormalization(epsilon=1e-6)(encoded)
        attention = layers.MultiHeadAttention(num_heads=HEADS, key_dim=WIDTH // HEADS, dropout=0.1)(x1, x1)
        x2 = layers.Add()([attention, encoded])
        x3 = layers.LayerNormalization(epsilon=1e-6)(x2)
        x3 = mlp(x3, hidden_units=[2 * WIDTH, WIDTH], dropout_rate=0.1)
        encoded = layers.Add()([x3, x2])
    representation = layers.LayerNormalization(epsilon=1e-6)(encoded)
    representation = layers.Dropout(0.2)(layers.Flatten()(representation))
    features = mlp(representation, hidden_units=[64], dropout_rate=0.2)
    return keras.Model(inputs=inputs, outputs=layers.Dense(10)(features))


def test_it_learns_and_its_best_weights_are_loaded_again(data, tmp_path):
    x, y = data
    model = create_classifier(x)
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=2e-3, weight_decay=1e-4),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseTopKCategoricalAccuracy(5, name="top-5-accuracy"),
        ],
    )
    path = str(tmp_path / "checkpoint.weights.h5")
    checkpoint = keras.callbacks.ModelCheckpoint(path, "val_accuracy", save_best_only=True, save_weights_only=True)
    history = model.fit(
        x=x, y=y, batch_size=64, epochs=6, validation_split=0.1, callbacks=[checkpoint], verbose=0
    ).history
    model.load_weights(path)
    _, accuracy, top_5 = model.evaluate(x[-100:], y[-100:], verbose=0)
    assert accuracy == pytest.approx(max(history["val_accuracy"]), abs=1e-6)
    assert accuracy > 0.75 and top_5 > 0.95


def test_own_layers_are_saved_and_loaded(data, tmp_path):
    x, _ = data
    model = create_classifier(x)
    path = str(tmp_path / "vit.keras")
    model.save(path)
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(loaded.predict(x[:5], verbose=0), model.predict(x[:5], verbose=0))


def test_a_patch_holds_its_pixels(data):
    image = data[0][:1]
    patches = Patches(4)(image).numpy()[0]
    for i, patch in enumerate(patches):
        row, column = divmod(i, 2)
        want = image[0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(patch.reshape(4, 4, 1), want)
