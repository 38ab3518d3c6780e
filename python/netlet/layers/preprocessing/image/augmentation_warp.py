"""Random perspective and elastic transforms of images while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops
from netlet.config import numpy_dtype
from netlet.ops.image.coordinates import FILL_MODES, INTERPOLATIONS, displaced, smoothed
from netlet.random import normal
from netlet.utils.bounding_boxes.changes import around
from netlet.utils.bounding_boxes.formats import columns, join

from .augmentation_affine import IDENTITY
from .factors import interval, pair
from .geometric import RandomGeometricLayer, checked_names, happening


class RandomPerspective(RandomGeometricLayer):
    """Moves the corners of each image at random while training, as if it were seen from another place.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: probability of a transformation, uniform in this interval for each image: a pair, or f for (0, f), in
            [0, 1]; 1.0 by default.
        scale: each coordinate x of a corner becomes x (1 + r) with r uniform in [-scale / 2, scale / 2], in [0, 1]; 1.0
            by default. The corner (0, 0) stays, as in Keras.
        interpolation: "bilinear" (the default) or "nearest".
        fill_value: value outside the image; 0.0 by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: `bounding_box_format` and the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or scale is out of range.
        NotImplementedError: an unknown interpolation.

    >>> RandomPerspective(scale=0.5, seed=1)(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 8, 8, 3)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self._set_factor(factor)
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 <= scale <= 1:
            raise ValueError(f"RandomPerspective: expected `scale` to be a number in [0, 1], received {scale!r}.")
        checked_names(self, interpolation=(interpolation, INTERPOLATIONS))
        self.scale, self.interpolation, self.fill_value = scale, interpolation, fill_value

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        right, below = width - 1.0, height - 1.0
        corners = np.array([[0, 0], [right, 0], [0, below], [right, below]], numpy_dtype(self.compute_dtype))
        flags = self._happens(count, seed)
        moved = ops.add(1.0, self._uniform((count, 4, 2), (-0.5 * self.scale, 0.5 * self.scale), seed))
        start = ops.broadcast_to(corners, (count, 4, 2))
        return {"apply_perspective": flags, "start_points": start, "end_points": ops.multiply(start, moved)}

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        maps = self._maps(transformation, "end_points", "start_points")
        return ops.image.affine_transform(images, maps, interpolation, "constant", self.fill_value)

    @staticmethod
    def _maps(transformation: Any, source: str, target: str) -> Any:
        """The projective maps (N, 8) from one set of points to the other; the identity where none happens."""
        maps = _core.homography(ops.convert_to_tensor(transformation[source]), transformation[target])
        return happening(transformation["apply_perspective"], maps, IDENTITY.astype(numpy_dtype(maps.dtype)))

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        maps = ops.expand_dims(self._maps(transformation, "start_points", "end_points"), 1)
        a0, a1, a2, b0, b1, b2, c0, c1 = ops.split(maps, 8, axis=-1)  # (N, 1, 1)
        x1, y1, x2, y2 = columns(boxes)
        x, y = join(x1, x2, x2, x1), join(y1, y1, y2, y2)  # the corners

        def linear(a: Any, b: Any, c: Any) -> Any:
            return ops.add(ops.add(ops.multiply(a, x), ops.multiply(b, y)), c)

        k = linear(c0, c1, 1.0)
        return around(ops.divide(linear(a0, a1, a2), k), ops.divide(linear(b0, b1, b2), k))

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "scale": self.scale, "interpolation": self.interpolation}
        return {**super().get_config(), **own, "fill_value": self.fill_value}


class RandomElasticTransform(RandomGeometricLayer):
    """Displaces the pixels of each image by smooth random distances while training.

    Input and output (N, H, W, C) or (H, W, C). Bounding boxes cannot be transformed.

    Args:
        factor: probability of a transformation, uniform in this interval for each image: a pair, or f for (0, f), in
            [0, 1]; 1.0 by default.
        scale: strength s of the distortion, uniform in this interval for each batch: a pair, or s for (0, s), in
            [0, 1]; 1.0 by default. With the larger side L and the smaller side l of the image, it is
            `ops.image.elastic_transform` with alpha = 0.1 s L and sigma = 0.05 s l.
        interpolation: "bilinear" (the default) or "nearest".
        fill_mode: values outside the image: "reflect" (the default), "constant", "nearest", "wrap" or "mirror".
        fill_value: the value for fill_mode "constant"; 0.0 by default.
        value_range: smallest and largest value of the images, to which they are clipped; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor, scale or value_range is invalid.
        NotImplementedError: an unknown fill_mode or interpolation.

    >>> RandomElasticTransform(seed=1)(np.ones((2, 16, 16, 3), "float32")).shape
    (2, 16, 16, 3)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = interval(self, "scale", scale, 0, 1, clipped=True, overlapping=True)
        checked_names(self, fill_mode=(fill_mode, FILL_MODES), interpolation=(interpolation, INTERPOLATIONS))
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value
        self.value_range = pair(self, "value_range", value_range)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        if self.scale[1] == 0 or self.factor[1] == 0:
            return None
        flags = self._happens(count, seed)
        factor = self._uniform((), self.scale, seed)
        sigma = ops.multiply(factor, 0.05 * min(height, width))
        strength = ops.multiply(sigma, ops.multiply(factor, 0.1 * max(height, width)))
        fields = smoothed(
            normal((2, count, height, width), dtype=self._field_dtype, seed=seed),
            ops.cast_if_needed(sigma, self._field_dtype),
            int(0.15 * min(height, width) * self.scale[1]),
        )
        strength = ops.where(flags, ops.cast_if_needed(strength, self._field_dtype), 0.0)
        distances = ops.multiply(fields, ops.reshape(strength, (1, -1, 1, 1)))
        return {"apply_transform": flags, "distortion_factor": factor, "distances": distances}

    @property
    def _field_dtype(self) -> str:
        return "float64" if self.compute_dtype == "float64" else "float32"

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        y = super().transform_images(images, transformation, training and transformation is not None)
        return ops.clip(y, *self.value_range) if training and transformation is not None else y

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        dtype = images.dtype
        x = ops.cast_if_needed(images, self.compute_dtype)
        y = displaced(x, transformation["distances"], interpolation, self.fill_mode, self.fill_value)
        return ops.cast_if_needed(y, dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "scale": self.scale, "interpolation": self.interpolation}
        fill = {"fill_mode": self.fill_mode, "fill_value": self.fill_value, "value_range": self.value_range}
        return {**super().get_config(), **own, **fill}
