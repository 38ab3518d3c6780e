"""Keras's "Image segmentation with a U-Net-like architecture": image and mask files, residual blocks."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers

pytest.importorskip("PIL", reason="reads image files")
SIZE, CLASSES = (16, 16), 3


def draw(folder, count):
    """Images of a disc on a ground, and masks with 1 for the disc, 2 for the ground, 3 for the border between them."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:20, :20]
    for i in range(count):
        centre, radius = rng.uniform(7, 13, 2), rng.uniform(4, 7)
        distance = np.hypot(rows - centre[0], columns - centre[1])
        mask = np.where(distance < radius - 1, 1, np.where(distance > radius + 1, 2, 3))
        colors = np.array([[220, 60, 40], [40, 90, 200], [120, 120, 120]]) + rng.integers(-20, 20, (3, 3))
        image = colors[mask - 1] + rng.normal(0, 10, (20, 20, 3))
        keras.utils.save_img(folder / f"{i:02}.png", image.clip(0, 255), scale=False)
        keras.utils.save_img(folder / f"{i:02}_mask.png", mask[..., None], scale=False)
    return sorted(folder.glob("??.png")), sorted(folder.glob("*_mask.png"))


class Pets(keras.utils.PyDataset):
    def __init__(self, batch_size, image_paths, mask_paths, **kwargs):
        super().__init__(**kwargs)
        self.batch_size, self.image_paths, self.mask_paths = batch_size, image_paths, mask_paths

    def __len__(self):
        return len(self.mask_paths) // self.batch_size

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        x = np.zeros((self.batch_size, *SIZE, 3), "float32")
        y = np.zeros((self.batch_size, *SIZE, 1), "uint8")
        for j, (image, mask) in enumerate(zip(self.image_paths[part], self.mask_paths[part])):
            x[j] = keras.utils.load_img(image, target_size=SIZE)
            y[j] = np.expand_dims(keras.utils.load_img(mask, target_size=SIZE, color_mode="grayscale"), 2)
            y[j] -= 1
        return x, y


def get_model(width=8):
    inputs = keras.Input(shape=(*SIZE, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(width, 3, strides=2, padding="same")(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.Activation("relu")(x)
    previous = x
    for filters in [2 * width, 4 * width]:
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(filters, 3, padding="same")(x)
            x = layers.BatchNormalization(momentum=0.8)(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    for filters in [4 * width, 2 * width, width]:
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
            x = layers.BatchNormalization(momentum=0.8)(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))
        previous = x = layers.add([x, residual])
    return keras.Model(inputs, layers.Conv2D(CLASSES, 3, activation="softmax", padding="same")(x))


def test_masks_are_learned_from_files(tmp_path):
    keras.utils.set_random_seed(2)
    images, masks = draw(tmp_path, 32)
    train, validation = Pets(8, images[:-8], masks[:-8]), Pets(8, images[-8:], masks[-8:])
    model = get_model()
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    checkpoint = keras.callbacks.ModelCheckpoint(str(tmp_path / "segmentation.keras"), save_best_only=True)
    model.fit(train, epochs=25, validation_data=validation, callbacks=[checkpoint], verbose=0)
    best = keras.models.load_model(tmp_path / "segmentation.keras")
    predicted = best.predict(validation, verbose=0)
    assert predicted.shape == (8, *SIZE, CLASSES)
    mask = np.argmax(predicted[0], axis=-1)[..., None]
    assert keras.utils.array_to_img(mask).size == SIZE
    iou = keras.metrics.MeanIoU(CLASSES)
    iou.update_state(validation[0][1][..., 0], np.argmax(predicted, axis=-1))
    assert float(iou.result()) > 0.6
