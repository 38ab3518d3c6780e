"""Keras's "Grad-CAM class activation visualization": gradients with respect to an inner layer's output."""

import numpy as np
import pytest

import netlet as keras
from netlet import layers, ops
from support.small_data import digits

LAST_CONV = "last_conv"


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(12, 3, padding="same", activation="relu", name=LAST_CONV)(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax", name="top")(x))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(*digits(500), epochs=3, verbose=0)
    # Remove the last layer's softmax.
    model.layers[-1].activation = None
    return model


def make_gradcam_heatmap(img_array, model, last_conv_layer_name, pred_index=None):
    grad_model = keras.models.Model(model.inputs, [model.get_layer(last_conv_layer_name).output, model.output])
    with keras.GradientTape() as tape:
        last_conv_layer_output, preds = grad_model(img_array)
        if pred_index is None:
            pred_index = ops.argmax(preds[0])
        class_channel = preds[:, pred_index]
    grads = tape.gradient(class_channel, last_conv_layer_output)
    pooled_grads = ops.mean(grads, axis=(0, 1, 2))
    last_conv_layer_output = last_conv_layer_output[0]
    heatmap = last_conv_layer_output @ pooled_grads[..., np.newaxis]
    heatmap = ops.squeeze(heatmap)
    heatmap = ops.maximum(heatmap, 0) / ops.max(heatmap)
    return heatmap.numpy()


def test_without_its_softmax_the_model_predicts_logits(model):
    preds = model.predict(digits(8)[0], verbose=0)
    assert preds.min() < 0 and np.any(np.abs(preds.sum(-1) - 1) > 0.1)


@pytest.mark.parametrize("pred_index", [None, 3])
def test_the_heatmap_is_the_formula(model, pred_index):
    img_array = digits(1)[0]
    heatmap = make_gradcam_heatmap(img_array, model, LAST_CONV, pred_index)
    features = keras.Model(model.inputs, model.get_layer(LAST_CONV).output).predict(img_array, verbose=0)[0]
    if pred_index is None:
        pred_index = model.predict(img_array, verbose=0)[0].argmax()
    # After the last convolution come a mean over 64 pixels and a matmul: the gradient is the class's kernel / 64.
    weighted = features @ (model.get_layer("top").get_weights()[0][:, pred_index] / 64)
    np.testing.assert_allclose(heatmap, np.maximum(weighted, 0) / weighted.max(), rtol=1e-4, atol=1e-6)


def test_the_map_is_laid_over_the_image(model):
    img = digits(1)[0]
    heatmap = make_gradcam_heatmap(img, model, LAST_CONV)
    heatmap = np.uint8(255 * heatmap)
    jet_colors = np.linspace([0, 0, 1], [1, 0, 0], 256)
    jet_heatmap = jet_colors[heatmap]
    superimposed_img = jet_heatmap * 0.4 + img[0]
    assert superimposed_img.shape == (8, 8, 3)
