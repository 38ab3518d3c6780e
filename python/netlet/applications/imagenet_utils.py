"""Images into the form that networks for ImageNet were trained on, and class scores into names."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import config, ops

from .base.files import RemoteFile, local_path

__all__ = ["decode_predictions", "preprocess_input"]

CLASS_INDEX = RemoteFile(
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "c2c37ea517e94d9795004a39431a14cb",
)
_MODES = ("caffe", "tf", "torch")
_BGR_MEAN = (103.939, 116.779, 123.68)
_RGB_MEAN, _RGB_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Scales images of pixels in [0, 255] as the networks for ImageNet expect them.

    Args:
        x: images (..., H, W, 3), an array or a tensor, also a symbolic one. It is not changed, whereas Keras writes to
            float arrays.
        data_format: "channels_last" or "channels_first" (..., 3, H, W); None (the default):
            `config.image_data_format()`.
        mode: "caffe" (the default): RGB becomes BGR and the mean of ImageNet is subtracted. "tf": pixels in [-1, 1].
            "torch": pixels in [0, 1], then the mean is subtracted and the result divided by the standard deviation of
            ImageNet.

    Returns:
        The scaled images; float32, or the floating type of x.

    Raises:
        ValueError: unknown mode or data_format, or the axis of channels has not 3 entries.

    Source: Keras 3, `keras.applications.imagenet_utils.preprocess_input`.

    >>> preprocess_input(np.full((1, 1, 3), 255.0), mode="tf")
    array([[[1., 1., 1.]]])
    """
    if mode not in _MODES:
        raise ValueError(f"preprocess_input: expected 'caffe', 'tf' or 'torch' as `mode`, received {mode!r}.")
    data_format = config.image_data_format() if data_format is None else data_format
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            "preprocess_input: expected 'channels_last' or 'channels_first' as `data_format`, received "
            f"{data_format!r}."
        )
    array = isinstance(x, (np.ndarray, list, tuple))
    if array:
        x = np.asarray(x)
        x = x if np.issubdtype(x.dtype, np.floating) else x.astype(config.floatx())
    elif not hasattr(x, "shape"):
        raise ValueError(f"preprocess_input: expected images, received {type(x).__name__}.")
    elif "float" not in str(x.dtype):
        x = ops.cast(x, config.floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    axis = -1 if data_format == "channels_last" else -3
    if len(x.shape) < 3 or x.shape[axis] != 3:
        raise ValueError(
            f"preprocess_input: expected images of 3 channels on axis {axis}, received shape {tuple(x.shape)}."
        )
    shape = (3,) if axis == -1 else (3, 1, 1)

    def constant(values: tuple[float, ...]) -> Any:
        return np.asarray(values, str(x.dtype) if array else config.floatx()).reshape(shape)

    if mode == "caffe":
        return (np.flip(x, axis) if array else ops.flip(x, axis)) - constant(_BGR_MEAN)
    return (x / 255.0 - constant(_RGB_MEAN)) / constant(_RGB_STD)


def preprocessing(mode: str | None, module: str) -> Callable[..., Any]:
    """The function `preprocess_input` of an architecture.

    Args:
        mode: of `preprocess_input`; None for networks that scale their input themselves.
        module: where the function is public.
    """

    def function(x: Any, data_format: str | None = None) -> Any:
        return x if mode is None else preprocess_input(x, data_format, mode)

    function.__name__ = function.__qualname__ = "preprocess_input"
    function.__module__ = module
    first, scaling, result = _SCALINGS[mode]
    function.__doc__ = first + _PREPROCESSING.format(scaling=scaling, result=result, module=module)
    return function


_SCALINGS = {  # mode: first line of the docstring, what becomes of a pixel, the result for a white pixel
    None: (
        "Returns images unchanged: the network has layers that scale pixels in [0, 255].",
        "Keras's networks have a function of this name each, so that programs can call it for any network.",
        "[255.0, 255.0, 255.0]",
    ),
    "caffe": (
        "Scales images as this network was trained with them: RGB becomes BGR, and the mean of ImageNet is subtracted.",
        "It is `imagenet_utils.preprocess_input` with mode='caffe'.",
        "[151.06, 138.22, 131.32]",
    ),
    "tf": (
        "Scales images as this network was trained with them: pixels in [0, 255] become numbers in [-1, 1].",
        "It is `imagenet_utils.preprocess_input` with mode='tf'.",
        "[1.0, 1.0, 1.0]",
    ),
    "torch": (
        "Scales images as this network was trained with them: to mean 0 and variance 1 over ImageNet, by channel.",
        "It is `imagenet_utils.preprocess_input` with mode='torch'.",
        "[2.25, 2.43, 2.64]",
    ),
}

_PREPROCESSING = """

    {scaling}

    Args:
        x: images (..., H, W, 3) of pixels in [0, 255], an array or a tensor, also a symbolic one. It is not changed.
        data_format: "channels_last" or "channels_first" (..., 3, H, W); None (the default):
            `config.image_data_format()`.

    Returns:
        Images of x's shape.

    Raises:
        ValueError: where x is scaled: unknown data_format, or the axis of channels has not 3 entries.

    Source: Keras 3, `keras.applications.imagenet_utils.preprocess_input`.

    >>> import numpy as np
    >>> from {module} import preprocess_input
    >>> preprocess_input(np.full((1, 1, 3), 255.0)).round(2).ravel().tolist()
    {result}
"""


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, Any]]]:
    """Returns the names of the likeliest of ImageNet's classes for each image.

    Args:
        preds: scores (N, 1000), an array or a tensor.
        top: how many classes; 5 by default.

    Returns:
        For each image a list of (WordNet id, name, score), the highest score first. The names are read from
        `imagenet_class_index.json` in the cache folder, Keras's or netlet's, which is downloaded once.

    Raises:
        ValueError: `preds` has another shape.
        ConnectionError: the names are not there and cannot be downloaded.

    Source: Keras 3, `keras.applications.imagenet_utils.decode_predictions`.

    >>> decode_predictions(np.zeros((1, 10)))
    Traceback (most recent call last):
        ...
    ValueError: decode_predictions: expected scores of shape (N, 1000), received (1, 10).
    >>> decode_predictions(model.predict(images), top=1)  # doctest: +SKIP
    [[('n02124075', 'Egyptian_cat', 0.93)]]
    """
    shape = tuple(getattr(preds, "shape", np.shape(preds)))
    if len(shape) != 2 or shape[1] != 1000:
        raise ValueError(f"decode_predictions: expected scores of shape (N, 1000), received {shape}.")
    scores, names = np.asarray(preds), _class_index()
    order = np.argsort(scores, axis=1)[:, ::-1][:, :top]
    return [
        sorted(((*names[i], row[i]) for i in best), key=lambda entry: entry[2], reverse=True)
        for row, best in zip(scores, order, strict=True)
    ]


@functools.cache
def _class_index() -> list[tuple[str, str]]:
    with open(local_path(CLASS_INDEX), encoding="utf-8") as file:
        found = json.load(file)
    return [(found[str(i)][0], found[str(i)][1]) for i in range(1000)]
