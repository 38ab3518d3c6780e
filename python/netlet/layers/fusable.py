"""Which layers can become part of the product before or after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import activations

from .activations.activation import ELU, Activation, LeakyReLU, ReLU
from .convolutional.convolution import Conv
from .convolutional.convolution_depthwise import DepthwiseConv
from .convolutional.windowed import Windowed
from .core.dense import Dense
from .normalization.batch_normalization import BatchNormalization
from .reshaping.zero_padding import ZeroPadding

LINEAR = ("linear", 0.0)
Border = tuple[tuple[int, int], ...]
"""Zeros (before, after) along each spatial axis."""


def fused_activation(layer: Any) -> tuple[str, float] | None:
    """The (name, alpha) of the activation that a product must fuse to replace this layer; None if none can."""
    if getattr(layer, "activity_regularizer", None) is not None:
        return None
    found: tuple[str, float] | None = None
    if type(layer) is Activation:
        found = activations.fused(layer.activation)
    elif type(layer) is ReLU and layer.threshold == 0:
        if layer.max_value is None:
            found = ("leaky_relu", float(layer.negative_slope)) if layer.negative_slope else ("relu", 0.0)
        elif layer.max_value == 6 and layer.negative_slope == 0:
            found = ("relu6", 0.0)
    elif type(layer) is LeakyReLU:
        found = ("leaky_relu", float(layer.negative_slope))
    elif type(layer) is ELU and layer.alpha >= 0:
        found = ("elu", float(layer.alpha))
    return found


def is_product(layer: Any) -> bool:
    """Whether the layer is a built dense or convolution layer that computes one product.

    Its kernel's last axes are the output channels. A subclass with its own `call` or a layer with an activity
    regularizer does not count.
    """
    known = isinstance(layer, Dense) and type(layer).call is Dense.call
    known = known or (isinstance(layer, (Conv, DepthwiseConv)) and type(layer).call is Windowed.call)
    return known and bool(layer.built) and layer.activity_regularizer is None


def is_linear(layer: Any) -> bool:
    """Whether the layer's own activation is the identity."""
    return activations.fused(layer.activation) == LINEAR


def normalizes(layer: Any, product: Any) -> bool:
    """Whether the layer is a batch normalization over the channel axis of the product's output."""
    if type(layer) is not BatchNormalization or not layer.built or layer.activity_regularizer is not None:
        return False
    rank = layer.input_spec.ndim
    channels = rank - 1 if isinstance(product, Dense) else product._channel_axis % rank
    return bool(layer.axis % rank == channels and layer.compute_dtype == product.compute_dtype)


def fused_into(product: Any, layer: Any) -> tuple[str, float] | None:
    """The (name, alpha) of the layer's activation if the product before it computes it at inference; else None."""
    if getattr(layer, "compute_dtype", None) != product.compute_dtype:
        return None
    return fused_activation(layer)


def follows_batch_norm(layers: Sequence[Any]) -> str | None:
    """The name of the second layer's activation, if the first one, a batch normalization, can apply it while training.

    The kernels compute that activation's gradient from the normalization's input, so nothing between is written.
    """
    if len(layers) < 2 or type(layers[0]) is not BatchNormalization:
        return None
    norm, after = layers[:2]
    plain = norm.built and norm.trainable and not norm.renorm and norm.activity_regularizer is None
    if not plain or norm.compute_dtype != "float32" or getattr(after, "compute_dtype", None) != norm.compute_dtype:
        return None
    found = fused_activation(after)
    return found[0] if found in (("relu", 0.0), ("relu6", 0.0)) else None


def border_before(layers: Sequence[Any]) -> Border | None:
    """The zeros that the first of these layers adds, if it is a padding that the second one, a convolution, can add.

    The kernels of depthwise convolutions leave out what a window has outside of the image. Other convolutions copy the
    image into a border themselves, so nothing is gained by giving it to them.
    """
    if len(layers) < 2 or not isinstance(layers[0], ZeroPadding):
        return None
    padding, conv = layers[:2]
    if type(padding).call is not ZeroPadding.call or not isinstance(conv, DepthwiseConv) or not is_product(conv):
        return None
    alike = padding.data_format == conv.data_format == "channels_last" and padding.rank == conv.rank
    alike = alike and padding.compute_dtype == conv.compute_dtype and conv.compute_dtype in ("float32", "float64")
    border: Border = tuple(padding._border)
    # A border as wide as the window would make windows of zeros only, which the kernels do not expect.
    narrow = all(max(ends) < span for ends, span in zip(border, conv._window.spans, strict=True))
    return border if alike and conv.padding == "valid" and narrow else None
