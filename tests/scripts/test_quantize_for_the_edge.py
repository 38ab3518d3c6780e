"""An edge engineer's script: train, quantize in each way, save, and predict in a process of its own."""

import subprocess
import sys

import numpy as np
import pytest

import netlet as keras
from netlet import layers
from netlet.quantizers import Int4Config, Int8Config

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(24, 12, 12, 3)).astype("float32")
TOKENS = RNG.integers(1, 30, (24, 9)) * (np.arange(9) < RNG.integers(3, 10, (24, 1)))


def residual():
    inputs = keras.Input((12, 12, 3))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)))
    y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(x))
    x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x))), IMAGES


def depthwise():
    stack = [layers.DepthwiseConv2D(3, strides=2), layers.BatchNormalization(), layers.ReLU(6.0)]
    stack += [layers.Conv2D(8, 1), layers.SeparableConv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(4)]
    return keras.Sequential([keras.Input((12, 12, 3)), *stack]), IMAGES


def unet():
    inputs = keras.Input((12, 12, 3))
    down = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(down))
    x = layers.Concatenate()([down, layers.Conv2DTranspose(8, 2, strides=2)(x)])
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x)), IMAGES


def text():
    stack = [layers.Embedding(30, 8, mask_zero=True), layers.Bidirectional(layers.LSTM(8, return_sequences=True))]
    return keras.Sequential(
        [keras.Input((9,), dtype="int32"), *stack, layers.GRU(8), layers.Dense(2, "softmax")]
    ), TOKENS


def attention():
    inputs = keras.Input((9,), dtype="int32")
    x = layers.Embedding(30, 8)(inputs)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.LayerNormalization()(x + layers.Dense(8)(layers.Dense(16, "relu")(x)))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x))), TOKENS


def siamese():
    tower = keras.Sequential([keras.Input((6,)), layers.Dense(16, "relu"), layers.Dense(4)], name="tower")
    a, b = keras.Input((6,)), keras.Input((6,))
    model = keras.Model([a, b], layers.Dense(1)(layers.Subtract()([tower(a), tower(b)])))
    return model, [RNG.normal(size=(24, 6)).astype("float32") for _ in range(2)]


def several():
    words, numbers = keras.Input((9,), name="words"), keras.Input((6,), name="numbers")
    x = layers.Concatenate()([layers.LSTM(4)(layers.Embedding(30, 4)(words)), layers.Dense(4, "relu")(numbers)])
    outputs = {"price": layers.Dense(1)(x), "kind": layers.Dense(3, "softmax")(x)}
    data = {"words": TOKENS, "numbers": RNG.normal(size=(24, 6)).astype("float32")}
    return keras.Model({"words": words, "numbers": numbers}, outputs), data


def video():
    cnn = layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu"))
    stack = [layers.Reshape((3, 4, 12, 3)), cnn, layers.TimeDistributed(layers.Flatten()), layers.LSTM(8)]
    return keras.Sequential([keras.Input((12, 12, 3)), *stack, layers.Dense(2)]), IMAGES


MODELS = [residual, depthwise, unet, text, attention, siamese, several, video]
WAYS = {
    "dynamic": (lambda data: Int8Config(), 25),
    "static": (lambda data: Int8Config("static", calibration=data), 25),
    "weights": (lambda data: Int8Config(activations=None), 30),
    "int4": (lambda data: Int4Config(group_size=8), 10),
}
SCRIPT = """
import sys, numpy as np, netlet as keras
folder = sys.argv[1]
for name in sys.argv[2:]:
    data = np.load(f"{folder}/{name}.npz")
    x = [data[key] for key in data if key.startswith("x")]
    model = keras.models.load_model(f"{folder}/{name}")
    if isinstance(model.input, dict):
        x = [dict(zip(sorted(model.input), x))]
    y = keras.tree.flatten(model.predict(x if len(x) > 1 else x[0], verbose=0))
    assert all(np.array_equal(a, data[f"y{i}"]) for i, a in enumerate(y)), name
    str(model.quantization_report())
"""


@pytest.mark.parametrize("make", MODELS)
def test_each_way_and_its_files_in_another_process(tmp_path, make):
    names = []
    for way, (config, least) in WAYS.items():
        keras.utils.set_random_seed(0)
        model, data = make()
        floats = keras.tree.flatten(model.predict(data, verbose=0))
        model.quantize(config=config(data), mode=None, only_if_faster=False)
        codes = keras.tree.flatten(model.predict(data, verbose=0))
        noise = sum(((a - b) ** 2).sum() for a, b in zip(floats, codes, strict=True))
        assert 10 * np.log10(sum((a**2).sum() for a in floats) / noise) > least, way
        np.testing.assert_array_equal(keras.tree.flatten(model(data, training=False))[0], codes[0])
        report = model.quantization_report()
        assert sum(row.bytes_after for row in report) < 0.75 * sum(row.bytes_before for row in report), str(report)
        arrays = [data[key] for key in sorted(data)] if isinstance(data, dict) else keras.tree.flatten(data)
        for suffix in ("netlet", "keras"):
            name = f"{way}.{suffix}"
            model.save(tmp_path / name)
            inputs = {f"x{i}": array for i, array in enumerate(arrays)}
            np.savez(tmp_path / f"{name}.npz", **inputs, **{f"y{i}": array for i, array in enumerate(codes)})
            names.append(name)
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), *names], check=True)
