"""Keras's "Image classification from scratch" on made folders, with a small Xception; only the imports are changed."""

import os

import numpy as np
import pytest

import netlet as keras
from netlet import data as tf_data
from netlet import layers

pytest.importorskip("PIL")


@pytest.fixture
def pet_images(tmp_path):
    """Cats are bright at the top, dogs at the bottom; one file of each is damaged."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(("Cat", "Dog")):
        (tmp_path / name).mkdir()
        for i in range(40):
            picture = rng.uniform(0, 60, (20 + i % 3, 24, 3))
            half = slice(None, 10) if k == 0 else slice(10, None)
            picture[half] += 150
            keras.utils.save_img(tmp_path / name / f"{i}.jpg", picture, scale=False)
        (tmp_path / name / "broken.jpg").write_bytes(b"no image")
    return tmp_path


def test_from_folders_to_a_prediction(pet_images, tmp_path):
    keras.utils.set_random_seed(1337)
    num_skipped = 0
    for folder_name in ("Cat", "Dog"):
        folder_path = os.path.join(pet_images, folder_name)
        for fname in os.listdir(folder_path):
            fpath = os.path.join(folder_path, fname)
            try:
                fobj = open(fpath, "rb")  # noqa: SIM115
                is_jfif = b"JFIF" in fobj.peek(10)
            finally:
                fobj.close()
            if not is_jfif:
                num_skipped += 1
                os.remove(fpath)
    assert num_skipped == 2

    image_size = (24, 24)
    batch_size = 16
    train_ds, val_ds = keras.utils.image_dataset_from_directory(
        pet_images,
        validation_split=0.2,
        subset="both",
        seed=1337,
        image_size=image_size,
        batch_size=batch_size,
    )
    for images, labels in train_ds.take(1):
        assert np.array(images[0]).astype("uint8").shape == (24, 24, 3) and int(labels[0]) in (0, 1)

    data_augmentation_layers = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.05)]

    def data_augmentation(images):
        for layer in data_augmentation_layers:
            images = layer(images)
        return images

    for images, _ in train_ds.take(1):
        augmented_images = data_augmentation(images)
        assert np.array(augmented_images[0]).astype("uint8").shape == (24, 24, 3)

    train_ds = train_ds.map(
        lambda img, label: (data_augmentation(img), label),
        num_parallel_calls=tf_data.AUTOTUNE,
    )
    train_ds = train_ds.prefetch(tf_data.AUTOTUNE)
    val_ds = val_ds.prefetch(tf_data.AUTOTUNE)

    def make_model(input_shape, num_classes):
        inputs = keras.Input(shape=input_shape)
        x = layers.Rescaling(1.0 / 255)(inputs)
        x = layers.Conv2D(8, 3, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        previous_block_activation = x
        for size in [16]:
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(size, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(size, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
            x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
            residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous_block_activation)
            x = layers.add([x, residual])
            previous_block_activation = x
        x = layers.Flatten()(x)  # the position counts in these images
        units = 1 if num_classes == 2 else num_classes
        x = layers.Dropout(0.25)(x)
        outputs = layers.Dense(units, activation=None)(x)
        return keras.Model(inputs, outputs)

    model = make_model(input_shape=(*image_size, 3), num_classes=2)
    callbacks = [keras.callbacks.ModelCheckpoint(os.path.join(tmp_path, "save_at_{epoch}.keras"))]
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="acc")],
    )
    history = model.fit(train_ds, epochs=6, callbacks=callbacks, validation_data=val_ds, verbose=0).history
    assert history["acc"][-1] > 0.9
    img = keras.utils.load_img(os.path.join(pet_images, "Cat", "0.jpg"), target_size=image_size)
    img_array = keras.utils.img_to_array(img)
    img_array = keras.ops.expand_dims(img_array, 0)
    predictions = model.predict(img_array, verbose=0)
    score = float(keras.ops.sigmoid(predictions[0][0]))
    assert 0 <= score <= 1
    assert (tmp_path / "save_at_6.keras").exists()
