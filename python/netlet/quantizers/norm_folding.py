"""Batch normalizations that become part of the product before them, for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.layers.convolutional.convolution_depthwise import DepthwiseConv
from netlet.layers.convolutional.convolution_separable import SeparableConv
from netlet.layers.convolutional.convolution_transpose import ConvTranspose
from netlet.layers.convolutional.windowed import Windowed
from netlet.layers.fusable import is_linear, is_product, normalizes


def foldable(model: Any, selected: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The (product, batch normalization) pairs of a model, also in nested models, that can become one product.

    The normalization must be the only layer that reads the product's output, and neither may be called twice.

    Args:
        model: the model.
        selected: the layers that are quantized.
    """
    graphs = [layer for layer in model._flatten_layers() if hasattr(layer, "followers")]
    uses = Counter(id(operation) for graph in graphs for operation in graph.calls())
    chosen = {id(layer) for layer in selected}
    pairs = []
    for graph in graphs:
        calls = graph.calls()
        for i, k in sorted(graph.followers().items()):
            product, norm = calls[i], calls[k]
            if id(product) not in chosen or uses[id(product)] != 1 or uses[id(norm)] != 1:
                continue
            if _has_one_last_product(product) and is_linear(product) and normalizes(norm, product):
                pairs.append((product, norm))
    return pairs


def folded_weights(product: Any, norm: Any) -> dict[str, np.ndarray]:
    """Kernel and bias of the product that computes batch_norm(x . kernel + bias).

    kernel' = kernel * factor, bias' = (bias - mean) * factor + beta, factor = gamma / sqrt(variance + epsilon).

    Args:
        product: a dense or convolution layer without an activation.
        norm: the batch normalization of its output's channels.

    Returns:
        {name of the kernel: float32, "bias": float32 (channels,)}.
    """

    def numbers(weight: Any) -> Any:
        return None if weight is None else weight.numpy().astype("float64")

    name = "pointwise_kernel" if isinstance(product, SeparableConv) else "kernel"
    kernel, bias = numbers(getattr(product, name)), numbers(product.bias)
    gamma, beta = numbers(norm.gamma), numbers(norm.beta)
    factor = 1.0 / np.sqrt(numbers(norm.moving_variance) + norm.epsilon)
    factor = factor if gamma is None else factor * gamma
    shift = -numbers(norm.moving_mean) if bias is None else bias - numbers(norm.moving_mean)
    shift = shift * factor if beta is None else shift * factor + beta
    channels: tuple[int, ...]
    if isinstance(product, ConvTranspose):
        channels = (-1, 1)  # its kernel is (..., filters, channels)
    elif isinstance(product, DepthwiseConv):
        channels = kernel.shape[-2:]
    else:
        channels = (-1,)
    return {name: (kernel * factor.reshape(channels)).astype("float32"), "bias": shift.astype("float32")}


def _has_one_last_product(layer: Any) -> bool:
    """Whether the layer's output channels are those of one kernel."""
    windowed = isinstance(layer, (ConvTranspose, SeparableConv)) and type(layer).call is Windowed.call
    return is_product(layer) or (windowed and layer.activity_regularizer is None)
