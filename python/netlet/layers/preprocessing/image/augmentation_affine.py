"""Random rotation, zoom, translation and shear of images while training.

Each layer is one `affine_transform` with matrices (N, 8): a constant plus random coefficients times constant vectors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops
from netlet.config import numpy_dtype
from netlet.utils.bounding_boxes import affine_transform
from netlet.utils.bounding_boxes.formats import columns, join

from .boxes import scaled
from .factors import interval
from .geometric import RandomGeometricLayer, checked_names

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
UNIT = np.eye(8)
IDENTITY = UNIT[0] + UNIT[4]


class RandomAffineLayer(RandomGeometricLayer):
    """Base of random affine image layers. A subclass computes the terms of the matrices in `_terms`.

    Args:
        fill_mode: values outside the image: "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        fill_value: the value for fill_mode "constant".
        seed: integer, or None for the next seed of netlet's global sequence.
        data_format: "channels_last", "channels_first" or None (channels_last).
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        NotImplementedError: an unknown fill_mode or interpolation.
    """

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        fill_value: float,
        seed: int | None,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        checked_names(self, fill_mode=(fill_mode, FILL_MODES), interpolation=(interpolation, INTERPOLATIONS))
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def _terms(self, transformation: Any, height: int, width: int) -> tuple[np.ndarray, list[tuple[Any, np.ndarray]]]:
        """The terms of the matrices: (constant (8,), [(coefficients (N, 1), vector (8,)), ...])."""
        raise NotImplementedError

    def _sample(self, images: Any, transformation: Any, interpolation: str) -> Any:
        constant, terms = self._terms(transformation, *images.shape[1:3])
        dtype = numpy_dtype(self.compute_dtype)
        matrix: Any = constant[None].astype(dtype)
        for coefficients, vector in terms:
            coefficients = ops.cast_if_needed(coefficients, self.compute_dtype)
            matrix = ops.add(matrix, ops.multiply(coefficients, vector[None].astype(dtype)))
        return ops.image.affine_transform(images, matrix, interpolation, self.fill_mode, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        own = {"fill_mode": self.fill_mode, "interpolation": self.interpolation, "fill_value": self.fill_value}
        return {**super().get_config(), **own}


class RandomRotation(RandomAffineLayer):
    """Rotates each image about its centre by a random angle while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: the angle, in full rotations counter-clockwise, is uniform in this interval: a pair, or f for (-f, f),
            in [-1, 1].
        fill_mode: values outside the image: "reflect" (the default), "wrap", "constant" or "nearest".
        interpolation: "bilinear" (the default) or "nearest".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        fill_value: the value for fill_mode "constant"; 0.0 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor that is neither a number nor a pair of numbers, or out of range.

    >>> image = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")[..., None]
    >>> RandomRotation((0.25, 0.25))(image).numpy()[..., 0].round(3)
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.factor = interval(self, "factor", factor or 0.0, -1, 1, clipped=True, overlapping=True)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"angle": self._uniform((count,), (360 * self.factor[0], 360 * self.factor[1]), seed)}  # degrees

    def _terms(self, transformation: Any, height: int, width: int) -> Any:
        angle = ops.multiply(ops.reshape(transformation["angle"], (-1, 1)), math.pi / 180)
        cx, cy = (width - 1) / 2, (height - 1) / 2
        centre = cx * UNIT[2] + cy * UNIT[5]
        cosine = UNIT[0] + UNIT[4] - cx * UNIT[2] - cy * UNIT[5]
        sine = UNIT[3] - UNIT[1] + cy * UNIT[2] - cx * UNIT[5]
        return centre, [(ops.cos(angle), cosine), (ops.sin(angle), sine)]

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        angle = ops.reshape(transformation["angle"], (-1,))
        return affine_transform(boxes, angle, 0.0, 0.0, 1.0, 0.0, 0.0, height, width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(RandomAffineLayer):
    """Zooms into (negative factors) or out of (positive factors) each image at random while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        height_factor: interval of a uniform random number z: a pair, or f for (-f, f), in (-1, 1]. One row of the
            output covers 1 + z rows of the image.
        width_factor: the same for columns; None (the default) keeps the aspect ratio.
        fill_mode: values outside the image: "reflect" (the default), "wrap", "constant" or "nearest".
        interpolation: "bilinear" (the default) or "nearest".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        fill_value: the value for fill_mode "constant"; 0.0 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor that is neither a number nor a pair of numbers, or out of range.

    >>> RandomZoom((-0.5, -0.5))(np.arange(16.0).reshape(4, 4, 1)).numpy()[0, :, 0]  # a quarter fills the output
    array([3.75, 4.25, 4.75, 5.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = interval(self, "height_factor", height_factor, -1, 1, low_is_open=True)
        self._width = (
            None if width_factor is None else interval(self, "width_factor", width_factor, -1, 1, low_is_open=True)
        )

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        rows = self._uniform((count, 1), (1 + self._height[0], 1 + self._height[1]), seed)
        if self._width is None:
            return {"height_zoom": rows, "width_zoom": rows}
        return {
            "height_zoom": rows,
            "width_zoom": self._uniform((count, 1), (1 + self._width[0], 1 + self._width[1]), seed),
        }

    def _terms(self, transformation: Any, height: int, width: int) -> Any:
        cx, cy = (width - 1) / 2, (height - 1) / 2
        return cx * UNIT[2] + cy * UNIT[5], [
            (transformation["width_zoom"], UNIT[0] - cx * UNIT[2]),
            (transformation["height_zoom"], UNIT[4] - cy * UNIT[5]),
        ]

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        # The output shows the columns from (1 - z) (W - 1) / 2 on, z W of them; so for rows.
        columns, rows = (ops.reshape(transformation[key], (-1, 1, 1)) for key in ("width_zoom", "height_zoom"))
        x, y = ops.reciprocal(columns), ops.reciprocal(rows)
        left, top = (
            ops.multiply(ops.subtract(inverse, 1.0), (size - 1) / 2) for inverse, size in ((x, width), (y, height))
        )
        return scaled(boxes, x, y, left, top)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class RandomTranslation(RandomAffineLayer):
    """Translates each image by a random distance while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        height_factor: the distance down, as a fraction of the height, is uniform in this interval: a pair, or f for
            (-f, f), in [-1, 1].
        width_factor: the distance to the right as a fraction of the width; as height_factor.
        fill_mode: values outside the image: "reflect" (the default), "wrap", "constant" or "nearest".
        interpolation: "bilinear" (the default) or "nearest".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        fill_value: the value for fill_mode "constant"; 0.0 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor that is neither a number nor a pair of numbers, or out of range.

    >>> RandomTranslation(0, (0.5, 0.5), "constant")(np.array([[[1.0], [2.0]]])).numpy()[0, :, 0]
    array([0., 1.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = interval(self, "height_factor", height_factor, -1, 1)
        self._width = interval(self, "width_factor", width_factor, -1, 1)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        down = self._uniform((count, 1), (self._height[0] * height, self._height[1] * height), seed)
        right = self._uniform((count, 1), (self._width[0] * width, self._width[1] * width), seed)
        return {"translations": ops.concatenate([right, down], axis=1)}

    def _terms(self, transformation: Any, height: int, width: int) -> Any:
        right, down = ops.split(transformation["translations"], 2, axis=1)
        return IDENTITY, [(right, -UNIT[2]), (down, -UNIT[5])]

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        distances = ops.reshape(transformation["translations"], (-1, 1, 2))
        return ops.add(boxes, ops.concatenate([distances, distances], axis=-1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


class RandomShear(RandomAffineLayer):
    """Shears each image at random while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        x_factor: the shift to the left, in pixels for each row down, is uniform in this interval: a pair, or f for
            (-f, f), in [-1, 1]; 0.0 by default. For half of the images the direction is reversed.
        y_factor: the shift up, in pixels for each column to the right; as x_factor, and reversed with it. 0.0 by
            default.
        fill_mode: values outside the image: "reflect" (the default), "wrap", "constant" or "nearest".
        interpolation: "bilinear" (the default) or "nearest".
        fill_value: the value for fill_mode "constant"; 0.0 by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: a factor that is neither a number nor a pair of numbers, or out of range.

    >>> RandomShear(fill_mode="constant")(np.ones((2, 2, 1))).shape
    (2, 2, 1)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.x_factor = interval(self, "x_factor", x_factor, -1, 1)
        self.y_factor = interval(self, "y_factor", y_factor, -1, 1)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        sign = ops.cast_if_needed(
            ops.where(ops.greater(self._uniform((count, 1), (0.0, 1.0), seed), 0.5), -1.0, 1.0), self.compute_dtype
        )
        y = self._uniform((count, 1), self.y_factor, seed)
        x = self._uniform((count, 1), self.x_factor, seed)
        return {"shear_factor": ops.multiply(ops.concatenate([x, y], axis=1), sign)}

    def _terms(self, transformation: Any, height: int, width: int) -> Any:
        x, y = ops.split(transformation["shear_factor"], 2, axis=1)
        return IDENTITY, [(x, UNIT[1]), (y, UNIT[3])]

    def _move(self, boxes: Any, transformation: Any, height: int, width: int) -> Any:
        x, y = ops.split(ops.reshape(transformation["shear_factor"], (-1, 1, 2)), 2, axis=-1)
        x1, y1, x2, y2 = columns(boxes)
        up, down = ops.multiply(x, y1), ops.multiply(x, y2)  # how far the upper and the lower edge move to the left
        x1, x2 = ops.subtract(x1, ops.maximum(up, down)), ops.subtract(x2, ops.minimum(up, down))
        left, right = ops.multiply(y, x1), ops.multiply(y, x2)
        return join(x1, ops.subtract(y1, ops.maximum(left, right)), x2, ops.subtract(y2, ops.minimum(left, right)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}
