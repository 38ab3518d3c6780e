"""InceptionResNetV2: Inception blocks as residuals (Szegedy et al., 2016, https://arxiv.org/abs/1602.07261)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, pooled, standard
from .base.own_layers import CustomScaleLayer
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["InceptionResNetV2", "decode_predictions", "preprocess_input"]

# A branch is a list of steps: (channels, kernel), or (channels, kernel, 2) of stride 2, or the name of a pooling.
_AVG, _MAX = "avg", "max"
Branches = tuple[list[Any], ...]

_MIXED_5B: Branches = (
    [(96, 1)],
    [(48, 1), (64, 5)],
    [(64, 1), (96, 3), (96, 3)],
    [_AVG, (64, 1)],
)
_MIXED_6A: Branches = ([(384, 3, 2)], [(256, 1), (256, 3), (384, 3, 2)], [_MAX])
_MIXED_7A: Branches = (
    [(256, 1), (384, 3, 2)],
    [(256, 1), (288, 3, 2)],
    [(256, 1), (288, 3), (320, 3, 2)],
    [_MAX],
)
# The residual blocks: (name, branches).
_BLOCK35: tuple[str, Branches] = ("block35", ([(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]))
_BLOCK17: tuple[str, Branches] = ("block17", ([(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]))
_BLOCK8: tuple[str, Branches] = ("block8", ([(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]))

preprocess_input = preprocessing("tf", __name__)


def _conv(
    x: Any, channels: int, kernel: Any, stride: int = 1, padding: str | None = None, name: str | None = None
) -> Any:
    """Convolution, normalization, relu; padding "same" unless the stride is 2."""
    padding = padding or ("same" if stride == 1 else "valid")
    x = layers.Conv2D(channels, kernel, strides=stride, padding=padding, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(scale=False, name=name and f"{name}_bn")(x)
    return layers.Activation("relu", name=name and f"{name}_ac")(x)


def _step(x: Any, step: Any) -> Any:
    if step == _AVG:
        return layers.AveragePooling2D(3, strides=1, padding="same")(x)
    if step == _MAX:
        return layers.MaxPooling2D(3, strides=2)(x)
    return _conv(x, *step)


def _mixed(x: Any, branches: Branches, name: str) -> Any:
    ends = []
    for branch in branches:
        end = x
        for step in branch:
            end = _step(end, step)
        ends.append(end)
    return layers.Concatenate(axis=3, name=name)(ends)


def _residual(x: Any, block: tuple[str, Branches], number: int, scale: float, relu: bool = True) -> Any:
    name = f"{block[0]}_{number}"
    up = _mixed(x, block[1], f"{name}_mixed")
    up = layers.Conv2D(x.shape[-1], 1, padding="same", name=f"{name}_conv")(up)
    x = CustomScaleLayer(scale)([x, up])
    return layers.Activation("relu", name=f"{name}_ac")(x) if relu else x


def _body(x: Any, options: Options) -> Any:
    x = _conv(x, 32, 3, 2)
    x = _conv(x, 32, 3, padding="valid")
    x = _conv(x, 64, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _conv(x, 80, 1, padding="valid")
    x = _conv(x, 192, 3, padding="valid")
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _mixed(x, _MIXED_5B, "mixed_5b")
    for number in range(1, 11):
        x = _residual(x, _BLOCK35, number, 0.17)
    x = _mixed(x, _MIXED_6A, "mixed_6a")
    for number in range(1, 21):
        x = _residual(x, _BLOCK17, number, 0.1)
    x = _mixed(x, _MIXED_7A, "mixed_7a")
    for number in range(1, 10):
        x = _residual(x, _BLOCK8, number, 0.2)
    x = _residual(x, _BLOCK8, 10, 1.0, relu=False)
    return _conv(x, 1536, 1, name="conv_7b")


InceptionResNetV2 = standard(
    Architecture(
        "InceptionResNetV2",
        _body,
        pair(
            "inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels",
            (".h5", "e693bd0210a403b3192acc6073ad2e96"),
            ("_notop.h5", "d19885ff4a710c122648d3b5c3b684e4"),
        ),
        size=299,
        smallest=75,
        pooling=pooled,
        channels=1536,
    ),
    "inception_resnet_v2",
    __name__,
    "InceptionResNetV2: Inception blocks as residuals (Szegedy et al., 2016).",
)
