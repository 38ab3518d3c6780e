"""Keras's "Deep Dream": gradient ascent on an image of any size, through a feature extractor with a dict of outputs."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

LAYER_SETTINGS = {"mixed1": 1.0, "mixed2": 1.5}


@pytest.fixture(scope="module")
def feature_extractor():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="mixed1")(inputs)
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name="mixed2")(x)
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))
    model.compile(
        keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    model.fit(*digits(500), epochs=3, verbose=0)
    outputs_dict = {layer.name: layer.output for layer in [model.get_layer(name) for name in LAYER_SETTINGS]}
    return keras.Model(inputs=model.inputs, outputs=outputs_dict)


def compute_loss(feature_extractor, input_image):
    features = feature_extractor(input_image)
    loss = ops.zeros(shape=())
    for name in features:
        coeff = LAYER_SETTINGS[name]
        activation = features[name]
        scaling = ops.prod(ops.cast(ops.shape(activation), "float32"))
        loss += coeff * ops.sum(ops.square(activation[:, 2:-2, 2:-2, :])) / scaling
    return loss


def gradient_ascent_step(feature_extractor, img, learning_rate):
    with keras.GradientTape() as tape:
        tape.watch(img)
        loss = compute_loss(feature_extractor, img)
    grads = tape.gradient(loss, img)
    grads /= ops.maximum(ops.mean(ops.abs(grads)), 1e-6)
    img += learning_rate * grads
    return loss, img


def gradient_ascent_loop(feature_extractor, img, iterations, learning_rate, max_loss=None):
    for i in range(iterations):
        loss, img = gradient_ascent_step(feature_extractor, img, learning_rate)
        if max_loss is not None and loss > max_loss:
            break
        print("... Loss value at step %d: %.2f" % (i, loss))  # noqa: UP031  (Keras's script prints so)
    return img


def test_the_gradient_is_that_of_finite_differences(feature_extractor):
    image = digits(1)[0]
    img = ops.convert_to_tensor(image)
    with keras.GradientTape() as tape:
        tape.watch(img)
        loss = compute_loss(feature_extractor, img)
    grads = np.asarray(tape.gradient(loss, img))
    direction = grads / np.linalg.norm(grads)
    h = 1e-2
    up, down = (float(compute_loss(feature_extractor, ops.convert_to_tensor(image + s * direction))) for s in (h, -h))
    assert (up - down) / (2 * h) == pytest.approx(np.linalg.norm(grads), rel=1e-2)


def test_the_dream(feature_extractor, capsys):
    num_octave, octave_scale = 3, 1.4
    original_img = np.tile(digits(4)[0].reshape(2, 16, 8, 1), (1, 1, 1, 1)).reshape(1, 16, 16, 1)
    original_shape = original_img.shape[1:3]
    successive_shapes = [original_shape]
    for i in range(1, num_octave):
        shape = tuple([int(dim / (octave_scale**i)) for dim in original_shape])
        successive_shapes.append(shape)
    successive_shapes = successive_shapes[::-1]
    shrunk_original_img = ops.image.resize(original_img, successive_shapes[0])

    img = ops.copy(ops.convert_to_tensor(original_img))
    for i, shape in enumerate(successive_shapes):
        print("Processing octave %d with shape %s" % (i, shape))  # noqa: UP031
        img = ops.image.resize(img, shape)
        before = float(compute_loss(feature_extractor, img))
        img = gradient_ascent_loop(feature_extractor, img, iterations=5, learning_rate=0.05, max_loss=1e6)
        assert float(compute_loss(feature_extractor, img)) > 1.2 * before
        upscaled_shrunk_original_img = ops.image.resize(shrunk_original_img, shape)
        same_size_original = ops.image.resize(original_img, shape)
        lost_detail = same_size_original - upscaled_shrunk_original_img
        img += lost_detail
        shrunk_original_img = ops.image.resize(original_img, shape)
    assert img.numpy().shape == (1, 16, 16, 1)
    printed = capsys.readouterr().out
    assert printed.count("Loss value at step") == 15 and "Processing octave 2 with shape (16, 16)" in printed


def test_the_loop_stops_at_the_largest_loss(feature_extractor, capsys):
    img = ops.convert_to_tensor(digits(1)[0])
    gradient_ascent_loop(feature_extractor, img, iterations=5, learning_rate=0.05, max_loss=0.0)
    assert capsys.readouterr().out == ""
