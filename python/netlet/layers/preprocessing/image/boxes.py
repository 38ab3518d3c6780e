"""What image layers do with bounding boxes, and MaxNumBoundingBoxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import ops
from netlet.utils.bounding_boxes import clip_to_image_size, convert_format
from netlet.utils.bounding_boxes.formats import columns, join

from .base import BaseImagePreprocessingLayer

Size = tuple[Any, Any]  # height, width


def moved(
    bounding_boxes: dict[str, Any], box_format: Any, old: Size, new: Size, move: Callable[[Any], Any]
) -> dict[str, Any]:
    """Boxes that `move` maps from images of size `old` to images of size `new`, to which they are clipped.

    Args:
        bounding_boxes: {"boxes": (N, boxes, 4), "labels": (N, boxes)}. Labels of boxes that are outside become -1.
        box_format: their format.
        old: height and width of the images.
        new: height and width of the result's images.
        move: a function of boxes (N, boxes, 4) in "xyxy".

    Returns:
        A new dict.

    >>> boxes = {"boxes": ops.array([[[1.0, 1.0, 2.0, 2.0]]]), "labels": ops.array([[3]])}
    >>> moved(boxes, "xyxy", (4, 4), (4, 4), lambda b: b + 10)["labels"].tolist()
    [[-1]]
    """
    boxes = convert_format(bounding_boxes, box_format, "xyxy", *old)
    clipped = clip_to_image_size({**boxes, "boxes": move(boxes["boxes"])}, *new)
    return convert_format(clipped, "xyxy", box_format, *new)


def scaled(boxes: Any, x: Any, y: Any, left: Any = 0, top: Any = 0) -> Any:
    """Boxes times (x, y), less (left, top).

    Args:
        boxes: (..., 4) in "xyxy".
        x: factor along x.
        y: factor along y.
        left: distance along x.
        top: distance along y.

    Returns:
        Tensor of the boxes' shape.

    >>> scaled(ops.array([[1.0, 2.0, 3.0, 4.0]]), 2.0, 1.0, top=1.0).numpy()
    array([[2., 1., 6., 3.]], dtype=float32)
    """
    x1, y1, x2, y2 = columns(boxes)
    x1, x2 = (ops.subtract(ops.multiply(v, x), left) for v in (x1, x2))
    y1, y2 = (ops.subtract(ops.multiply(v, y), top) for v in (y1, y2))
    return join(x1, y1, x2, y2)


class MaxNumBoundingBoxes(BaseImagePreprocessingLayer):
    """Brings the bounding boxes of a dict to one number for each image, by cutting or padding.

    Input: a dict with "images" (N, H, W, C) and "bounding_boxes" {"boxes": (N, boxes, 4), "labels": (N, boxes)}, or
    both without the batch axis; output: the same with max_number boxes. Other entries pass unchanged.

    Args:
        max_number: number of boxes of each image in the output, an integer of at least 0.
        fill_value: value of boxes and labels that are added; -1 by default.
        **kwargs: `bounding_box_format`, `data_format` and the arguments of `Layer`.

    Raises:
        ValueError: max_number is negative; when called: boxes without a `bounding_box_format`, or of another form.

    Source: Keras 3, `keras.layers.MaxNumBoundingBoxes`.

    >>> import numpy as np
    >>> boxes = {"boxes": np.ones((1, 2, 4), "float32"), "labels": np.array([[1, 2]])}
    >>> layer = MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> layer({"images": np.zeros((1, 4, 4, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].numpy()
    array([[ 1,  2, -1]])
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)
        if self.max_number < 0:
            raise ValueError(f"MaxNumBoundingBoxes: expected `max_number` of at least 0, received {max_number}.")

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return images

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        return labels

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        return segmentation_masks

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        def brought(x: Any) -> Any:
            missing = max(self.max_number - x.shape[1], 0)
            x = ops.convert_to_tensor(x)[:, : self.max_number]
            width = [[0, 0], [0, missing], *[[0, 0]] * (len(x.shape) - 2)]
            return ops.pad(x, width, constant_values=self.fill_value) if missing else x

        return {**bounding_boxes, **{key: brought(bounding_boxes[key]) for key in ("boxes", "labels")}}

    def get_config(self) -> dict[str, Any]:
        config = {k: v for k, v in super().get_config().items() if k != "factor"}
        return {**config, "max_number": self.max_number, "fill_value": self.fill_value}
