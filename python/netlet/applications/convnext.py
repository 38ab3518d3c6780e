"""ConvNeXt: a convolutional network built like a vision transformer (Liu et al., 2022).

https://arxiv.org/abs/2201.03545
"""

from __future__ import annotations

from typing import Any

from netlet import layers
from netlet.models import Model, Sequential

from .base.files import pair
from .base.network import Architecture, Options, build, pooled, published
from .base.own_layers import LayerScale
from .imagenet_utils import decode_predictions, preprocessing

__all__ = [
    *(f"ConvNeXt{size}" for size in ("Base", "Large", "Small", "Tiny", "XLarge")),
    "decode_predictions",
    "preprocess_input",
]

# {variant: (blocks of the four stages, channels of the first, hashes of the files with and without the classifier)}.
_VARIANTS = {
    "Tiny": (
        *((3, 3, 9, 3), 96),
        "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
    "Small": (
        *((3, 3, 27, 3), 96),
        "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
        "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    ),
    "Base": (
        *((3, 3, 27, 3), 128),
        "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
        "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
    ),
    "Large": (
        *((3, 3, 27, 3), 192),
        "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
        "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
    ),
    "XLarge": (
        *((3, 3, 27, 3), 256),
        "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
        "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
    ),
}

preprocess_input = preprocessing(None, __name__)


def _norm(name: str | None = None) -> Any:
    return layers.LayerNormalization(epsilon=1e-6, name=name)


def _block(inputs: Any, channels: int, name: str) -> Any:
    x = layers.Conv2D(channels, 7, padding="same", groups=channels, name=f"{name}_depthwise_conv")(inputs)
    x = _norm(f"{name}_layernorm")(x)
    x = layers.Dense(4 * channels, name=f"{name}_pointwise_conv_1")(x)
    x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    x = layers.Dense(channels, name=f"{name}_pointwise_conv_2")(x)
    x = LayerScale(1e-6, channels, name=f"{name}_layer_scale")(x)
    return inputs + layers.Activation("linear", name=f"{name}_identity")(x)


def _downsampling(stage: int, channels: int, name: str) -> Sequential:
    """Patches of 4x4 pixels as vectors, later 2x2 of them as one."""
    if stage == 0:
        conv = layers.Conv2D(channels, 4, strides=4, name=f"{name}_stem_conv")
        return Sequential([conv, _norm(f"{name}_stem_layernorm")], name=f"{name}_stem")
    norm = _norm(f"{name}_downsampling_layernorm_{stage - 1}")
    conv = layers.Conv2D(channels, 2, strides=2, name=f"{name}_downsampling_conv_{stage - 1}")
    return Sequential([norm, conv], name=f"{name}_downsampling_block_{stage - 1}")


def _preprocessed(x: Any, name: str) -> Any:
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return layers.Normalization(
        mean=[m * 255 for m in mean], variance=[(d * 255) ** 2 for d in deviation], name=f"{name}_prestem_normalization"
    )(x)


def _body(x: Any, blocks: tuple[int, ...], channels: int, name: str) -> Any:
    for stage, count in enumerate(blocks):
        width = channels << stage
        x = _downsampling(stage, width, name)(x)
        for i in range(count):
            x = _block(x, width, f"{name}_stage_{stage}_block_{i}")
    return x


def _head(x: Any, options: Options) -> Any:
    x = layers.GlobalAveragePooling2D(name=f"{options.name}_head_gap")(x)
    x = _norm(f"{options.name}_head_layernorm")(x)
    activation = options.classifier_activation
    return layers.Dense(options.classes, activation=activation, name=f"{options.name}_head_dense")(x)


def _features(x: Any, options: Options) -> Any:
    return _norm()(pooled(x, options))


def _make(variant: str) -> Any:
    blocks, channels, top, no_top = _VARIANTS[variant]
    function_name, default = f"ConvNeXt{variant}", f"convnext_{variant.lower()}"
    files = pair(f"convnext/{default}", (".h5", top), ("_notop.h5", no_top))

    def architecture(include_preprocessing: bool) -> Architecture:
        def body(x: Any, options: Options) -> Any:
            name = str(options.name)
            if include_preprocessing and x.shape[-1] == 3:
                x = _preprocessed(x, name)
            return _body(x, blocks, channels, name)

        return Architecture(function_name, body, files, head=_head, pooling=_features, channels=channels << 3)

    def function(
        include_top: bool = True,
        include_preprocessing: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = default,
    ) -> Model:
        return build(
            architecture(include_preprocessing),
            Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name),
        )

    about = f"{function_name}: a convolutional network built like a vision transformer (Liu et al., 2022)."
    extra = """
        include_preprocessing: whether the first layer normalizes pixels in [0, 255]; True by default."""
    return published(function, architecture(True), __name__, about, extra)


ConvNeXtTiny, ConvNeXtSmall, ConvNeXtBase, ConvNeXtLarge, ConvNeXtXLarge = map(_make, _VARIANTS)
