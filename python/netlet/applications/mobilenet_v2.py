"""MobileNetV2: inverted residuals with linear bottlenecks (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netlet import layers
from netlet.models import Model

from .base.files import WeightFiles, pair
from .base.network import Architecture, Options, build, classifier, given_size, image_shape, pooled, published
from .base.parts import divisible, padding_of_stride_2
from .imagenet_utils import decode_predictions, preprocessing
from .mobilenet import size_of, size_with_weights

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# The paper's table 2: (expansion t, channels c, repeats n, stride s of the first).
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.50, 0.75, 1.0, 1.3, 1.4)

preprocess_input = preprocessing("tf", __name__)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1e-3, momentum=0.999, name=name)(x)


def _inverted_residual(inputs: Any, number: int, expansion: int, channels: int, stride: int) -> Any:
    """1x1 expansion, 3x3 depthwise convolution, linear 1x1 projection; added to the input where the shapes allow it."""
    x, before = inputs, inputs.shape[-1]
    name = f"block_{number}" if number else "expanded_conv"
    if number:
        x = layers.Conv2D(expansion * before, 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(_norm(x, f"{name}_expand_BN"))
    if stride == 2:
        x = layers.ZeroPadding2D(padding_of_stride_2(x, 3), name=f"{name}_pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False, name=f"{name}_depthwise")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(_norm(x, f"{name}_depthwise_BN"))
    x = layers.Conv2D(channels, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _norm(x, f"{name}_project_BN")
    return layers.Add(name=f"{name}_add")([inputs, x]) if stride == 1 and before == channels else x


def _body(x: Any, alpha: float) -> Any:
    x = layers.Conv2D(divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(_norm(x, "bn_Conv1"))
    number = 0
    for expansion, channels, repeats, stride in _STAGES:
        for i in range(repeats):
            width = divisible(int(channels * alpha))
            x = _inverted_residual(x, number, expansion, width, 1 if i else stride)
            number += 1
    last = divisible(1280 * alpha) if alpha > 1.0 else 1280
    x = layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    return layers.ReLU(6.0, name="out_relu")(_norm(x, "Conv_1_bn"))


def _head(x: Any, options: Options) -> Any:
    return classifier(layers.GlobalAveragePooling2D()(x), options)


def _files(alpha: float, size: int) -> WeightFiles:
    start = f"mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}"
    return pair(start, (".h5", None), ("_no_top.h5", None))


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    size = size_of(given_size("MobileNetV2", options), _SIZES)
    rows, columns, _ = image_shape(Architecture("MobileNetV2", lambda x, _: x, size=size), options)
    files = None
    if options.pretrained:
        if alpha not in _ALPHAS:
            raise ValueError(
                f"MobileNetV2: expected one of {list(_ALPHAS)} as `alpha` with weights='imagenet', received {alpha}."
            )
        rows = size_with_weights("MobileNetV2", rows, columns, _SIZES)
        files = _files(alpha, rows)
    architecture = Architecture("MobileNetV2", lambda x, _: _body(x, alpha), files, size, head=_head, pooling=pooled)
    return build(architecture, replace(options, name=name or f"mobilenetv2_{alpha:0.2f}_{rows}"))


published(
    MobileNetV2,
    Architecture("MobileNetV2", lambda x, _: x, channels=1280),
    __name__,
    "MobileNetV2: inverted residuals with linear bottlenecks (Sandler et al., 2018).",
    """
        alpha: factor of the number of channels of each layer; 1.0 by default.""",
)
