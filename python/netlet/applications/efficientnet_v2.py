"""EfficientNetV2: fused blocks first, faster to train (Tan and Le, 2021, https://arxiv.org/abs/2104.00298)."""

from __future__ import annotations

import math
from typing import Any

from netlet import layers
from netlet.initializers import Constant
from netlet.models import Model

from .base.files import pair
from .base.mbconv import conv, head, kernel_initializer, residual, squeeze_and_excite
from .base.network import Architecture, Options, build, published
from .imagenet_utils import decode_predictions, preprocessing

__all__ = [
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "L", "M", "S")),
    "decode_predictions",
    "preprocess_input",
]

# Stages: (repeats, channels before, channels after, expansion, stride of the first, fused). Fused blocks have one 3x3
# convolution in place of expansion and depthwise convolution, and no squeeze-and-excitation.
_B = (
    (1, 32, 16, 1, 1, True),
    (2, 16, 32, 4, 2, True),
    (2, 32, 48, 4, 2, True),
    (3, 48, 96, 4, 2, False),
    (5, 96, 112, 6, 1, False),
    (8, 112, 192, 6, 2, False),
)
_S = (
    (2, 24, 24, 1, 1, True),
    (4, 24, 48, 4, 2, True),
    (4, 48, 64, 4, 2, True),
    (6, 64, 128, 4, 2, False),
    (9, 128, 160, 6, 1, False),
    (15, 160, 256, 6, 2, False),
)
_M = (
    (3, 24, 24, 1, 1, True),
    (5, 24, 48, 4, 2, True),
    (5, 48, 80, 4, 2, True),
    (7, 80, 160, 4, 2, False),
    (14, 160, 176, 6, 1, False),
    (18, 176, 304, 6, 2, False),
    (5, 304, 512, 6, 1, False),
)
_L = (
    (4, 32, 32, 1, 1, True),
    (7, 32, 64, 4, 2, True),
    (7, 64, 96, 4, 2, True),
    (10, 96, 192, 4, 2, False),
    (19, 192, 224, 6, 1, False),
    (25, 224, 384, 6, 2, False),
    (7, 384, 640, 6, 1, False),
)
# {variant: (stages, factor of the width, factor of the depth, size, hashes of the files with and without the head)}.
_VARIANTS = {
    "B0": (_B, 1.0, 1.0, 224, "21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff"),
    "B1": (_B, 1.0, 1.1, 240, "069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37"),
    "B2": (_B, 1.1, 1.2, 260, "424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb"),
    "B3": (_B, 1.2, 1.4, 300, "1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856"),
    "S": (_S, 1.0, 1.0, 384, "e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070"),
    "M": (_M, 1.0, 1.0, 480, "a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342"),
    "L": (_L, 1.0, 1.0, 480, "27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615"),
}
_DROP_CONNECT = 0.2  # of the last block; the others drop less, in proportion to their place

preprocess_input = preprocessing(None, __name__)


def _rounded(channels: float) -> int:
    """The multiple of 8 nearest to a number of channels."""
    return max(8, int(channels + 4) // 8 * 8)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9, name=name)(x)


def _norm_swish(x: Any, start: str) -> Any:
    return layers.Activation("swish", name=f"{start}activation")(_norm(x, f"{start}bn"))


def _block(inputs: Any, name: str, row: tuple[Any, ...], rate: float) -> Any:
    before, after, expansion, stride, fused = row
    x, wide = inputs, before * expansion
    if expansion != 1:
        kernel, strides = (3, stride) if fused else (1, 1)
        x = _norm_swish(conv(x, wide, kernel, f"{name}expand_conv", strides=strides), f"{name}expand_")
    if not fused:
        x = layers.DepthwiseConv2D(
            3,
            strides=stride,
            padding="same",
            use_bias=False,
            depthwise_initializer=kernel_initializer(),
            name=f"{name}dwconv2",
        )(x)
        x = _norm_swish(x, name)
        x = squeeze_and_excite(x, max(1, before // 4), name)
    kernel, strides = (3, stride) if fused and expansion == 1 else (1, 1)
    x = conv(x, after, kernel, f"{name}project_conv", strides=strides)
    x = _norm(x, f"{name}project_bn")
    if fused and expansion == 1:
        x = layers.Activation("swish", name=f"{name}project_activation")(x)
    return residual(x, inputs, rate, name) if stride == 1 and before == after else x


def _preprocessed(x: Any, options: Options, normalizes: bool) -> Any:
    if not (normalizes and x.shape[-1] == 3):
        return layers.Rescaling(1.0 / 128.0, -1.0)(x)
    x = layers.Rescaling(1.0 / 255.0)(x)
    mean, variance = [0.485, 0.456, 0.406], [0.229**2, 0.224**2, 0.225**2]
    return layers.Normalization(mean=mean, variance=variance, axis=3)(x)


def _body(x: Any, stages: Any, width: float, depth: float) -> Any:
    x = _norm_swish(conv(x, _rounded(stages[0][1] * width), 3, "stem_conv", strides=2), "stem_")
    total = sum(stage[0] for stage in stages)  # without the factor of the depth, as the weights were trained
    done = 0
    for number, (repeats, before, after, expansion, stride, fused) in enumerate(stages, 1):
        before, after = _rounded(before * width), _rounded(after * width)
        for i in range(math.ceil(repeats * depth)):
            row = (after if i else before, after, expansion, 1 if i else stride, fused)
            x = _block(x, f"block{number}{chr(ord('a') + i)}_", row, _DROP_CONNECT * done / total)
            done += 1
    return _norm_swish(conv(x, _rounded(1280 * width), 1, "top_conv"), "top_")


def _make(variant: str) -> Any:
    stages, width, depth, size, top, no_top = _VARIANTS[variant]
    function_name = f"EfficientNetV2{variant}"
    default = f"efficientnetv2-{variant.lower()}"
    files = pair(f"efficientnet_v2/{default}", (".h5", top), ("_notop.h5", no_top))

    def architecture(include_preprocessing: bool) -> Architecture:
        def body(x: Any, options: Options) -> Any:
            if include_preprocessing:
                x = _preprocessed(x, options, variant.startswith("B"))
            return _body(x, stages, width, depth)

        return Architecture(
            function_name,
            body,
            files,
            size,
            head=lambda x, options: head(x, options, 0.2, bias_initializer=Constant(0.0)),
            channels=_rounded(1280 * width),
        )

    def function(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
        name: str | None = default,
    ) -> Model:
        return build(
            architecture(include_preprocessing),
            Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name),
        )

    about = f"{function_name}: fused blocks first, faster to train (Tan and Le, 2021)."
    extra = """
        include_preprocessing: whether the first layers scale pixels in [0, 255]; True by default."""
    return published(function, architecture(True), __name__, about, extra)


EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3 = map(_make, ("B0", "B1", "B2", "B3"))
EfficientNetV2S, EfficientNetV2M, EfficientNetV2L = map(_make, "SML")
