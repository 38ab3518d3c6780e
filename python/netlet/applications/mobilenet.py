"""MobileNet: depthwise separable convolutions (Howard et al., 2017, https://arxiv.org/abs/1704.04861)."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

from netlet import layers
from netlet.models import Model

from .base.files import WeightFiles, pair
from .base.network import Architecture, Options, build, image_shape, pooled, published
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# (channels, stride) of the depthwise separable convolutions.
_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
_SIZES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}

preprocess_input = preprocessing("tf", __name__)


def _norm_relu(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def _separable(x: Any, number: int, channels: int, stride: int, depth_multiplier: int) -> Any:
    if stride == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        depth_multiplier=depth_multiplier,
        use_bias=False,
        name=f"conv_dw_{number}",
    )(x)
    x = _norm_relu(x, f"conv_dw_{number}")
    x = layers.Conv2D(channels, 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
    return _norm_relu(x, f"conv_pw_{number}")


def _body(x: Any, alpha: float, depth_multiplier: int) -> Any:
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = _norm_relu(x, "conv1")
    for number, (channels, stride) in enumerate(_BLOCKS, 1):
        x = _separable(x, number, int(channels * alpha), stride, depth_multiplier)
    return x


def _head(x: Any, options: Options, dropout: float) -> Any:
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(options.classes, 1, padding="same", name="conv_preds")(x)
    x = layers.Reshape((options.classes,), name="reshape_2")(x)
    return layers.Activation(options.classifier_activation, name="predictions")(x)


def _files(alpha: float, size: int) -> WeightFiles:
    return pair(f"mobilenet/mobilenet_{_ALPHAS[alpha]}_{size}_tf", (".h5", None), ("_no_top.h5", None))


def size_of(given: Any, sizes: tuple[int, ...]) -> int:
    """The size of images that the pretrained weights exist for: that of `given` (height, width) or None, else 224."""
    height, width = given or (None, None)
    return height if height == width and height in sizes else 224


def size_with_weights(name: str, rows: Any, columns: Any, sizes: tuple[int, ...]) -> int:
    """The size of the pretrained weights for images of a size. Warns if there are none for just this size."""
    if rows == columns and rows in sizes:
        return int(rows)
    warnings.warn(
        f"{name}: there are pretrained weights for images of {', '.join(map(str, sizes))} pixels squared only; those "
        "for 224 are loaded.",
        stacklevel=4,
    )
    return 224


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    options = Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
    size = size_of(input_shape and input_shape[:2], _SIZES)
    plain = Architecture("MobileNet", lambda x, _: x, size=size)
    rows, columns, _ = image_shape(plain, options)
    files = None
    if options.pretrained:
        if depth_multiplier != 1:
            raise ValueError(
                f"MobileNet: expected depth_multiplier=1 with weights='imagenet', received {depth_multiplier}."
            )
        if alpha not in _ALPHAS:
            raise ValueError(
                f"MobileNet: expected one of {list(_ALPHAS)} as `alpha` with weights='imagenet', received {alpha}."
            )
        rows = size_with_weights("MobileNet", rows, columns, _SIZES)
        files = _files(alpha, rows)
    architecture = Architecture(
        "MobileNet",
        lambda x, _: _body(x, alpha, depth_multiplier),
        files,
        size,
        head=lambda x, options: _head(x, options, dropout),
        pooling=pooled,
    )
    return build(architecture, replace(options, name=name or f"mobilenet_{alpha:0.2f}_{rows}"))


published(
    MobileNet,
    Architecture("MobileNet", lambda x, _: x, channels=1024),
    __name__,
    "MobileNet: depthwise separable convolutions (Howard et al., 2017).",
    """
        alpha: factor of the number of channels of each layer; 1.0 by default.
        depth_multiplier: outputs of a depthwise convolution for each of its input channels; 1 by default.
        dropout: fraction dropped before the classifier; 0.001 by default.""",
)
