"""NASNet: cells found by search (Zoph et al., 2018, https://arxiv.org/abs/1707.07012)."""

from __future__ import annotations

from typing import Any

from netlet import layers
from netlet.models import Model

from .base.files import WeightFiles, pair
from .base.network import Architecture, Options, build, classifier, pooled, published
from .base.parts import padding_of_stride_2
from .imagenet_utils import decode_predictions, preprocessing

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]

preprocess_input = preprocessing("tf", __name__)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9997, epsilon=1e-3, name=name)(x)


def _conv1x1(x: Any, channels: int, name: str) -> Any:
    return layers.Conv2D(channels, 1, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)


def _separable(x: Any, channels: int, kernel: int, name: str, stride: int = 1) -> Any:
    """relu, separable convolution and normalization, twice; the stride is that of the first."""
    x = layers.Activation("relu")(x)
    if stride == 2:
        x = layers.ZeroPadding2D(padding_of_stride_2(x, kernel), name=f"separable_conv_1_pad_{name}")(x)
    for i in (1, 2):
        x = layers.Activation("relu")(x) if i == 2 else x
        x = layers.SeparableConv2D(
            channels,
            kernel,
            strides=stride if i == 1 else 1,
            padding="valid" if i == 1 and stride == 2 else "same",
            use_bias=False,
            name=f"separable_conv_{i}_{name}",
        )(x)
        x = _norm(x, f"separable_conv_{i}_bn_{name}")
    return x


def _adjusted(previous: Any, x: Any, channels: int, cell: str) -> Any:
    """The output of the cell before the last one, in height, width and channels that the cell can use."""
    if previous is None:
        return x
    if previous.shape[-2] != x.shape[-2]:
        previous = layers.Activation("relu", name=f"adjust_relu_1_{cell}")(previous)
        shifted = layers.ZeroPadding2D(((0, 1), (0, 1)))
        halves = [previous, (shifted, layers.Cropping2D(((1, 0), (1, 0))))]
        ends = []
        for i, half in enumerate(halves, 1):
            end = half if i == 1 else half[1](half[0](previous))
            end = layers.AveragePooling2D(1, strides=2, name=f"adjust_avg_pool_{i}_{cell}")(end)
            ends.append(_conv1x1(end, channels // 2, f"adjust_conv_{i}_{cell}"))
        return _norm(layers.concatenate(ends), f"adjust_bn_{cell}")
    if previous.shape[-1] != channels:
        previous = layers.Activation("relu")(previous)
        previous = _conv1x1(previous, channels, f"adjust_conv_projection_{cell}")
        return _norm(previous, f"adjust_bn_{cell}")
    return previous


def _squeezed(x: Any, channels: int, kind: str, cell: str) -> Any:
    """The input of a cell: relu, 1x1 convolution, normalization."""
    x = _conv1x1(layers.Activation("relu")(x), channels, f"{kind}_conv_1_{cell}")
    return _norm(x, f"{kind}_bn_1_{cell}")


def _normal_cell(x: Any, previous: Any, channels: int, cell: str) -> tuple[Any, Any]:
    """Figure 4 of the paper, left. Returns its output and its input, the next cell's `previous`."""

    def separable(y: Any, kernel: int, place: str) -> Any:
        return _separable(y, channels, kernel, f"normal_{place}_{cell}")

    def average(y: Any, place: str) -> Any:
        return layers.AveragePooling2D(3, strides=1, padding="same", name=f"normal_{place}_{cell}")(y)

    def add(number: int, *terms: Any) -> Any:
        return layers.add(list(terms), name=f"normal_add_{number}_{cell}")

    p = _adjusted(previous, x, channels, cell)
    h = _squeezed(x, channels, "normal", cell)
    ends = [
        p,
        add(1, separable(h, 5, "left1"), separable(p, 3, "right1")),
        add(2, separable(p, 5, "left2"), separable(p, 3, "right2")),
        add(3, average(h, "left3"), p),
        add(4, average(p, "left4"), average(p, "right4")),
        add(5, separable(h, 3, "left5"), h),
    ]
    return layers.concatenate(ends, name=f"normal_concat_{cell}"), x


def _reduction_cell(x: Any, previous: Any, channels: int, cell: str) -> tuple[Any, Any]:
    """Figure 4 of the paper, right: halves height and width."""

    def separable(y: Any, kernel: int, place: str) -> Any:
        return _separable(y, channels, kernel, f"reduction_{place}_{cell}", stride=2)

    def pool(layer: Any, place: str) -> Any:
        return layer(3, strides=2, name=f"reduction_{place}_{cell}")(padded)

    def add(name: str, *terms: Any) -> Any:
        return layers.add(list(terms), name=f"reduction_{name}_{cell}")

    p = _adjusted(previous, x, channels, cell)
    h = _squeezed(x, channels, "reduction", cell)
    padded = layers.ZeroPadding2D(padding_of_stride_2(h, 3), name=f"reduction_pad_1_{cell}")(h)
    one = add("add_1", separable(h, 5, "left1"), separable(p, 7, "right1"))
    two = add("add_2", pool(layers.MaxPooling2D, "left2"), separable(p, 7, "right2"))
    three = add("add3", pool(layers.AveragePooling2D, "left3"), separable(p, 5, "right3"))
    four = layers.AveragePooling2D(3, strides=1, padding="same", name=f"reduction_left4_{cell}")(one)
    four = layers.add([two, four])
    five = _separable(one, channels, 3, f"reduction_left4_{cell}")
    five = add("add4", five, pool(layers.MaxPooling2D, "right5"))
    return layers.concatenate([two, three, four, five], name=f"reduction_concat_{cell}"), x


def _body(x: Any, stem: int, channels: int, cells: int, skip: bool) -> Any:
    """
    Args:
        x: images.
        stem: channels of the first convolution.
        channels: of the first normal cells; doubled at each reduction.
        cells: normal cells of each of the three stages.
        skip: whether the cell after a reduction sees the cell before it in place of the reduction's input.
    """
    x = layers.Conv2D(stem, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="stem_conv1")(x)
    x, previous = _norm(x, "stem_bn1"), None
    x, previous = _reduction_cell(x, previous, channels // 4, "stem_1")
    x, previous = _reduction_cell(x, previous, channels // 2, "stem_2")
    for stage in range(3):
        width = channels << stage
        if stage:
            x, before = _reduction_cell(x, previous, width, f"reduce_{stage * cells}")
            previous = previous if skip else before
        for i in range(cells):
            x, previous = _normal_cell(x, previous, width, f"{stage * cells + i + bool(stage)}")
    return layers.Activation("relu")(x)


def _head(x: Any, options: Options) -> Any:
    return classifier(layers.GlobalAveragePooling2D()(x), options)


def _files(name: str, top: str, no_top: str) -> WeightFiles:
    return pair(f"nasnet/NASNet-{name}", (".h5", top), ("-no-top.h5", no_top))


def _architecture(name: str, size: int, body: tuple[int, int, int, bool], files: WeightFiles) -> Architecture:
    channels = 6 * (body[1] << 2)  # a cell of the last stage has six ends
    return Architecture(name, lambda x, _: _body(x, *body), files, size, head=_head, pooling=pooled, channels=channels)


_MOBILE = _architecture(
    *("NASNetMobile", 224, (32, 44, 4, False)),
    _files("mobile", "020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"),
)
_LARGE = _architecture(
    *("NASNetLarge", 331, (96, 168, 6, True)),
    _files("large", "11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"),
)


def NASNetMobile(
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "nasnet_mobile",
) -> Model:
    if not include_top and input_shape is None:
        input_shape = (224, 224, 3)
    return _model(
        _MOBILE,
        Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name),
    )


def NASNetLarge(
    input_shape: Any = None,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "nasnet_large",
) -> Model:
    return _model(
        _LARGE,
        Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name),
    )


def _model(architecture: Architecture, options: Options) -> Model:
    if options.pretrained and options.input_shape is not None and None in options.input_shape:
        raise ValueError(
            f"{architecture.name}: expected a fixed `input_shape` with weights='imagenet', received "
            f"{tuple(options.input_shape)}."
        )
    return build(architecture, options)


for _function, _which in ((NASNetMobile, _MOBILE), (NASNetLarge, _LARGE)):
    published(_function, _which, __name__, f"{_which.name}: cells found by search (Zoph et al., 2018).")
