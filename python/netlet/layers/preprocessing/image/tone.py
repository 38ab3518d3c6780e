"""Brightness, contrast, inversion, solarization and posterization: functions of each value of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.config import numpy_dtype
from netlet.random import randint

from .factors import interval
from .random_base import RandomColorLayer, linear, per_image


class RandomBrightness(RandomColorLayer):
    """Adds one random number to all values of each image while training, and clips them to `value_range`.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: the number is uniform in this interval times the width of `value_range`: a pair, or f for (-f, f), in
            [-1, 1].
        value_range: smallest and largest value of the images; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> import numpy as np
    >>> image = np.array([[[0.5], [0.9]]], "float32")
    >>> RandomBrightness(0.2, (0, 1)).transform_images(image, {"rgb_delta": np.float32(0.25)})[0, :, 0].numpy()
    array([0.75, 1.  ], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor=factor or 0.0, value_range=value_range, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        extent = self.value_range[1] - self.value_range[0]
        bounds = self.factor[0] * extent, self.factor[1] * extent
        return {"rgb_delta": self._uniform((count, 1, 1, 1), bounds, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        return ops.clip(ops.add(images, transformation["rgb_delta"]), *self.value_range)


class RandomContrast(RandomColorLayer):
    """Changes the contrast of each image while training: (x - mean) * f + mean for each channel, then clips.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: f is uniform in [1 - lower, 1 + upper] for a pair (lower, upper); one number u is (-u, u), clipped
            to (0, u), as in Keras.
        value_range: smallest and largest value of the output; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> import numpy as np
    >>> image = np.array([[[0.4], [0.6]]], "float32")
    >>> contrast = RandomContrast(1.0, (0, 1))
    >>> contrast.transform_images(image, {"contrast_factor": np.float32(2)})[0, :, 0].round(3).numpy()
    array([0.3, 0.7], dtype=float32)
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor=factor, value_range=value_range, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        bounds = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": self._uniform((count, 1, 1, 1), bounds, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        factor = ops.cast_if_needed(per_image(transformation["contrast_factor"]), self.compute_dtype)
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        return ops.clip(linear(images, factor, ops.multiply(mean, ops.subtract(1.0, factor))), *self.value_range)


class RandomInvert(RandomColorLayer):
    """Replaces the values x of random images by `value_range[1]` - x while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: probability of an image, itself uniform in this interval for each image: a pair, or f for (0, f), in
            [0, 1]; 1.0 by default.
        value_range: smallest and largest value of the images; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> RandomInvert((1.0, 1.0), (0, 1))(np.full((1, 1, 1), 0.25, "float32")).numpy().item()
    0.75
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, seed=seed, data_format=data_format, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"apply_inversion": self._happens(count, seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        inverted = per_image(transformation["apply_inversion"])
        return ops.where(inverted, ops.subtract(self.value_range[1], images), images)


class Solarization(RandomColorLayer):
    """Inverts all values above a random threshold while training, after adding a random number.

    On the range 0 to 255: y = clip(x + addition, 0, 255), then 255 - y where y >= threshold.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        addition_factor: a pair (a, b) in [0, 1]: the addition is uniform in [a, 255 b] (Keras scales the upper bound
            only); one number f is (0, f). 0.0 by default.
        threshold_factor: the same for the threshold; 0.0 by default: all values are inverted.
        value_range: smallest and largest value of the images; (0, 255) by default.
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: a factor or value_range is invalid.

    >>> Solarization()(np.full((1, 1, 1), 55.0, "float32")).numpy().item()
    200.0
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, seed=seed, **kwargs)
        self.addition_factor = interval(self, "addition_factor", addition_factor, 0, 1, clipped=True)
        self.threshold_factor = interval(self, "threshold_factor", threshold_factor, 0, 1, clipped=True)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        def draw(factor: tuple[float, float]) -> Any:
            return self._uniform((count, 1, 1, 1), (factor[0], factor[1] * 255), seed)

        return {"additions": draw(self.addition_factor), "thresholds": draw(self.threshold_factor)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        x = self._transform_value_range(images, self.value_range, (0, 255))
        x = ops.clip(ops.add(x, transformation["additions"]), 0.0, 255.0)
        x = ops.where(ops.less(x, transformation["thresholds"]), x, ops.subtract(255.0, x))
        return self._transform_value_range(x, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        own = {"addition_factor": self.addition_factor, "threshold_factor": self.threshold_factor}
        return {**super().get_config(), **own}


class RandomPosterization(RandomColorLayer):
    """Keeps only the upper bits of each value, as of an integer from 0 to 255, while training.

    Input and output (N, H, W, C) or (H, W, C).

    Args:
        factor: number of bits: a pair (a, b) of integers in [1, 8] for a random integer in [a, b), a fixed number for
            a = b; one number n is (1, n), as in Keras.
        value_range: smallest and largest value of the images; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> RandomPosterization((3, 3))(np.array([[[200.0, 31.0]]])).numpy()
    array([[[192.,   0.]]], dtype=float32)
    """

    _FACTOR_BOUNDS = (1, 8)
    _MAX_FACTOR = 8

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, seed=seed, data_format=data_format, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        low, high = (int(bits) for bits in self.factor)
        if low == high:
            return {"shift_factor": ops.full((count,), self._MAX_FACTOR - low, dtype="uint8")}
        bits = randint((count,), low, high, seed=seed)
        return {"shift_factor": ops.cast(ops.subtract(self._MAX_FACTOR, bits), "uint8")}

    def _transform(self, images: Any, transformation: Any) -> Any:
        powers = (2.0 ** np.arange(self._MAX_FACTOR + 1)).astype(numpy_dtype(self.compute_dtype))
        power = per_image(ops.take(powers, transformation["shift_factor"], axis=0))
        x = ops.clip(self._transform_value_range(images, self.value_range, (0, 255)), 0.0, 255.0)
        x = ops.multiply(ops.floor(ops.divide(x, power)), power)
        return self._transform_value_range(x, (0, 255), self.value_range)
