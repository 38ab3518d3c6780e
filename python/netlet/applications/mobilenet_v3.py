"""MobileNetV3: searched blocks with squeeze-and-excitation (Howard et al., 2019, https://arxiv.org/abs/1905.02244)."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

from netlet import layers
from netlet.models import Model

from .base.files import WeightFiles, pair
from .base.network import Architecture, Options, build, check, given_size, named_pooling, published
from .base.parts import divisible, padding_of_stride_2
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["MobileNetV3Large", "MobileNetV3Small", "decode_predictions", "preprocess_input"]

# The paper's tables 1 and 2: (expansion, channels, kernel, stride, squeeze-and-excitation, hard swish). Kernels of 5
# are 3 in the minimalistic variants.
_SMALL = (
    (1, 16, 3, 2, True, False),
    (72 / 16, 24, 3, 2, False, False),
    (88 / 24, 24, 3, 1, False, False),
    (4, 40, 5, 2, True, True),
    *[(6, 40, 5, 1, True, True)] * 2,
    *[(3, 48, 5, 1, True, True)] * 2,
    (6, 96, 5, 2, True, True),
    *[(6, 96, 5, 1, True, True)] * 2,
)
_LARGE = (
    (1, 16, 3, 1, False, False),
    (4, 24, 3, 2, False, False),
    (3, 24, 3, 1, False, False),
    (3, 40, 5, 2, True, False),
    *[(3, 40, 5, 1, True, False)] * 2,
    (6, 80, 3, 2, False, True),
    (2.5, 80, 3, 1, False, True),
    *[(2.3, 80, 3, 1, False, True)] * 2,
    *[(6, 112, 3, 1, True, True)] * 2,
    (6, 160, 5, 2, True, True),
    *[(6, 160, 5, 1, True, True)] * 2,
)
_HASHES = {
    "large_224_0.75": ("765b44a33ad4005b3ac83185abf1d0eb", "40af19a13ebea4e2ee0c676887f69a2e"),
    "large_224_1.0": ("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    "large_minimalistic_224_1.0": ("675e7b876c45c57e9e63e6d90a36599c", "ec5221f64a2f6d1ef965a614bdae7973"),
    "small_224_0.75": ("cb65d4e5be93758266aa0a7f2c6708b7", "ebdb5cc8e0b497cd13a7c275d475c819"),
    "small_224_1.0": ("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "small_minimalistic_224_1.0": ("99cd97fb2fcdad2bf028eb838de69e37", "cde8136e733e811080d9fcd8a252f7e4"),
}

preprocess_input = preprocessing(None, __name__)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=name)(x)


def _activated(x: Any, hard_swish: bool) -> Any:
    return layers.Activation("hard_swish")(x) if hard_swish else layers.ReLU()(x)


def _squeeze_and_excite(inputs: Any, name: str) -> Any:
    """Scales each channel by a gate in [0, 1] that is computed from the means of all channels."""
    name, channels = f"{name}_squeeze_excite", inputs.shape[-1]
    x = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_avg_pool")(inputs)
    x = layers.Conv2D(divisible(channels * 0.25), 1, padding="same", name=f"{name}_conv")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Conv2D(channels, 1, padding="same", name=f"{name}_conv_1")(x)
    gate = layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)
    return layers.Multiply(name=f"{name}_mul")([inputs, gate])


def _block(inputs: Any, number: int, row: tuple[Any, ...], alpha: float, minimalistic: bool) -> Any:
    expansion, channels, kernel, stride, squeeze, hard_swish = row
    channels, before = divisible(channels * alpha), inputs.shape[-1]
    if minimalistic:
        kernel, squeeze, hard_swish = 3, False, False
    x, name = inputs, f"expanded_conv_{number}" if number else "expanded_conv"
    if number:
        x = layers.Conv2D(divisible(before * expansion), 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = _activated(_norm(x, f"{name}_expand_bn"), hard_swish)
    if stride == 2:
        x = layers.ZeroPadding2D(padding_of_stride_2(x, kernel), name=f"{name}_depthwise_pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = layers.DepthwiseConv2D(kernel, strides=stride, padding=padding, use_bias=False, name=f"{name}_depthwise")(x)
    x = _activated(_norm(x, f"{name}_depthwise_bn"), hard_swish)
    if squeeze:
        x = _squeeze_and_excite(x, name)
    x = layers.Conv2D(channels, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _norm(x, f"{name}_project_bn")
    return layers.Add(name=f"{name}_add")([inputs, x]) if stride == 1 and before == channels else x


def _body(x: Any, rows: Any, alpha: float, minimalistic: bool, include_preprocessing: bool) -> Any:
    if include_preprocessing:
        x = layers.Rescaling(1.0 / 127.5, -1.0)(x)
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv")(x)
    x = _activated(_norm(x, "conv_bn"), not minimalistic)
    for number, row in enumerate(rows):
        x = _block(x, number, row, alpha, minimalistic)
    x = layers.Conv2D(divisible(x.shape[-1] * 6), 1, padding="same", use_bias=False, name="conv_1")(x)
    return _activated(_norm(x, "conv_1_bn"), not minimalistic)


def _head(x: Any, options: Options, channels: int, minimalistic: bool, dropout: float) -> Any:
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Conv2D(channels, 1, padding="same", name="conv_2")(x)
    x = _activated(x, not minimalistic)
    if dropout > 0:
        x = layers.Dropout(dropout)(x)
    x = layers.Conv2D(options.classes, 1, padding="same", name="logits")(x)
    return layers.Activation(options.classifier_activation, name="predictions")(layers.Flatten()(x))


def _files(kind: str, alpha: float, minimalistic: bool) -> WeightFiles:
    variant = f"{kind}{'_minimalistic' if minimalistic else ''}_224_{float(alpha)}"
    name, (top, no_top) = f"{variant}_float", _HASHES[variant]
    return pair("mobilenet_v3/weights_mobilenet_v3_", (f"{name}.h5", top), (f"{name}_no_top_v2.h5", no_top))


def _shape(name: str, options: Options) -> Any:
    """The input shape: that which is given, or that of the input tensor, or any."""
    size = given_size(name, options)
    return options.input_shape or (*(size or (None, None)), 3)


def _model(
    kind: str, alpha: float, minimalistic: bool, dropout_rate: float, include_preprocessing: bool, options: Options
) -> Model:
    name = f"MobileNetV3{kind.title()}"
    check(name, options)
    shape, files = _shape(name, options), None
    if options.pretrained:
        if alpha not in ((1.0,) if minimalistic else (0.75, 1.0)):
            raise ValueError(
                f"{name}: expected alpha=1.0, or 0.75 if it is not minimalistic, with weights='imagenet', received "
                f"{alpha}."
            )
        if tuple(shape[:2]) != (224, 224):
            warnings.warn(
                f"{name}: there are pretrained weights for images of 224x224 pixels only; they are loaded for "
                f"{tuple(shape[:2])}.",
                stacklevel=3,
            )
        files = _files(kind, alpha, minimalistic)
    last = 1024 if kind == "small" else 1280
    last = divisible(last * alpha) if alpha > 1.0 else last
    architecture = Architecture(
        name,
        lambda x, _: _body(x, _SMALL if kind == "small" else _LARGE, alpha, minimalistic, include_preprocessing),
        files,
        head=lambda x, options: _head(x, options, last, minimalistic, dropout_rate),
        pooling=named_pooling,
        fixed_size=False,
    )
    return build(architecture, replace(options, input_shape=shape))


def MobileNetV3Small(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: str | None = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: str | None = "MobileNetV3Small",
) -> Model:
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _model("small", alpha, minimalistic, dropout_rate, include_preprocessing, options)


def MobileNetV3Large(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: str | None = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: str | None = "MobileNetV3Large",
) -> Model:
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    return _model("large", alpha, minimalistic, dropout_rate, include_preprocessing, options)


for _function, _channels in ((MobileNetV3Small, 576), (MobileNetV3Large, 960)):
    published(
        _function,
        Architecture(_function.__name__, lambda x, _: x, channels=_channels),
        __name__,
        f"{_function.__name__}: searched blocks with squeeze-and-excitation (Howard et al., 2019).",
        """
        alpha: factor of the number of channels of each layer; 1.0 by default.
        minimalistic: whether to leave out squeeze-and-excitation, hard swish and 5x5 kernels; False by default.
        dropout_rate: fraction dropped before the classifier; 0.2 by default.
        include_preprocessing: whether the first layer scales pixels in [0, 255] to [-1, 1]; True by default.""",
    )
