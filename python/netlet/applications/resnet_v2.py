"""ResNet V2: residual blocks that normalize first (He et al., 2016, https://arxiv.org/abs/1603.05027)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, StandardFunction, standard
from .imagenet_utils import decode_predictions, preprocessing
from .resnet import norm_relu, stem

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]

# Blocks of the stages conv2 to conv5, with hashes of the files with and without the classifier.
_DEPTHS = {
    50: ((3, 4, 6, 3), "3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"),
    101: ((3, 4, 23, 3), "6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"),
    152: ((3, 8, 36, 3), "a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"),
}

preprocess_input = preprocessing("tf", __name__)


def _block(inputs: Any, name: str, channels: int, stride: int, projected: bool) -> Any:
    first = norm_relu(inputs, f"{name}_preact")
    shortcut = inputs
    if projected:
        shortcut = layers.Conv2D(4 * channels, 1, strides=stride, name=f"{name}_0_conv")(first)
    elif stride > 1:
        shortcut = layers.MaxPooling2D(1, strides=stride)(inputs)
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_1_conv")(first)
    x = norm_relu(x, f"{name}_1")
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.Conv2D(channels, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = norm_relu(x, f"{name}_2")
    x = layers.Conv2D(4 * channels, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([shortcut, x])


def _body(x: Any, blocks: tuple[int, ...]) -> Any:
    x = stem(x, normalized=False)
    for stage, count in enumerate(blocks, 2):
        for i in range(count):
            stride = 2 if i == count - 1 and stage < 5 else 1  # the last block of a stage shrinks the image
            x = _block(x, f"conv{stage}_block{i + 1}", 64 << (stage - 2), stride, i == 0)
    return norm_relu(x, "post")


def _make(depth: int) -> StandardFunction:
    blocks, top, no_top = _DEPTHS[depth]

    def body(x: Any, options: Options) -> Any:
        return _body(x, blocks)

    rest = "_weights_tf_dim_ordering_tf_kernels"
    files = pair(f"resnet/resnet{depth}v2{rest}", (".h5", top), ("_notop.h5", no_top))
    about = f"ResNet V2 of {depth} layers: residual blocks that normalize first (He et al., 2016)."
    return standard(Architecture(f"ResNet{depth}V2", body, files, channels=2048), f"resnet{depth}v2", __name__, about)


ResNet50V2, ResNet101V2, ResNet152V2 = map(_make, _DEPTHS)
