"""References of quantized layers: codes of their inputs, and their products from exact sums in int64."""

from __future__ import annotations

import numpy as np

from support.codes import centered, quantized, requantized

SLOPE = 0.25  # of the leaky_relu that tests use


def codes(x: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """uint8 codes of x for given scales and zero points."""
    return quantized(np.asarray(x, "float32"), scale, zero)


def row_ranges(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point of each row, as ONNX's DynamicQuantizeLinear defines them for one tensor."""
    low = np.minimum(x.min(axes, keepdims=True), 0).astype("float32")
    high = np.maximum(x.max(axes, keepdims=True), 0).astype("float32")
    scale = ((high - low) / np.float32(255)).astype("float32")
    scale = np.where(scale == 0, np.float32(1), scale)
    return scale, np.clip(np.rint(0 - low / scale), 0, 255).astype("uint8")


def last_step(sums: np.ndarray, scale: np.ndarray, layer, activation: str = "linear") -> np.ndarray:
    """What a quantized layer returns for exact sums of products of codes with an input of this scale."""
    bias = None if layer.bias is None else layer.bias.numpy().ravel()
    return requantized(sums, np.asarray(scale, "float32"), layer.kernel_scale.numpy(), bias, activation, SLOPE)


def product(
    q: np.ndarray, scale: np.ndarray, zero: np.ndarray, layer, activation: str = "linear", kernel=None
) -> np.ndarray:
    """What a quantized dense layer returns for codes q (..., K)."""
    kernel = np.asarray(layer.kernel.numpy() if kernel is None else kernel)
    kernel_zero = None if layer.kernel_zero_point is None else layer.kernel_zero_point.numpy()
    return last_step(centered(q, zero) @ centered(kernel, kernel_zero), scale, layer, activation)
