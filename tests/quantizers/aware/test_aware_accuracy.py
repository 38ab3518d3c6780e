"""Fine-tuning with codes keeps the accuracy on the digits: mean of five seeds, at most 0.1 points below float."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.quantizers import AwareConfig, quantize_aware


def normalized(layer):
    return [layer, layers.BatchNormalization(), layers.ReLU()]


def mlp():
    return [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(64, "relu"), layers.Dense(10)]


def cnn():
    return [
        layers.Reshape((8, 8, 1)),
        *normalized(layers.Conv2D(16, 3, padding="same", use_bias=False)),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10),
    ]


def depthwise():
    def block(filters):
        yield from normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False))
        yield from normalized(layers.Conv2D(filters, 1, use_bias=False))

    return [
        layers.Reshape((8, 8, 1)),
        *normalized(layers.Conv2D(16, 3, padding="same", use_bias=False)),
        *block(32),
        layers.MaxPooling2D(),
        *block(64),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    ]


def lstm():
    return [layers.LSTM(64), layers.Dense(10)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dynamic", "observed", "learned"])
@pytest.mark.parametrize("network", [mlp, cnn, depthwise, lstm], ids=lambda f: f.__name__)
def test_accuracy(network, kind):
    (x, y), (x_test, y_test) = netlet.datasets.digits.load_data()
    config = {
        "dynamic": lambda: AwareConfig(),
        "observed": lambda: AwareConfig("static", calibration=x, observer="moving_average", freeze_after=200),
        "learned": lambda: AwareConfig("static", calibration=x, ranges="learned"),
    }[kind]
    accuracies = []
    for seed in range(5):
        netlet.utils.set_random_seed(seed)
        model = netlet.Sequential([netlet.Input((8, 8)), *network()])
        loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(netlet.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
        model.fit(x, y, epochs=20, batch_size=32, verbose=0)
        before = model.evaluate(x_test, y_test, verbose=0)[1]
        model.optimizer.learning_rate = 2e-4
        quantize_aware(model, config())
        model.fit(x, y, epochs=5, batch_size=32, verbose=0)
        outputs = model(x_test).numpy()
        model.quantize("int8")
        np.testing.assert_array_equal(model(x_test), outputs)
        accuracies.append((before, np.mean(outputs.argmax(1) == y_test)))
    floats, integers = np.mean(accuracies, axis=0)
    assert integers >= floats - 0.001
