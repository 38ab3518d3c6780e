"""Complete convolutional networks: losses and weights are compared with Keras over three steps.

Also: equal bits for any number of threads, falling loss, saving and loading.
"""

from __future__ import annotations

import contextlib
import hashlib

import keras
import numpy as np
import pytest

import netlet
from support.keras64 import float64
from support.saved import assert_same, trip


def lenet5(m, rate):
    """LeNet-5 (LeCun et al., 1998) in its usual modern form."""
    la = m.layers
    return (28, 28, 1), [
        la.Conv2D(6, 5, padding="same", activation="tanh"),
        la.AveragePooling2D(2),
        la.Conv2D(16, 5, activation="tanh"),
        la.AveragePooling2D(2),
        la.Flatten(),
        la.Dense(120, activation="tanh"),
        la.Dense(84, activation="tanh"),
        la.Dense(10, activation="softmax"),
    ]


def mnist_convnet(m, rate):
    """Keras's example "Simple MNIST convnet"."""
    la = m.layers
    return (28, 28, 1), [
        la.Conv2D(32, 3, activation="relu"),
        la.MaxPooling2D(),
        la.Conv2D(64, 3, activation="relu"),
        la.MaxPooling2D(),
        la.Flatten(),
        la.Dropout(rate),
        la.Dense(10, activation="softmax"),
    ]


def cifar_net(m, rate):
    la = m.layers
    return (32, 32, 3), [
        la.Conv2D(32, 3, activation="relu"),
        la.MaxPooling2D((2, 2)),
        la.Conv2D(64, 3, activation="relu"),
        la.MaxPooling2D((2, 2)),
        la.Conv2D(64, 3, activation="relu"),
        la.Flatten(),
        la.Dense(64, activation="relu"),
        la.Dense(10, activation="softmax"),
    ]


def vgg_like(m, rate):
    la = m.layers
    layers = []
    for filters in (8, 16):
        layers += [la.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        layers += [la.MaxPooling2D(), la.Dropout(rate)]
    return (13, 11, 3), [*layers, la.Flatten(), la.Dense(32, activation="relu"), la.Dense(10, activation="softmax")]


def conv_bn(m, rate):
    la = m.layers
    layers = []
    for filters, pool in ((32, False), (32, True), (64, False)):
        layers += [la.Conv2D(filters, 3, padding="same", use_bias=False), la.BatchNormalization(), la.ReLU()]
        layers += [la.MaxPooling2D()] if pool else []
    return (32, 32, 3), [*layers, la.GlobalAveragePooling2D(), la.Dense(10, activation="softmax")]


def separable(m, rate):
    """Depthwise and separable convolutions, strides instead of pooling, and a transposed convolution."""
    la = m.layers
    return (12, 9, 2), [
        la.SeparableConv2D(8, 3, strides=2, padding="same", activation="relu"),
        la.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
        la.ZeroPadding2D(1),
        la.Conv2DTranspose(6, 3, strides=2, padding="same", activation="elu"),
        la.Conv2D(8, 3, groups=2, dilation_rate=2, activation="relu"),
        la.GlobalMaxPooling2D(),
        la.Dense(10, activation="softmax"),
    ]


NETS = [lenet5, mnist_convnet, cifar_net, vgg_like, conv_bn, separable]
each_net = pytest.mark.parametrize("net", NETS, ids=lambda f: f.__name__)


def build(m, net, rate=0.0, optimizer=None):
    shape, layers = net(m, rate)
    model = m.Sequential([m.Input(shape), *layers])
    optimizer = optimizer or m.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@contextlib.contextmanager
def double():
    """Within this context both libraries compute in float64."""
    policies = keras.config.dtype_policy(), netlet.config.floatx()
    with float64():
        keras.config.set_dtype_policy("float64")
        netlet.config.set_floatx("float64")
        try:
            yield
        finally:
            keras.config.set_dtype_policy(policies[0])
            netlet.config.set_floatx(policies[1])


def data(model, n):
    rng = np.random.default_rng(1)
    return rng.random((n, *model.input_shape[1:]), dtype="float32"), rng.integers(0, 10, n).astype("int32")


@pytest.mark.parametrize("net", [n for n in NETS if n is not separable], ids=lambda f: f.__name__)
def test_three_steps_are_those_of_keras(net):
    """From the same weights, on the same batches, in float64.

    In float32, rounding may decide a ReLU or a maximum near a tie either way. Keras on JAX still rounds tanh and its
    accuracy to float32.
    """
    tolerance = 1e-5 if net is lenet5 else 1e-9
    with double():
        ours, theirs = build(netlet, net), build(keras, net)
        assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
        assert {str(w.dtype) for w in (*ours.weights, *theirs.weights)} == {"float64"}
        theirs.set_weights(ours.get_weights())
        x, y = data(ours, 24)
        before = ours.get_weights()
        for batch in (slice(0, 8), slice(8, 16), slice(16, 24)):
            loss, accuracy = ours.train_on_batch(x[batch], y[batch])
            expected, expected_accuracy = theirs.train_on_batch(x[batch], y[batch])
            np.testing.assert_allclose(loss, expected, rtol=tolerance)
            np.testing.assert_allclose(accuracy, expected_accuracy, rtol=1e-6)
        for w, start, v in zip(ours.get_weights(), before, theirs.get_weights(), strict=True):
            assert (w != start).any()
            np.testing.assert_allclose(w, v, rtol=tolerance, atol=tolerance * np.abs(v).max())


def digest(net, threads):
    netlet.set_num_threads(threads)
    netlet.utils.set_random_seed(3)
    model = build(netlet, net, rate=0.25, optimizer="adam")
    x, y = data(model, 20)
    history = model.fit(x, y, batch_size=7, epochs=2, verbose=0).history
    predicted = model.predict(x, batch_size=7, verbose=0)
    weights = b"".join(w.tobytes() for w in model.get_weights())
    return hashlib.sha256(weights + predicted.tobytes()).hexdigest(), history


@each_net
def test_the_same_bits_for_any_number_of_threads(net):
    before = netlet.get_num_threads()
    try:
        first = digest(net, 1)
        for threads in (2, 3, 8):
            assert digest(net, threads) == first
    finally:
        netlet.set_num_threads(before)


@each_net
def test_it_learns_a_few_images_by_heart_and_goes_through_a_file(net, tmp_path):
    netlet.utils.set_random_seed(1)
    model = build(netlet, net, optimizer=netlet.optimizers.Adam(0.003))
    x, y = data(model, 12)
    losses = model.fit(x, y, batch_size=6, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.95 * losses[0]
    assert_same(model, trip(model, tmp_path), x)


def test_a_shape_that_shrinks_away_names_the_layer():
    _, layers = cifar_net(netlet, 0.0)
    with pytest.raises(ValueError, match=r"Layer 'conv2d\w*': a kernel of 3 x 3 does not fit an input of 1 x 1"):
        netlet.Sequential([netlet.Input((12, 12, 3)), *layers])


def test_channels_first_is_the_same_network():
    """data_format="channels_first" in every layer gives bitwise the results of "channels_last" with the same weights.

    (A global average would sum in another order.)
    """
    la = netlet.layers

    def net(fmt):
        shape = (9, 8, 3) if fmt == "channels_last" else (3, 9, 8)
        layers = [la.Conv2D(4, 3, activation="relu", data_format=fmt), la.MaxPooling2D(data_format=fmt)]
        layers += [la.Conv2D(5, 2, data_format=fmt), la.GlobalMaxPooling2D(data_format=fmt), la.Dense(2)]
        return netlet.Sequential([netlet.Input(shape), *layers])

    last, first = net("channels_last"), net("channels_first")
    first.set_weights(last.get_weights())
    x = np.random.default_rng(0).standard_normal((3, 9, 8, 3)).astype("float32")
    np.testing.assert_array_equal(last(x).numpy(), first(np.moveaxis(x, -1, 1)).numpy())
