"""From the arguments that all architectures share to a model: checks, input, head, weights."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from netlet import activations, layers
from netlet.engine.graph import get_source_inputs, is_keras_tensor
from netlet.models import Model

from .files import WeightFiles, local_path

Shape = tuple[Any, ...]


@dataclass(frozen=True)
class Options:
    """The arguments that all architectures share; `standard` documents them."""

    include_top: bool = True
    weights: Any = "imagenet"
    input_tensor: Any = None
    input_shape: Any = None
    pooling: str | None = None
    classes: int = 1000
    classifier_activation: Any = "softmax"
    name: str | None = None

    @property
    def pretrained(self) -> bool:
        return isinstance(self.weights, str) and self.weights == "imagenet"


Body = Callable[[Any, Options], Any]


def dense_head(x: Any, options: Options) -> Any:
    """The mean over the image, then one dense layer: the classifier of most architectures."""
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return classifier(x, options)


def classifier(x: Any, options: Options, **arguments: Any) -> Any:
    """The dense layer of the class scores."""
    activation = options.classifier_activation
    return layers.Dense(options.classes, activation=activation, name="predictions", **arguments)(x)


def named_pooling(x: Any, options: Options) -> Any:
    """Global pooling, as `options.pooling` says, in layers "avg_pool" and "max_pool"."""
    return pooled(x, options, "avg_pool", "max_pool")


def pooled(x: Any, options: Options, average: str | None = None, maximum: str | None = None) -> Any:
    """Global pooling, as `options.pooling` says, in layers of these names."""
    if options.pooling == "avg":
        return layers.GlobalAveragePooling2D(name=average)(x)
    if options.pooling == "max":
        return layers.GlobalMaxPooling2D(name=maximum)(x)
    return x


@dataclass(frozen=True)
class Architecture:
    """A network for images, without the arguments that choose its form.

    Args:
        name: of the function that makes it, such as "ResNet50".
        body: f(x, options) -> x: all layers before the head.
        files: its pretrained weights; None if the caller finds them.
        size: height and width of its images by default.
        smallest: the least height and width.
        head: f(x, options) -> x: the classifier, for `include_top=True`.
        pooling: f(x, options) -> x: what follows the body for `include_top=False`.
        fixed_size: whether the classifier needs a known height and width.
        channels: of the features that the body computes (with alpha=1.0, where there is one), for the docstring.
    """

    name: str
    body: Body
    files: WeightFiles | None = None
    size: int = 224
    smallest: int = 32
    head: Body = dense_head
    pooling: Body = named_pooling
    fixed_size: bool = True
    channels: int = 0


def build(architecture: Architecture, options: Options) -> Model:
    """Returns the model; `standard` describes arguments and errors."""
    check(architecture.name, options)
    shape = image_shape(architecture, options)
    image = layers.Input(shape) if options.input_tensor is None else options.input_tensor
    x = architecture.body(image, options)
    x = (architecture.head if options.include_top else architecture.pooling)(x, options)
    inputs = image if options.input_tensor is None else get_source_inputs(image)
    model = Model(inputs, x, name=options.name)
    if options.pretrained and architecture.files is not None:
        model.load_weights(local_path(architecture.files.chosen(options.include_top)))
    elif options.weights is not None and not options.pretrained:
        model.load_weights(options.weights)
    return model


def check(name: str, options: Options) -> None:
    """Raises ValueError for arguments that do not go together."""
    weights = options.weights
    if weights is not None and not options.pretrained and not _exists(weights):
        raise ValueError(
            f"{name}: expected None, 'imagenet' or the path of an existing file as `weights`, received {weights!r}."
        )
    if options.pretrained and options.include_top and options.classes != 1000:
        raise ValueError(
            f"{name}: expected classes=1000 with weights='imagenet' and include_top=True, received "
            f"classes={options.classes}. Use include_top=False and a Dense layer of your own for other classes."
        )
    if options.pooling not in (None, "avg", "max"):
        raise ValueError(f"{name}: expected None, 'avg' or 'max' as `pooling`, received {options.pooling!r}.")
    allowed = (activations.softmax, activations.linear)
    if options.include_top and weights is not None and activations.get(options.classifier_activation) not in allowed:
        raise ValueError(
            f"{name}: expected 'softmax' or None as `classifier_activation` with pretrained weights, received "
            f"{options.classifier_activation!r}."
        )
    if options.input_tensor is not None and not is_keras_tensor(options.input_tensor):
        raise ValueError(
            f"{name}: expected the output of Input() or of a layer as `input_tensor`, received "
            f"{type(options.input_tensor).__name__}."
        )


def _exists(weights: Any) -> bool:
    try:
        return os.path.exists(weights)
    except (TypeError, ValueError):
        return False


def image_shape(architecture: Architecture, options: Options) -> Shape:
    """The shape of the input without the batch axis.

    Raises:
        ValueError: it does not fit the architecture or its pretrained weights.

    Warns:
        UserWarning: the images have neither 1 nor 3 channels.
    """
    name, size, given = architecture.name, architecture.size, options.input_shape
    given = tuple(given) if given is not None else None
    if given and len(given) != 3:
        raise ValueError(f"{name}: expected (height, width, channels) as `input_shape`, received {given}.")
    top = options.include_top and architecture.fixed_size
    if options.pretrained and top and given is not None and given != (size, size, 3):
        raise ValueError(
            f"{name}: expected input_shape=({size}, {size}, 3) with weights='imagenet' and include_top=True, "
            f"received {given}."
        )
    if not given:
        return (size, size, 3) if top else (None, None, 3)
    height, width, channels = given
    if options.pretrained and channels != 3:
        raise ValueError(f"{name}: expected images of 3 channels with weights='imagenet', received {given}.")
    if channels not in (1, 3):
        warnings.warn(f"{name}: it is made for images of 1 or 3 channels; input_shape={given}.", stacklevel=5)
    if any(n is not None and n < architecture.smallest for n in (height, width)):
        raise ValueError(
            f"{name}: expected images of at least {architecture.smallest}x{architecture.smallest} pixels, received "
            f"input_shape={given}."
        )
    if top and None in given:
        raise ValueError(f"{name}: expected a fixed `input_shape` with include_top=True, received {given}.")
    return given


def given_size(name: str, options: Options) -> Any:
    """The height and width that the caller gives by `input_shape` or else by `input_tensor`; None for neither.

    Raises:
        ValueError: the two have different widths.
    """
    shape, tensor = options.input_shape, options.input_tensor
    if is_keras_tensor(tensor) and shape is not None and tensor.shape[2] != shape[1]:
        raise ValueError(
            f"{name}: expected `input_tensor` and `input_shape` of the same width, received {tensor.shape} and "
            f"{tuple(shape)}."
        )
    if shape:
        return shape[:2]
    return tensor.shape[1:3] if is_keras_tensor(tensor) else None


class StandardFunction(Protocol):
    """A function that makes a model from the arguments that most architectures have."""

    def __call__(
        self,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str | None = None,
    ) -> Model: ...


def standard(architecture: Architecture, name: str, module: str, about: str) -> StandardFunction:
    """Returns the public function of an architecture.

    Args:
        architecture: its layers.
        name: the default name of the model.
        module: where the function is public.
        about: first line of its docstring.
    """
    default = name

    def function(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str | None = default,
    ) -> Model:
        return build(
            architecture,
            Options(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name),
        )

    return published(function, architecture, module, about)


def published(function: Any, architecture: Architecture, module: str, about: str, extra: str = "") -> Any:
    """Gives a function the name, module and docstring of its architecture.

    Args:
        function: it, with the arguments that all architectures have and those of `extra`.
        architecture: gives its name and sizes.
        module: where it is public.
        about: first line of the docstring.
        extra: lines about arguments of its own.
    """
    function.__name__ = function.__qualname__ = architecture.name
    function.__module__ = module
    function.__doc__ = about + _DESCRIPTION.format(
        name=architecture.name,
        size=architecture.size,
        least=architecture.smallest,
        channels=architecture.channels,
        module=module,
        extra=extra,
    )
    return function


_DESCRIPTION = """

    Inputs are images (N, height, width, channels) whose pixels in [0, 255] were scaled by
    `{module}.preprocess_input`.

    Args:
        include_top: whether the model ends in the classifier; True by default.
        weights: None for random ones, the path of a file (`.weights.h5`, `.h5`, `.keras` or `.netlet` weights), or
            "imagenet" (the default) for Keras's pretrained ones, which are downloaded once (`pip install
            'netlet[datasets,h5]'`).
        input_tensor: output of `Input` or of a layer, to which the model is applied; None (the default) for a new
            input.
        input_shape: (height, width, channels) of the images; None (the default): ({size}, {size}, 3), and without the
            classifier any height and width of at least {least}.
        pooling: what follows the body when `include_top` is False: None (the default) for nothing, so that the output
            is an image of features, or "avg" or "max" over the image.
        classes: number of classes; 1000 by default, which "imagenet" needs.
        classifier_activation: of the classifier; "softmax" by default, None for logits.
        name: of the model; by default a name of the architecture.{extra}

    Returns:
        A functional Model with Keras's layer names and order of weights. Its outputs are (N, classes); without the
        classifier features (N, h, w, {channels}), or (N, {channels}) with `pooling`.

    Raises:
        ValueError: arguments that do not go together, or a file whose weights do not fit.
        ConnectionError: the weights cannot be downloaded.

    Source: Keras 3, `keras.applications.{name}`.

    >>> from netlet.applications import {name}
    >>> model = {name}(weights=None, include_top=False, input_shape=(96, 96, 3), pooling="avg")
    >>> model.output_shape
    (None, {channels})
"""
