"""The accuracy of quantized networks on scikit-learn's digits, for bench/quantized.py.

Each seed splits the digits, initializes the network and trains it in float32. Copies of it are quantized after training
(dynamic, static) and after some epochs of quantization-aware training; beside these stands the float32 network after as
many more epochs, so that aware training is not credited for training longer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import netlet
from netlet import datasets, layers, quantizers

EPOCHS, MORE = 30, 6


def mlp() -> list[Any]:
    return [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(64, "relu")]


def cnn() -> list[Any]:
    conv = [layers.Conv2D(n, 3, padding="same", activation="relu") for n in (16, 32)]
    return [layers.Reshape((8, 8, 1)), conv[0], layers.MaxPooling2D(), conv[1], layers.MaxPooling2D(), layers.Flatten()]


def depthwise_cnn() -> list[Any]:
    blocks: list[Any] = [layers.Reshape((8, 8, 1)), layers.Conv2D(16, 3, padding="same", use_bias=False)]
    for filters in (32, 64):
        blocks += [layers.BatchNormalization(), layers.ReLU(), layers.DepthwiseConv2D(3, padding="same")]
        blocks += [layers.Conv2D(filters, 1, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
        blocks += [layers.MaxPooling2D()]
    return [*blocks, layers.Flatten()]


def lstm() -> list[Any]:
    return [layers.LSTM(48)]  # reads an image row by row


NETWORKS: dict[str, Callable[[], list[Any]]] = {"MLP": mlp, "CNN": cnn, "depthwise CNN": depthwise_cnn, "LSTM": lstm}


def trained(parts: Callable[[], list[Any]], x: np.ndarray, y: np.ndarray, seed: int) -> Any:
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential([netlet.Input((8, 8)), *parts(), layers.Dense(10, "softmax")])
    compile_it(model, 2e-3)
    model.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0)
    return model


def compile_it(model: Any, rate: float) -> None:
    model.compile(netlet.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])


def copy_of(model: Any) -> Any:
    copy = netlet.models.clone_model(model)
    copy.set_weights(model.get_weights())
    compile_it(copy, 3e-4)
    return copy


def scores(parts: Callable[[], list[Any]], seed: int) -> dict[str, float]:
    """Percent of the test digits that each form of the network gets right."""
    (x, y), (x_test, y_test) = datasets.digits.load_data(seed=seed)
    model = trained(parts, x, y, seed)
    forms = {"float32": model}
    for activations in ("dynamic", "static"):
        forms[activations] = copy_of(model)
        calibration = {"calibration": x[:256]} if activations == "static" else {}
        config = quantizers.Int8Config(activations=activations, **calibration)
        forms[activations].quantize("int8", config=config, only_if_faster=False)
    forms["float32, longer"], forms["aware"] = copy_of(model), copy_of(model)
    quantizers.quantize_aware(forms["aware"], quantizers.Int8Config(activations="static", calibration=x[:256]))
    compile_it(forms["aware"], 3e-4)
    for name in ("float32, longer", "aware"):
        forms[name].fit(x, y, batch_size=32, epochs=MORE, verbose=0)
    forms["aware"].quantize("int8")
    return {
        name: 100 * float(np.mean(np.argmax(form.predict(x_test, verbose=0), -1) == y_test))
        for name, form in forms.items()
    }


def accuracy(seeds: int) -> dict[str, dict[str, float]]:
    """Percent of the test digits: {network: {form: mean over the seeds}}."""
    table = {}
    print(f"\nAccuracy on the test digits, percent, mean of {seeds} seeds (difference to float32)")
    for name, parts in NETWORKS.items():
        found = [scores(parts, seed) for seed in range(seeds)]
        table[name] = mean = {form: float(np.mean([s[form] for s in found])) for form in found[0]}
        print(f"  {name:16s}float32 {mean['float32']:.2f}", end="")
        for form, base in (("dynamic", "float32"), ("static", "float32"), ("aware", "float32, longer")):
            print(f"   {form} {mean[form]:.2f} ({mean[form] - mean[base]:+.2f})", end="")
        print(f"   float32, {MORE} more epochs {mean['float32, longer']:.2f}", flush=True)
    return table
