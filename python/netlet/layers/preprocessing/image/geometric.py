"""Base of random layers that move pixels: they move bounding boxes and masks too."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .boxes import moved
from .random_base import RandomImageLayer


class RandomGeometricLayer(RandomImageLayer):
    """Base of random layers that move pixels. A subclass maps boxes in `_move` and masks like images, in `_transform`.

    Args:
        **kwargs: the arguments of `RandomImageLayer`.
    """

    interpolation = "nearest"

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        drawn = super().get_random_transformation(data, training, seed)
        if isinstance(drawn, dict):
            images = data["images"] if isinstance(data, dict) else data
            drawn["input_shape"] = tuple(images.shape)
        return drawn

    def _size(self, transformation: Any) -> tuple[int, int]:
        """Height and width of the images that a transformation was drawn for."""
        if "input_shape" not in transformation:
            return transformation["image_height"], transformation["image_width"]
        shape = transformation["input_shape"]
        return tuple(shape[-3:-1]) if self.data_format == "channels_last" else tuple(shape[-2:])

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        """Maps boxes (N, boxes, 4) in "xyxy" like `_transform` maps images."""
        raise NotImplementedError(f"{type(self).__name__} cannot transform bounding boxes.")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Boxes around what was in the boxes, clipped to the image; the label of a box that is outside becomes -1.

        Args:
            bounding_boxes: {"boxes": (N, boxes, 4), "labels": (N, boxes)} in the layer's `bounding_box_format`.
            transformation: from `get_random_transformation`.
            training: if False, the boxes are returned unchanged.
        """
        if not training or transformation is None:
            return bounding_boxes
        size = self._size(transformation)
        return moved(
            bounding_boxes, self.bounding_box_format, size, size, lambda b: self._move(b, transformation, *size)
        )

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        """Masks under the images' transformation, by the nearest pixels.

        Args:
            segmentation_masks: (N, H, W, C), in the layer's data format.
            transformation: from `get_random_transformation`.
            training: if False, the masks are returned unchanged.
        """
        if not training or transformation is None:
            return segmentation_masks
        return self._in_batches(lambda x: self._sample(x, transformation, "nearest"), segmentation_masks)

    def _transform(self, images: Any, transformation: Any) -> Any:
        return self._sample(images, transformation, self.interpolation)

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        """Transforms images or masks (N, H, W, C) of any dtype."""
        raise NotImplementedError


def checked_names(layer: Any, **names: tuple[str, tuple[str, ...]]) -> None:
    """Raises NotImplementedError, as Keras does, if an argument is not one of its known names."""
    for name, (given, known) in names.items():
        if given not in known:
            raise NotImplementedError(f"{type(layer).__name__}: expected `{name}` in {known}, received {given!r}.")


def happening(flags: Any, matrix: Any, identity: Any) -> Any:
    """Matrices (N, 8) where flags (N,) are set, elsewhere the identity."""
    return ops.where(ops.reshape(flags, (-1, 1)), matrix, identity)
