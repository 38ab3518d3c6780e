"""Random flips and crops of images.

The layers take one image (H, W, C) or a batch (N, H, W, C), inside a model or in a data pipeline, where they are active
unless `training=False`. Random numbers are drawn separately for each image of a batch (RandomCrop: once for each
batch); they depend on the seed only, not on the number of threads. The output has the layer's float type.
"""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet.random import randint, uniform
from netlet.utils.bounding_boxes.formats import columns, join

from .boxes import moved, scaled
from .geometric import RandomGeometricLayer
from .resizing import resized_boxes


class RandomFlip(RandomGeometricLayer):
    """Mirrors each image with probability 1/2 while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        mode: "horizontal" (left to right), "vertical", or "horizontal_and_vertical": both at once (the
            default, as in Keras).
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown mode; an input that is not an image or batch of images.

    >>> import numpy as np
    >>> image = np.arange(3.0, dtype="float32").reshape(1, 3, 1)
    >>> RandomFlip("horizontal").transform_images(image, {"flips": np.array([True])})[0, :, 0].numpy()
    array([2., 1., 0.], dtype=float32)
    """

    MODES = ("horizontal", "vertical", "horizontal_and_vertical")

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if mode not in self.MODES:
            raise ValueError(f"RandomFlip: expected `mode` to be one of {self.MODES}, received {mode!r}.")
        self.mode = mode

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"flips": ops.less_equal(uniform((count,), seed=seed), 0.5)}

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        flips = ops.reshape(transformation["flips"], (images.shape[0],))
        return _core.flip_images(images, flips, self.mode != "vertical", self.mode != "horizontal")

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)  # floats, as in Keras

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        x1, y1, x2, y2 = columns(boxes)
        if self.mode != "vertical":
            x1, x2 = ops.subtract(float(width), x2), ops.subtract(float(width), x1)
        if self.mode != "horizontal":
            y1, y2 = ops.subtract(float(height), y2), ops.subtract(float(height), y1)
        return ops.where(ops.reshape(transformation["flips"], (-1, 1, 1)), join(x1, y1, x2, y2), boxes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class RandomCrop(RandomGeometricLayer):
    """Crops a window at a random position while training, the same for all images of a batch.

    Input (N, H, W, C) or (H, W, C), output (N, height, width, C) or (height, width, C). At inference, and if the image
    is smaller than the window, the largest central part with the window's aspect ratio is resized to the window's size.

    Args:
        height, width: size of the window, integers of at least 1.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        name: name of the layer; None (the default): "random_crop", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: height or width below 1.

    >>> import numpy as np
    >>> RandomCrop(2, 3)(np.ones((5, 8, 8, 1), "float32")).shape
    (5, 2, 3, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        if min(height, width) < 1:
            raise ValueError(f"RandomCrop: expected `height` and `width` of at least 1, received {height} and {width}.")
        self.height, self.width = int(height), int(width)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draws the first row and column of the window, if there is one.

        Args:
            data: image, batch of images, or a dict with "images"; only the shape is used.
            training: if False, nothing is drawn.
            seed: None (the default): the layer's seed generator.

        Returns:
            A dict; "top" and "left" are missing if the images are resized.
        """
        images = data["images"] if isinstance(data, dict) else data
        _, height, width, _ = self._sizes(data)
        drawn: dict[str, Any] = {"input_shape": tuple(images.shape)}
        if training and height >= self.height and width >= self.width:
            seed = self.seed_generator if seed is None else seed
            drawn["top"] = randint((1,), 0, height - self.height + 1, seed=seed)
            drawn["left"] = randint((1,), 0, width - self.width + 1, seed=seed)
        return drawn

    @staticmethod
    def _window(transformation: Any, training: bool) -> Any:
        """First row and column (1,) of the window, from a drawn dict or, as in Keras, a pair; None if there is none."""
        if not training or transformation is None or (isinstance(transformation, dict) and "top" not in transformation):
            return None
        pair = (transformation["top"], transformation["left"]) if isinstance(transformation, dict) else transformation
        return [ops.reshape(ops.cast(v, "int32"), (1,)) for v in pair]

    def _cropped(self, images: Any, transformation: Any, training: bool, interpolation: str) -> Any:
        images = ops.cast_if_needed(images, self.compute_dtype)
        window = self._window(transformation, training)
        if window is not None:
            return self._in_batches(lambda x: self._sample(x, window, interpolation), images)
        size = self.height, self.width
        return ops.image.resize(images, size, interpolation, crop_to_aspect_ratio=True, data_format=self.data_format)

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        top, left = transformation
        rows = ops.take(images, ops.add(ops.arange(self.height, dtype="int32"), top), axis=1)
        return ops.take(rows, ops.add(ops.arange(self.width, dtype="int32"), left), axis=2)

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        return self._cropped(images, transformation, training, "bilinear")

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self._cropped(segmentation_masks, transformation, training, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        """Boxes in the window, clipped to it; the label of a box that is outside becomes -1.

        Keras subtracts the window's first row from x and its first column from y; here each from its own.
        """
        window, old, new = self._window(transformation, training), self._size(transformation), (self.height, self.width)
        if window is None:
            return resized_boxes(bounding_boxes, self.bounding_box_format, old, new, crop=True)
        top, left = (ops.cast(v, "float32") for v in window)
        return moved(bounding_boxes, self.bounding_box_format, old, new, lambda b: scaled(b, 1.0, 1.0, left, top))

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = len(input_shape) - (3 if self.data_format == "channels_last" else 2)
        return (*input_shape[:first], self.height, self.width, *input_shape[first + 2 :])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}
