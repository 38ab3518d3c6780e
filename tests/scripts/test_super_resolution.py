"""Keras's "Image super-resolution using an efficient sub-pixel CNN": luminance, depth_to_space, PSNR in a callback."""

import math

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops

PIL = pytest.importorskip("PIL.Image", reason="reads image files")
CROP, FACTOR = 36, 3


def draw(folder, count):
    """Images of bars and discs in random colours."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:CROP, :CROP]
    for i in range(count):
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 6)
        bars = np.sin(0.3 * (rows * np.cos(angle) + columns * np.sin(angle)) + phase) > 0
        disc = np.hypot(rows - rng.uniform(9, 27), columns - rng.uniform(9, 27)) < 9
        image = np.where((bars ^ disc)[..., None], rng.integers(0, 120, 3), rng.integers(130, 255, 3))
        keras.utils.save_img(folder / f"{i:02}.png", image, scale=False)


def luminance(images):
    """The Y channel of RGB images."""
    return ops.sum(images * np.array([0.299, 0.587, 0.114], "float32"), axis=-1, keepdims=True)


def process(images):
    y = luminance(images / 255.0)
    return ops.image.resize(y, (CROP // FACTOR, CROP // FACTOR), interpolation="bilinear", antialias=True), y


def get_model(channels=1):
    options = {"activation": "relu", "kernel_initializer": "orthogonal", "padding": "same"}
    inputs = keras.Input(shape=(None, None, channels))
    x = layers.Conv2D(16, 5, **options)(inputs)
    x = layers.Conv2D(16, 3, **options)(x)
    x = layers.Conv2D(channels * FACTOR**2, 3, kernel_initializer="orthogonal", padding="same")(x)
    return keras.Model(inputs, ops.depth_to_space(x, FACTOR))


def upscale_image(model, image):
    y, cb, cr = image.convert("YCbCr").split()
    values = keras.utils.img_to_array(y).astype("float32") / 255.0
    out = model.predict(np.expand_dims(values, axis=0), verbose=0)[0] * 255.0
    y = PIL.fromarray(np.uint8(out.clip(0, 255)).reshape(out.shape[:2]))
    return PIL.merge("YCbCr", [y, *(c.resize(y.size, PIL.BICUBIC) for c in (cb, cr))]).convert("RGB")


class PSNR(keras.callbacks.Callback):
    def __init__(self, image):
        super().__init__()
        self.image, self.means = image, []

    def on_epoch_begin(self, epoch, logs=None):
        self.psnr = []

    def on_epoch_end(self, epoch, logs=None):
        self.means.append(np.mean(self.psnr))
        assert upscale_image(self.model, self.image).size == (CROP, CROP)

    def on_test_batch_end(self, batch, logs=None):
        self.psnr.append(10 * math.log10(1 / logs["loss"]))


def test_it_beats_bicubic_resizing(tmp_path):
    keras.utils.set_random_seed(0)
    (tmp_path / "images").mkdir()
    draw(tmp_path / "images", 60)
    common = {"batch_size": 4, "image_size": (CROP, CROP), "validation_split": 0.2, "seed": 1337, "label_mode": None}
    train, valid = keras.utils.image_dataset_from_directory(tmp_path, subset="both", verbose=False, **common)
    train, valid = train.map(process).cache(), valid.map(process).cache()
    model = get_model()
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=keras.losses.MeanSquaredError())
    first = keras.utils.load_img(tmp_path / "images" / "00.png")
    callback = PSNR(first.resize((CROP // FACTOR, CROP // FACTOR), PIL.BICUBIC))
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "checkpoint.weights.h5"), monitor="loss", mode="min", save_weights_only=True, save_best_only=True
    )
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=10)
    model.fit(train, epochs=150, callbacks=[callback, stopping, checkpoint], validation_data=valid, verbose=0)
    model.load_weights(tmp_path / "checkpoint.weights.h5")
    low, high = (np.concatenate([pair[i] for pair in valid]) for i in (0, 1))
    bicubic = ops.image.resize(low, (CROP, CROP), interpolation="bicubic")
    ours = float(ops.psnr(high, model.predict(low, verbose=0), max_val=1.0))
    assert callback.means[-1] > callback.means[0]
    assert ours > float(ops.psnr(high, bicubic, max_val=1.0)) + 1
