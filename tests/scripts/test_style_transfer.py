"""Keras's "Neural style transfer": Gram matrices of VGG19's layers, gradients for an image that is a Variable."""

import numpy as np
import pytest

import netlet as keras
from netlet import ops
from netlet.applications import vgg19

ROWS, COLUMNS = 32, 40
STYLE_LAYERS = ["block1_conv1", "block2_conv1", "block3_conv1"]
CONTENT_LAYER = "block3_conv2"


def gram_matrix(x):
    x = ops.transpose(x, (2, 0, 1))
    features = ops.reshape(x, (ops.shape(x)[0], -1))
    return ops.matmul(features, ops.transpose(features))


def style_loss(style, combination):
    return ops.sum(ops.square(gram_matrix(style) - gram_matrix(combination))) / (4.0 * 9 * (ROWS * COLUMNS) ** 2)


def total_variation_loss(x):
    a = ops.square(x[:, : ROWS - 1, : COLUMNS - 1, :] - x[:, 1:, : COLUMNS - 1, :])
    b = ops.square(x[:, : ROWS - 1, : COLUMNS - 1, :] - x[:, : ROWS - 1, 1:, :])
    return ops.sum(ops.power(a + b, 1.25))


@pytest.fixture(scope="module")
def extractor():
    keras.utils.set_random_seed(0)
    model = vgg19.VGG19(weights=None, include_top=False, input_shape=(ROWS, COLUMNS, 3))
    names = [*STYLE_LAYERS, CONTENT_LAYER]
    return keras.Model(model.inputs, {layer.name: layer.output for layer in model.layers if layer.name in names})


def preprocess(seed):
    image = np.random.default_rng(seed).integers(0, 255, (1, ROWS // 4, COLUMNS // 4, 3)).repeat(4, 1).repeat(4, 2)
    return vgg19.preprocess_input(image.astype("float32"))


def deprocess(x):
    x = x.reshape((ROWS, COLUMNS, 3)) + np.array([103.939, 116.779, 123.68])
    return np.clip(x[:, :, ::-1], 0, 255).astype("uint8")


def test_the_loss_falls(extractor, tmp_path):
    base, style = preprocess(0), preprocess(1)
    combination = keras.Variable(base)

    def compute_loss():
        features = extractor(ops.concatenate([base, style, combination], axis=0))
        content = features[CONTENT_LAYER]
        loss = 1e-6 * ops.sum(ops.square(content[2] - content[0]))
        for name in STYLE_LAYERS:
            loss += 1e-4 / len(STYLE_LAYERS) * style_loss(features[name][1], features[name][2])
        return loss + 1e-7 * total_variation_loss(combination)

    schedule = keras.optimizers.schedules.ExponentialDecay(2e4, decay_steps=100, decay_rate=0.96)
    optimizer = keras.optimizers.SGD(schedule)
    losses = []
    for _ in range(8):
        with keras.GradientTape() as tape:
            loss = compute_loss()
        grads = tape.gradient(loss, combination)
        optimizer.apply_gradients([(grads, combination)])
        losses.append(float(loss))
    assert losses[-1] < 0.5 * losses[0]
    keras.utils.save_img(tmp_path / "style.png", deprocess(combination.numpy()))
