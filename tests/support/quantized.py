"""References of quantized layers: codes and products in float32 and int64, operation by operation."""

from __future__ import annotations

import numpy as np

ACTIVATIONS = {
    "linear": lambda y: y,
    "relu": lambda y: np.maximum(y, np.float32(0)),
    "leaky_relu": lambda y: np.where(y > 0, y, y * np.float32(0.25)),
}


def codes(x: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """uint8 codes of x for given scales and zero points, as csrc/ops/quant/requantize_args.h defines them."""
    x = np.asarray(x, "float32")
    q = np.rint(x / np.asarray(scale, "float32")) + np.asarray(zero, "float32")
    return np.clip(np.where(np.isnan(q), 0, q), 0, 255).astype("uint8")


def row_ranges(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point of each row, as ONNX's DynamicQuantizeLinear defines them for one tensor."""
    low = np.minimum(x.min(axes, keepdims=True), 0).astype("float32")
    high = np.maximum(x.max(axes, keepdims=True), 0).astype("float32")
    scale = ((high - low) / np.float32(255)).astype("float32")
    scale = np.where(scale == 0, np.float32(1), scale)
    return scale, np.clip(np.rint(0 - low / scale), 0, 255).astype("uint8")


def product(
    q: np.ndarray, scale: np.ndarray, zero: np.ndarray, layer, activation: str = "linear", kernel=None
) -> np.ndarray:
    """What a quantized dense layer returns for codes q (..., K): exact sums in int64, the last step in float32."""
    kernel = np.asarray(layer.kernel.numpy() if kernel is None else kernel, np.int64)
    w_zero = 0 if layer.kernel_zero_point is None else layer.kernel_zero_point.numpy().astype(np.int64)
    sums = (q.astype(np.int64) - zero.astype(np.int64)) @ (kernel - w_zero)
    y = sums.astype("float32") * (np.asarray(scale, "float32") * layer.kernel_scale.numpy())
    if layer.bias is not None:
        y = y + layer.bias.numpy().ravel()
    return ACTIVATIONS[activation](y).astype("float32")
