"""EfficientNet: MobileNetV2's blocks, scaled together in width, depth and size (Tan and Le, 2019).

https://arxiv.org/abs/1905.11946
"""

from __future__ import annotations

import math
from typing import Any

from netlet import layers

from .base.files import pair
from .base.mbconv import conv, head, kernel_initializer, residual, squeeze_and_excite
from .base.network import Architecture, Options, StandardFunction, standard
from .base.parts import divisible, padding_of_stride_2
from .imagenet_utils import decode_predictions, preprocessing

__all__ = [
    *(f"EfficientNetB{i}" for i in range(8)),
    "decode_predictions",
    "preprocess_input",
]

# Table 1 of the paper: (kernel, repeats, channels before, channels after, expansion, stride of the first).
_STAGES = (
    (3, 1, 32, 16, 1, 1),
    (3, 2, 16, 24, 6, 2),
    (5, 2, 24, 40, 6, 2),
    (3, 3, 40, 80, 6, 2),
    (5, 3, 80, 112, 6, 1),
    (5, 4, 112, 192, 6, 2),
    (3, 1, 192, 320, 6, 1),
)
# (factor of the width, factor of the depth, size, dropout, hashes of the files with and without the classifier).
_SCALES = (
    (1.0, 1.0, 224, 0.2, "902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"),
    (1.0, 1.1, 240, 0.2, "1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"),
    (1.1, 1.2, 260, 0.3, "b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"),
    (1.2, 1.4, 300, 0.3, "ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"),
    (1.4, 1.8, 380, 0.4, "18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"),
    (1.6, 2.2, 456, 0.4, "ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"),
    (1.8, 2.6, 528, 0.5, "165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"),
    (2.0, 3.1, 600, 0.5, "8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"),
)
_DROP_CONNECT = 0.2  # of the last block; the others drop less, in proportion to their place

preprocess_input = preprocessing(None, __name__)


def _norm_swish(x: Any, start: str) -> Any:
    x = layers.BatchNormalization(name=f"{start}bn")(x)
    return layers.Activation("swish", name=f"{start}activation")(x)


def _block(inputs: Any, name: str, row: tuple[int, ...], rate: float) -> Any:
    """Expansion, depthwise convolution, squeeze-and-excitation, linear projection."""
    kernel, before, after, expansion, stride = row
    x = inputs
    if expansion != 1:
        x = _norm_swish(conv(x, before * expansion, 1, f"{name}expand_conv"), f"{name}expand_")
    if stride == 2:
        x = layers.ZeroPadding2D(padding_of_stride_2(x, kernel), name=f"{name}dwconv_pad")(x)
    x = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        depthwise_initializer=kernel_initializer(),
        name=f"{name}dwconv",
    )(x)
    x = _norm_swish(x, name)
    x = squeeze_and_excite(x, max(1, before // 4), name)
    x = conv(x, after, 1, f"{name}project_conv")
    x = layers.BatchNormalization(name=f"{name}project_bn")(x)
    return residual(x, inputs, rate, name) if stride == 1 and before == after else x


def _body(x: Any, width: float, depth: float, pretrained: bool) -> Any:
    x = layers.Rescaling(1.0 / 255.0)(x)
    x = layers.Normalization(axis=3)(x)
    if pretrained:  # the published weights were trained on images divided by the root of the standard deviation
        x = layers.Rescaling([1.0 / math.sqrt(deviation) for deviation in (0.229, 0.224, 0.225)])(x)
    x = layers.ZeroPadding2D(padding_of_stride_2(x, 3), name="stem_conv_pad")(x)
    x = conv(x, divisible(32 * width), 3, "stem_conv", strides=2, padding="valid")
    x = _norm_swish(x, "stem_")
    rows: list[tuple[str, tuple[int, ...]]] = []
    for stage, (kernel, repeats, before, after, expansion, stride) in enumerate(_STAGES, 1):
        before, after = divisible(before * width), divisible(after * width)
        for i in range(math.ceil(repeats * depth)):
            start = after if i else before
            rows.append((f"block{stage}{chr(ord('a') + i)}_", (kernel, start, after, expansion, 1 if i else stride)))
    for i, (name, row) in enumerate(rows):
        x = _block(x, name, row, _DROP_CONNECT * i / len(rows))
    return _norm_swish(conv(x, divisible(1280 * width), 1, "top_conv"), "top_")


def _make(number: int) -> StandardFunction:
    width, depth, size, dropout, top, no_top = _SCALES[number]

    def body(x: Any, options: Options) -> Any:
        return _body(x, width, depth, options.pretrained)

    architecture = Architecture(
        f"EfficientNetB{number}",
        body,
        pair(
            f"https://storage.googleapis.com/keras-applications/efficientnetb{number}",
            (".h5", top),
            ("_notop.h5", no_top),
        ),
        size,
        head=lambda x, options: head(x, options, dropout),
        channels=divisible(1280 * width),
    )
    about = f"EfficientNetB{number}: MobileNetV2's blocks, scaled in width, depth and size (Tan and Le, 2019)."
    return standard(architecture, f"efficientnetb{number}", __name__, about)


(
    EfficientNetB0,
    EfficientNetB1,
    EfficientNetB2,
    EfficientNetB3,
    EfficientNetB4,
    EfficientNetB5,
    EfficientNetB6,
    EfficientNetB7,
) = map(_make, range(8))
