"""DenseNet: layers that see all earlier ones of their block (Huang et al., 2017, https://arxiv.org/abs/1608.06993)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .base.files import pair
from .base.network import Architecture, Options, StandardFunction, standard
from .imagenet_utils import decode_predictions, preprocessing
from .resnet import norm_relu

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_GROWTH = 32
# Layers of the four dense blocks (table 1 of the paper), with hashes of the files with and without the classifier.
_DEPTHS = {
    121: ((6, 12, 24, 16), "9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
    169: ((6, 12, 32, 32), "d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"),
    201: ((6, 12, 48, 32), "1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"),
}

preprocess_input = preprocessing("torch", __name__)


def _layer(inputs: Any, name: str) -> Any:
    """A bottleneck of 1x1 and 3x3 convolutions, whose channels are put after those of the input."""
    x = norm_relu(inputs, f"{name}_0")
    x = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(x)
    x = norm_relu(x, f"{name}_1")
    x = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(x)
    return layers.Concatenate(axis=3, name=f"{name}_concat")([inputs, x])


def _transition(x: Any, name: str) -> Any:
    """Halves channels, height and width."""
    x = norm_relu(x, name)
    x = layers.Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _body(x: Any, blocks: tuple[int, ...]) -> Any:
    x = layers.ZeroPadding2D(3)(x)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = layers.ZeroPadding2D(1)(norm_relu(x, "conv1"))
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, count in enumerate(blocks, 2):
        if stage > 2:
            x = _transition(x, f"pool{stage - 1}")
        for i in range(count):
            x = _layer(x, f"conv{stage}_block{i + 1}")
    x = layers.BatchNormalization(epsilon=1.001e-5, name="bn")(x)
    return layers.Activation("relu", name="relu")(x)


def _channels(blocks: tuple[int, ...]) -> int:
    """Channels of the features: each layer adds some, each transition halves them."""
    channels = 64
    for stage, count in enumerate(blocks):
        channels = (channels // 2 if stage else channels) + count * _GROWTH
    return channels


def _make(depth: int) -> StandardFunction:
    blocks, top, no_top = _DEPTHS[depth]

    def body(x: Any, options: Options) -> Any:
        return _body(x, blocks)

    name = f"densenet{depth}"
    files = pair(f"densenet/{name}_weights_tf_dim_ordering_tf_kernels", (".h5", top), ("_notop.h5", no_top))
    about = f"DenseNet of {depth} layers, which see all earlier ones of their block (Huang et al., 2017)."
    made = Architecture(f"DenseNet{depth}", body, files, channels=_channels(blocks))
    return standard(made, name, __name__, about)


DenseNet121, DenseNet169, DenseNet201 = map(_make, _DEPTHS)
