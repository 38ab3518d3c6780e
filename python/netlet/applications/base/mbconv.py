"""Parts that EfficientNet and EfficientNetV2 share: initializers, squeeze-and-excitation, head."""

from __future__ import annotations

from typing import Any

from netlet import layers
from netlet.initializers import VarianceScaling

from .network import Options, classifier


def conv(x: Any, channels: int, kernel: int, name: str, **arguments: Any) -> Any:
    """A convolution with padding "same" and the initializer of both families."""
    arguments = {"padding": "same", "use_bias": False, "kernel_initializer": kernel_initializer(), **arguments}
    return layers.Conv2D(channels, kernel, name=name, **arguments)(x)


def kernel_initializer() -> VarianceScaling:
    return VarianceScaling(2.0, "fan_out", "truncated_normal")


def squeeze_and_excite(inputs: Any, channels: int, name: str) -> Any:
    """Scales each channel by a gate that is computed from the means of all channels.

    Args:
        inputs: image (N, H, W, C).
        channels: between the two layers that compute the gates.
        name: start of the layers' names.
    """
    wide = inputs.shape[-1]
    x = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(inputs)
    x = layers.Reshape((1, 1, wide), name=f"{name}se_reshape")(x)
    x = conv(x, channels, 1, f"{name}se_reduce", use_bias=True, activation="swish")
    x = conv(x, wide, 1, f"{name}se_expand", use_bias=True, activation="sigmoid")
    return layers.multiply([inputs, x], name=f"{name}se_excite")


def residual(x: Any, inputs: Any, rate: float, name: str) -> Any:
    """Adds the input of a block to its output, of which whole samples are dropped while training."""
    if rate > 0:
        x = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return layers.add([x, inputs], name=f"{name}add")


def head(x: Any, options: Options, dropout: float, **arguments: Any) -> Any:
    """The mean over the image, dropout and the classifier."""
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dropout(dropout, name="top_dropout")(x)
    initializer = VarianceScaling(1.0 / 3.0, "fan_out", "uniform")
    return classifier(x, options, kernel_initializer=initializer, **arguments)
