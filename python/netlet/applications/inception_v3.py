"""InceptionV3: parallel branches of factorized convolutions (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, pooled, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]

# A branch is a list of steps: (channels, kernel height, kernel width), or (channels, kernel) of stride 2, or the name
# of a pooling. A tuple of steps inside a branch is made of each from the same input, and the results are concatenated.
_AVG, _MAX = "avg", "max"
Step = Any
Branches = list[list[Step]]


def _with_5x5(pool: int) -> Branches:
    """Figure 5 of the paper, in which two of the 5x5 convolutions are two 3x3 ones."""
    return [
        [(64, 1, 1)],
        [(48, 1, 1), (64, 5, 5)],
        [(64, 1, 1), (96, 3, 3), (96, 3, 3)],
        [_AVG, (pool, 1, 1)],
    ]


def _with_7x7(inner: int) -> Branches:
    """Figure 6 of the paper: 7x7 convolutions as 1x7 and 7x1."""
    wide, tall = (inner, 1, 7), (inner, 7, 1)
    return [
        [(192, 1, 1)],
        [(inner, 1, 1), wide, (192, 7, 1)],
        [(inner, 1, 1), tall, wide, tall, (192, 1, 7)],
        [_AVG, (192, 1, 1)],
    ]


_WIDENED: Branches = [  # figure 7 of the paper
    [(320, 1, 1)],
    [(384, 1, 1), ((384, 1, 3), (384, 3, 1))],
    [(448, 1, 1), (384, 3, 3), ((384, 1, 3), (384, 3, 1))],
    [_AVG, (192, 1, 1)],
]
_MIXED: tuple[Branches, ...] = (
    *map(_with_5x5, (32, 64, 64)),
    [[(384, 3)], [(64, 1, 1), (96, 3, 3), (96, 3)], [_MAX]],
    *map(_with_7x7, (128, 160, 160, 192)),
    [[(192, 1, 1), (320, 3)], [(192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3)], [_MAX]],
    _WIDENED,
    _WIDENED,
)

preprocess_input = preprocessing("tf", __name__)


def _conv(x: Any, channels: int, height: int, width: int, padding: str = "same", stride: int = 1) -> Any:
    x = layers.Conv2D(channels, (height, width), strides=stride, padding=padding, use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization(scale=False)(x))


def _step(x: Any, step: Step, split_name: str | None) -> Any:
    if step == _AVG:
        return layers.AveragePooling2D(3, strides=1, padding="same")(x)
    if step == _MAX:
        return layers.MaxPooling2D(3, strides=2)(x)
    if isinstance(step[0], tuple):
        return layers.concatenate([_conv(x, *part) for part in step], axis=3, name=split_name)
    if len(step) == 2:
        return _conv(x, step[0], step[1], step[1], "valid", 2)
    return _conv(x, *step)


def _body(x: Any, options: Options) -> Any:
    x = _conv(x, 32, 3, 3, "valid", 2)
    x = _conv(x, 32, 3, 3, "valid")
    x = _conv(x, 64, 3, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _conv(x, 80, 1, 1, "valid")
    x = _conv(x, 192, 3, 3, "valid")
    x = layers.MaxPooling2D(3, strides=2)(x)
    for number, branches in enumerate(_MIXED):
        ends = []
        for i, branch in enumerate(branches):
            end = x
            for step in branch:
                end = _step(end, step, f"mixed9_{number - 9}" if i == 1 else None)
            ends.append(end)
        x = layers.concatenate(ends, axis=3, name=f"mixed{number}")
    return x


InceptionV3 = standard(
    Architecture(
        "InceptionV3",
        _body,
        pair(
            "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels",
            (".h5", "9a0d58056eeedaa3f26cb7ebd46da564"),
            ("_notop.h5", "bcbd6486424b2319ff4ef7d526e38f63"),
        ),
        size=299,
        smallest=75,
        pooling=pooled,
        channels=2048,
    ),
    "inception_v3",
    __name__,
    "InceptionV3: parallel branches of factorized convolutions (Szegedy et al., 2015).",
)
