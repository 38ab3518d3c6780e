"""Resizing and CenterCrop: bring images to a fixed size."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.engine.graph import KerasTensor
from netlet.ops.image.resizing import centre, cropped, cropped_size, standardize_interpolation
from netlet.ops.spatial.data_format import back, channels_last
from netlet.ops.spatial.windows import per_axis

from .base import BaseImagePreprocessingLayer
from .boxes import Size, moved, scaled


def resized_boxes(
    bounding_boxes: dict[str, Any], box_format: Any, old: Size, new: Size, crop: bool = False, pad: bool = False
) -> dict[str, Any]:
    """Boxes of resized images.

    Args:
        bounding_boxes: {"boxes": (N, boxes, 4), "labels": (N, boxes)}.
        box_format: their format.
        old: height and width of the images.
        new: height and width of the resized images.
        crop: whether the images were cropped to the new aspect ratio; False by default.
        pad: whether the images were padded to the new aspect ratio; False by default.

    Returns:
        A new dict.

    >>> boxes = {"boxes": ops.array([[[1.0, 1.0, 2.0, 2.0]]]), "labels": ops.array([[3]])}
    >>> resized_boxes(boxes, "xyxy", (4, 4), (8, 16))["boxes"].numpy()
    array([[[4., 2., 8., 4.]]], dtype=float32)
    """
    y, x = new[0] / old[0], new[1] / old[1]
    if pad or crop:
        y = x = min(x, y) if pad else max(x, y)
    top, left = ((size * factor - target) // 2 for size, factor, target in zip(old, (y, x), new))
    if pad:  # Keras rounds the width of the border down
        top, left = (-((target - size * factor) // 2) for size, factor, target in zip(old, (y, x), new))
    return moved(bounding_boxes, box_format, old, new, lambda b: scaled(b, x, y, left, top))


class _Sized(BaseImagePreprocessingLayer):
    """Base of layers that bring images (N, H, W, C) or one image (H, W, C) to the size height x width."""

    _USE_BASE_FACTOR = False

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = per_axis((height, width), 2, f"{type(self).__name__}: `height` and `width`")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The images' shape; nothing is random.

        Args:
            data: image, batch of images, or a dict with "images".
            training: accepted for compatibility with Keras.
            seed: accepted for compatibility with Keras.
        """
        return {"input_shape": tuple((data["images"] if isinstance(data, dict) else data).shape)}

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        return labels

    def _old_size(self, transformation: Any) -> Size:
        """Height and width of the images: from the dict above or, as in Keras's Resizing, a pair."""
        if not isinstance(transformation, dict):
            return tuple(transformation)
        shape = transformation["input_shape"]
        return tuple(shape[-3:-1] if self.data_format == "channels_last" else shape[-2:])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x: Any = args[0] if args else kwargs["data"]
        if isinstance(x, dict):
            return super().compute_output_spec(x)
        return KerasTensor(self.compute_output_shape(x.shape), self._output_dtype(x))

    def _output_dtype(self, x: Any) -> Any:
        return self.compute_dtype

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
        return {**super().get_config(), "height": self.height, "width": self.width}


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

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        self.compute_output_shape(images.shape)
        size = (self.height, self.width)
        return ops.image.resize(images, size, data_format=self.data_format, **self._arguments())

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        arguments = {**self._arguments(), "interpolation": "nearest", "antialias": False}
        size = (self.height, self.width)
        return ops.image.resize(segmentation_masks, size, data_format=self.data_format, **arguments)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Boxes of the resized images. Boxes of zeros or of -1, which stand for none, become zeros."""
        old, new = self._old_size(transformation), (self.height, self.width)
        crop, pad = self.crop_to_aspect_ratio, self.pad_to_aspect_ratio
        none = [ops.all(ops.equal(bounding_boxes["boxes"], v), axis=-1, keepdims=True) for v in (-1.0, 0.0)]
        result = resized_boxes(bounding_boxes, self.bounding_box_format, old, new, crop, pad)
        boxes = ops.where(ops.logical_or(*none), ops.cast(0.0, result["boxes"].dtype), result["boxes"])
        return {**result, "boxes": boxes}

    def _output_dtype(self, x: Any) -> Any:
        return x.dtype

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

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return self._cropped(images, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        return self._cropped(segmentation_masks, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Boxes of the cropped images, clipped to them; the label of a box that is outside becomes -1."""
        old, new = self._old_size(transformation), (self.height, self.width)
        if old[0] < new[0] or old[1] < new[1]:
            h, w = cropped_size(old, new)
            top, left = centre(old[0], h), centre(old[1], w)
            y, x = new[0] / h, new[1] / w
            return moved(
                bounding_boxes, self.bounding_box_format, old, new, lambda b: scaled(b, x, y, left * x, top * y)
            )
        top, left = (centre(a, b) for a, b in zip(old, new))
        return moved(bounding_boxes, self.bounding_box_format, old, new, lambda b: scaled(b, 1.0, 1.0, left, top))

    def _cropped(self, images: Any, interpolation: str) -> Any:
        self.compute_output_shape(images.shape)
        batched = len(images.shape) == 4
        x = channels_last(ops.cast_if_needed(images, self.compute_dtype), self.data_format, batched)
        h, w = x.shape[-3:-1]
        size = (self.height, self.width)
        if h >= self.height and w >= self.width:
            top, left = centre(h, self.height), centre(w, self.width)
            y = x[..., top : top + self.height, left : left + self.width, :]
        else:
            y = ops.image.resize(cropped(x, size), size, interpolation)
        return back(y, self.data_format, batched)
