"""Bases of random image layers: one draw for a whole batch, by ops of the recorded step."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.image.affine import batched
from netlet.ops.spatial.data_format import back, channels_last
from netlet.random import SeedGenerator, uniform

from .base import BaseImagePreprocessingLayer
from .factors import pair

_UNSET = object()


class RandomImageLayer(BaseImagePreprocessingLayer):
    """Base of random image layers. A subclass draws the random numbers in `_draw` and applies them in `_transform`.

    Labels pass unchanged; masks are transformed like images unless a subclass overrides that.

    Args:
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `BaseImagePreprocessingLayer`.
    """

    _USE_BASE_FACTOR = False

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        """Draws for `count` images."""
        return {}

    def _transform(self, images: Any, transformation: Any) -> Any:
        """Applies the transformation to images (N, H, W, C) of the layer's compute dtype."""
        raise NotImplementedError

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Draws the random numbers for the `transform_` methods.

        Args:
            data: image, batch of images, or a dict with "images"; only the shape is used.
            training: if False, nothing is drawn.
            seed: None (the default): the layer's seed generator.

        Returns:
            The random numbers, or None if not training.
        """
        if not training:
            return None
        n, height, width, _ = self._sizes(data)
        return self._draw(n, height, width, self.seed_generator if seed is None else seed)

    def _sizes(self, data: Any) -> tuple[int, int, int, int]:
        """(N, H, W, C) of the images in `data`; N is 1 for one image."""
        shape = tuple((data["images"] if isinstance(data, dict) else data).shape)
        n, *rest = shape if len(shape) == 4 else (1, *shape)
        height, width, channels = rest if self.data_format == "channels_last" else (*rest[1:], rest[0])
        return n, height, width, channels

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """Applies given random numbers to images.

        Args:
            images: (N, H, W, C) or (H, W, C).
            transformation: from `get_random_transformation`.
            training: if False, the images are only cast to the layer's float type.
        """
        images = ops.cast_if_needed(images, self.compute_dtype)
        return self._in_batches(lambda x: self._transform(x, transformation), images) if training else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels

    def _in_batches(self, fn: Any, images: Any) -> Any:
        x, single = batched(images, type(self).__name__)
        y = back(fn(channels_last(x, self.data_format)), self.data_format)
        return ops.reshape(y, y.shape[1:]) if single else y

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}

    def _uniform(self, shape: Any, bounds: tuple[float, float], seed: Any) -> Any:
        return uniform(shape, *bounds, dtype=self.compute_dtype, seed=seed)

    def _happens(self, count: int, seed: Any) -> Any:
        """Draws (count,) booleans, each True with a probability that is itself uniform in `factor`."""
        probability = uniform((count,), *self.factor, seed=seed)
        return ops.less(uniform((count,), seed=seed), probability)


class RandomColorLayer(RandomImageLayer):
    """Base of random layers that change values, not places: labels, bounding boxes and masks pass unchanged.

    Args:
        factor: interval within `_FACTOR_BOUNDS`: a pair, or one number f for (-f, f), clipped to the bounds; unset: a
            class without factor.
        value_range: smallest and largest value of the images; (0, 255) by default.
        **kwargs: the arguments of `RandomImageLayer`.
    """

    _SORTS_RANGE = True  # as in Keras, whose classes differ here

    def __init__(self, *, factor: Any = _UNSET, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor is not _UNSET:
            self._set_factor(factor)
        pair(self, "value_range", value_range)
        self.value_range = sorted(value_range) if self._SORTS_RANGE else value_range

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        return bounding_boxes

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return segmentation_masks

    def get_config(self) -> dict[str, Any]:
        factor = {"factor": self.factor} if hasattr(self, "factor") else {}
        return {**super().get_config(), **factor, "value_range": self.value_range}


def per_image(values: Any) -> Any:
    """Numbers of images, (N,) or with more axes of size 1, as (N, 1, 1, 1)."""
    return values if len(values.shape) == 4 else ops.reshape(values, (-1, 1, 1, 1))


def linear(images: Any, scale: Any, offset: Any) -> Any:
    """images * scale + offset, with scale and offset (N, 1, 1, C) or (N, 1, 1, 1).

    They are repeated along a row first: broadcasting over rows is ten times as fast as broadcasting over channels.
    """
    n, height, width, channels = images.shape
    y = ops.reshape(images, (n, height, width * channels))
    for op, values in ((ops.multiply, scale), (ops.add, offset)):
        repeated = values if values.shape[-1] == 1 else ops.tile(values, (1, 1, width, 1))
        y = op(y, ops.reshape(repeated, (-1, 1, width * channels if values.shape[-1] > 1 else 1)))
    return ops.reshape(y, images.shape)
