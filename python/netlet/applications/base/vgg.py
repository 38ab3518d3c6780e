"""VGG: stacks of 3x3 convolutions (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

from __future__ import annotations

from typing import Any

from netlet import layers

from .files import pair
from .network import Architecture, Options, StandardFunction, classifier, pooled, standard

_CHANNELS = (64, 128, 256, 512, 512)


def vgg(depth: int, repeats: tuple[int, ...], top: str, no_top: str, module: str) -> StandardFunction:
    """The function that makes a VGG.

    Args:
        depth: its number of layers with weights.
        repeats: convolutions of each of the five blocks.
        top, no_top: hashes of the files with and without the classifier.
        module: where the function is public.
    """

    def body(x: Any, options: Options) -> Any:
        for block, (count, channels) in enumerate(zip(repeats, _CHANNELS, strict=True), 1):
            for i in range(count):
                name = f"block{block}_conv{i + 1}"
                x = layers.Conv2D(channels, 3, activation="relu", padding="same", name=name)(x)
            x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
        return x

    name = f"vgg{depth}"
    files = pair(f"{name}/{name}_weights_tf_dim_ordering_tf_kernels", (".h5", top), ("_notop.h5", no_top))
    architecture = Architecture(f"VGG{depth}", body, files, head=_head, pooling=pooled, channels=512)
    about = f"VGG of {depth} layers: stacks of 3x3 convolutions (Simonyan and Zisserman, 2014)."
    return standard(architecture, name, module, about)


def _head(x: Any, options: Options) -> Any:
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, activation="relu", name="fc1")(x)
    x = layers.Dense(4096, activation="relu", name="fc2")(x)
    return classifier(x, options)
