"""Resizing and CenterCrop: bring images to a fixed size."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.engine.graph import KerasTensor
from netlet.ops.image.resizing import centre, cropped, standardize_interpolation
from netlet.ops.spatial.data_format import back, channels_last, standardize
from netlet.ops.spatial.windows import per_axis

from ...base.layer import Layer


class _Sized(Layer):
    """Base of layers that bring images (N, H, W, C) or one image (H, W, C) to the size height x width."""

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height, self.width = per_axis((height, width), 2, f"{type(self).__name__}: `height` and `width`")
        self.data_format = standardize(data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        if len(shape) not in (3, 4):
            raise ValueError(
                f"Layer '{self.name}': expected images of rank 3 (one) or 4 (a batch), received shape {input_shape}."
            )
        first = len(shape) - (3 if self.data_format == "channels_last" else 2)
        shape[first : first + 2] = [self.height, self.width]
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        own = {"height": self.height, "width": self.width, "data_format": self.data_format}
        return {**super().get_config(), **own}


class Resizing(_Sized):
    """Resizes images to height x width.

    Input (N, H, W, C) or (H, W, C), output (N, height, width, C) or (height, width, C) of the same dtype.

    Args:
        height, width: size of the output, positive integers.
        interpolation: "bilinear" (the default), "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: whether to crop the image to the output's aspect ratio instead of distorting it; False by
            default.
        pad_to_aspect_ratio: whether to pad the image to the output's aspect ratio instead of distorting it; False by
            default.
        fill_mode: how to pad: "constant" (the default).
        fill_value: value of the padding; 0.0 by default.
        antialias: whether to average over all pixels when shrinking; False by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; an input of another rank.

    >>> import numpy as np
    >>> Resizing(2, 2)(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format, **kwargs)
        self.interpolation = standardize_interpolation(interpolation, "Resizing")
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value, self.antialias = fill_mode, fill_value, bool(antialias)

    def _arguments(self) -> dict[str, Any]:
        return {
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }

    def call(self, inputs: Any) -> Any:
        size = (self.height, self.width)
        return ops.image.resize(inputs, size, data_format=self.data_format, **self._arguments())

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        return KerasTensor(self.compute_output_shape(x.shape), x.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._arguments()}


class CenterCrop(_Sized):
    """Crops the central height x width of images. A smaller image is resized to cover that size, then cropped.

    Input (N, H, W, C) or (H, W, C), output (N, height, width, C) or (height, width, C).

    Args:
        height, width: size of the output, positive integers.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: height or width is not a positive integer; an input of another rank.

    >>> import numpy as np
    >>> CenterCrop(2, 2)(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 5.,  6.],
           [ 9., 10.]], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        batched = len(inputs.shape) == 4
        x = channels_last(ops.cast_if_needed(inputs, self.compute_dtype), self.data_format, batched)
        h, w = x.shape[-3:-1]
        if h >= self.height and w >= self.width:
            top, left = centre(h, self.height), centre(w, self.width)
            y = x[..., top : top + self.height, left : left + self.width, :]
        else:
            y = ops.image.resize(cropped(x, (self.height, self.width)), (self.height, self.width))
        return back(y, self.data_format, batched)
