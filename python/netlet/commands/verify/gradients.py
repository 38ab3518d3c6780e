"""Promise 5: gradients equal directional derivatives in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import netlet
from netlet import layers, losses

Array = np.ndarray[Any, Any]
BOUND = 1e-9  # of the sum of |gradient·direction|
STEP = 3e-5  # of the difference quotient of fourth order, whose own error is at most 1e-10

# (layer, shape of its input)
LAYERS: list[tuple[Callable[..., Any], tuple[int, ...]]] = [
    (lambda **k: layers.Dense(5, "tanh", **k), (3, 4)),
    (lambda **k: layers.EinsumDense("abc,cd->abd", (3, 3), activation="sigmoid", **k), (2, 3, 4)),
    (lambda **k: layers.Conv1D(4, 3, padding="causal", activation="gelu", **k), (2, 7, 3)),
    (lambda **k: layers.Conv2D(4, 3, strides=2, padding="same", activation="silu", **k), (2, 7, 6, 3)),
    (lambda **k: layers.Conv2D(4, 3, dilation_rate=2, groups=2, **k), (2, 7, 6, 4)),
    (lambda **k: layers.Conv2D(16, 3, **k), (1, 10, 10, 16)),
    (lambda **k: layers.Conv3D(2, 2, **k), (1, 3, 4, 3, 2)),
    (lambda **k: layers.DepthwiseConv2D(3, depth_multiplier=2, **k), (2, 6, 6, 3)),
    (lambda **k: layers.SeparableConv2D(4, 3, **k), (2, 6, 6, 3)),
    (lambda **k: layers.Conv2DTranspose(3, 3, strides=2, **k), (2, 4, 4, 2)),
    (lambda **k: layers.MaxPooling2D(2, **k), (2, 6, 6, 3)),
    (lambda **k: layers.AveragePooling2D(3, 2, "same", **k), (2, 6, 6, 3)),
    (lambda **k: layers.GlobalAveragePooling1D(**k), (2, 6, 3)),
    (lambda **k: layers.BatchNormalization(**k), (6, 4)),
    (lambda **k: layers.LayerNormalization(**k), (4, 7)),
    (lambda **k: layers.GroupNormalization(2, **k), (3, 5, 4)),
    (lambda **k: layers.UnitNormalization(**k), (3, 5)),
    (lambda **k: layers.LSTM(4, return_sequences=True, **k), (2, 5, 3)),
    (lambda **k: layers.GRU(4, **k), (2, 5, 3)),
    (lambda **k: layers.GRU(4, reset_after=False, **k), (2, 5, 3)),
    (lambda **k: layers.SimpleRNN(4, **k), (2, 5, 3)),
    (lambda **k: layers.PReLU(**k), (3, 4)),
    (lambda **k: layers.Softmax(**k), (3, 5)),
    (lambda **k: layers.UpSampling2D(2, interpolation="bilinear", **k), (1, 3, 3, 2)),
]
# (loss, what its target and prediction are made of)
LOSSES: list[tuple[Any, str, str]] = [
    (losses.MeanSquaredError(), "numbers", "numbers"),
    (losses.MeanSquaredLogarithmicError(), "shares", "shares"),
    (losses.MeanAbsolutePercentageError(), "shares", "numbers"),
    (losses.LogCosh(), "numbers", "numbers"),
    (losses.Huber(0.5), "numbers", "numbers"),
    (losses.CosineSimilarity(), "numbers", "numbers"),
    (losses.Poisson(), "shares", "shares"),
    (losses.KLDivergence(), "shares", "shares"),
    (losses.BinaryCrossentropy(), "bits", "shares"),
    (losses.BinaryFocalCrossentropy(from_logits=True), "bits", "numbers"),
    (losses.CategoricalCrossentropy(label_smoothing=0.1), "shares", "shares"),
    (losses.CategoricalFocalCrossentropy(), "shares", "shares"),
    (losses.SparseCategoricalCrossentropy(from_logits=True), "classes", "numbers"),
    (losses.SquaredHinge(), "bits", "numbers"),
    (losses.Dice(), "shares", "shares"),
]


def check() -> list[str]:
    rng = np.random.default_rng(8)
    broken = []
    for make, shape in LAYERS:
        layer = make(dtype="float64")
        error = layer_error(layer, rng.normal(size=shape), rng)
        if not error <= BOUND:
            broken.append(f"{type(layer).__name__}: {error:.2g}")
    for loss, target, prediction in LOSSES:
        y = values(target, rng)
        error = slope_error(lambda p, loss=loss, y=y: loss(y, p), [values(prediction, rng)], rng)
        if not error <= BOUND:
            broken.append(f"{type(loss).__name__}: {error:.2g}")
    return broken


def values(kind: str, rng: np.random.Generator) -> Array:
    if kind == "classes":
        return rng.integers(0, 5, 6)
    x = rng.normal(size=(6, 5))
    if kind == "shares":
        return np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    return x if kind == "numbers" else (x > 0).astype(np.float64)


def layer_error(layer: Any, x: Array, rng: np.random.Generator) -> float:
    """The error of the gradients for the input and the weights of a layer that is being trained."""
    y = layer(x, training=True)
    seed = rng.normal(size=y.shape)
    weights = layer.trainable_variables
    for weight in weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)

    def call(x: Any, *others: Array) -> Any:
        for weight, value in zip(weights, others):
            if value is not None:
                weight.assign(value)
        return netlet.ops.sum(layer(x, training=True) * seed)

    return slope_error(call, [x, *(np.asarray(w) for w in weights)], rng, weights)


def slope_error(f: Any, at: list[Array], rng: np.random.Generator, weights: Any = ()) -> float:
    """The relative difference of a gradient and a difference quotient, in a random direction."""
    x = netlet.ops.convert_to_tensor(at[0])
    with netlet.GradientTape() as tape:
        tape.watch(x)
        loss = f(x)
    gradients = [np.asarray(g) for g in tape.gradient(loss, [x, *weights])]
    direction = [rng.normal(size=a.shape) for a in at]

    def moved(steps: float) -> float:
        return float(np.asarray(f(*(a + steps * STEP * d for a, d in zip(at, direction)))))

    found = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * STEP)
    terms = [g * d for g, d in zip(gradients, direction)]
    return abs(found - sum(t.sum() for t in terms)) / sum(np.abs(t).sum() for t in terms)
