"""Xception: depthwise separable convolutions with residuals (Chollet, 2017, https://arxiv.org/abs/1610.02357)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, pooled, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["Xception", "decode_predictions", "preprocess_input"]

# (number, channels of the convolutions) of the blocks that halve height and width.
_ENTRY: tuple[tuple[int, tuple[int, ...]], ...] = ((2, (128, 128)), (3, (256, 256)), (4, (728, 728)))
_MIDDLE: tuple[tuple[int, tuple[int, ...]], ...] = tuple((number, (728, 728, 728)) for number in range(5, 13))
_EXIT: tuple[int, tuple[int, ...]] = (13, (728, 1024))

preprocess_input = preprocessing("tf", __name__)


def _conv(x: Any, channels: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(channels, 3, strides=stride, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.Activation("relu", name=f"{name}_act")(x)


def _separable(x: Any, channels: int, name: str) -> Any:
    x = layers.SeparableConv2D(channels, 3, padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _convolutions(x: Any, number: int, widths: tuple[int, ...], relu_first: bool = True) -> Any:
    for i, channels in enumerate(widths, 1):
        name = f"block{number}_sepconv{i}"
        if relu_first or i > 1:
            x = layers.Activation("relu", name=f"{name}_act")(x)
        x = _separable(x, channels, name)
    return x


def _halving(x: Any, number: int, widths: tuple[int, ...]) -> Any:
    residual = layers.Conv2D(widths[-1], 1, strides=2, padding="same", use_bias=False)(x)
    residual = layers.BatchNormalization()(residual)
    x = _convolutions(x, number, widths, relu_first=number > 2)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"block{number}_pool")(x)
    return layers.add([x, residual])


def _body(x: Any, options: Options) -> Any:
    x = _conv(x, 32, 2, "block1_conv1")
    x = _conv(x, 64, 1, "block1_conv2")
    for number, widths in _ENTRY:
        x = _halving(x, number, widths)
    for number, widths in _MIDDLE:
        x = layers.add([_convolutions(x, number, widths), x])
    x = _halving(x, *_EXIT)
    for i, channels in enumerate((1536, 2048), 1):
        x = _separable(x, channels, f"block14_sepconv{i}")
        x = layers.Activation("relu", name=f"block14_sepconv{i}_act")(x)
    return x


Xception = standard(
    Architecture(
        "Xception",
        _body,
        pair(
            "xception/xception_weights_tf_dim_ordering_tf_kernels",
            (".h5", "0a58e3b7378bc2990ea3b43d5981f1f6"),
            ("_notop.h5", "b0042744bf5b25fce3cb969f33bebb97"),
        ),
        size=299,
        smallest=71,
        pooling=pooled,
        channels=2048,
    ),
    "xception",
    __name__,
    "Xception: depthwise separable convolutions with residuals (Chollet, 2017).",
)
