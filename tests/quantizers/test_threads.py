"""Models that are quantized in one thread while others predict with them or quantize them too."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from netlet import Input, Sequential, layers
from netlet.quantizers import Int8Config

X = np.random.default_rng(0).normal(size=(32, 32)).astype("float32")  # one batch
CONFIG = Int8Config("static", calibration=X)


@pytest.fixture(autouse=True)
def often_switched():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def deep_model():
    return Sequential([Input((32,)), *[layers.Dense(32, "relu") for _ in range(6)]])


@pytest.mark.parametrize("trial", range(3))
def test_predictions_meanwhile_are_those_of_the_float_or_of_the_quantized_model(trial):
    model, found, done, raised = deep_model(), [], threading.Event(), []
    before = model.predict(X, verbose=0)

    def predict():
        try:
            while not done.is_set():
                model._forget_recorded_steps()  # so that steps are recorded during the change
                found.append(model.predict(X, verbose=0))
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    model.quantize(config=CONFIG, only_if_faster=False)
    done.set()
    for thread in threads:
        thread.join()
    after = model.predict(X, verbose=0)
    assert not raised
    assert not np.allclose(before, after, atol=1e-6)
    assert all(np.array_equal(y, after) or np.array_equal(y, before) for y in found)


def test_of_two_calls_one_quantizes_and_the_other_finds_a_quantized_model():
    model, raised = deep_model(), []

    def quantize():
        try:
            model.quantize(config=CONFIG, only_if_faster=False)
        except ValueError as error:
            raised.append(error)

    threads = [threading.Thread(target=quantize) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(raised) == 1
    assert "is already quantized" in str(raised[0])
    assert all(layer.quantization_mode == "int8" for layer in model.layers)
