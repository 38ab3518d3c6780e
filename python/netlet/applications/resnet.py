"""ResNet: residual blocks with bottlenecks (He et al., 2015, https://arxiv.org/abs/1512.03385)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, StandardFunction, standard
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]

# Blocks of the stages conv2 to conv5 (table 1 of the paper), with hashes of the files with and without the classifier.
_DEPTHS = {
    50: ((3, 4, 6, 3), "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
    101: ((3, 4, 23, 3), "f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"),
    152: ((3, 8, 36, 3), "100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
}

preprocess_input = preprocessing("caffe", __name__)


def norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1.001e-5, name=name)(x)


def norm_relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_relu")(norm(x, f"{name}_bn"))


def stem(x: Any, normalized: bool) -> Any:
    """7x7 convolution and max pooling, each of stride 2 with zeros around the image."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    if normalized:
        x = norm_relu(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _block(inputs: Any, name: str, channels: int, stride: int, projected: bool) -> Any:
    shortcut = inputs
    if projected:
        shortcut = layers.Conv2D(4 * channels, 1, strides=stride, name=f"{name}_0_conv")(inputs)
        shortcut = norm(shortcut, f"{name}_0_bn")
    x = layers.Conv2D(channels, 1, strides=stride, name=f"{name}_1_conv")(inputs)
    x = norm_relu(x, f"{name}_1")
    x = layers.Conv2D(channels, 3, padding="same", name=f"{name}_2_conv")(x)
    x = norm_relu(x, f"{name}_2")
    x = layers.Conv2D(4 * channels, 1, name=f"{name}_3_conv")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, norm(x, f"{name}_3_bn")])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _body(x: Any, blocks: tuple[int, ...]) -> Any:
    x = stem(x, normalized=True)
    for stage, count in enumerate(blocks, 2):
        for i in range(count):
            stride = 2 if i == 0 and stage > 2 else 1
            x = _block(x, f"conv{stage}_block{i + 1}", 64 << (stage - 2), stride, i == 0)
    return x


def _make(depth: int) -> StandardFunction:
    blocks, top, no_top = _DEPTHS[depth]

    def body(x: Any, options: Options) -> Any:
        return _body(x, blocks)

    rest = "_weights_tf_dim_ordering_tf_kernels"
    files = pair(f"resnet/resnet{depth}{rest}", (".h5", top), ("_notop.h5", no_top))
    about = f"ResNet of {depth} layers: residual blocks with bottlenecks (He et al., 2015)."
    return standard(Architecture(f"ResNet{depth}", body, files, channels=2048), f"resnet{depth}", __name__, about)


ResNet50, ResNet101, ResNet152 = map(_make, _DEPTHS)
