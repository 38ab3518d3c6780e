"""Random brightness and contrast of images."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .random_base import RandomColorLayer


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
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        y = ops.add(ops.multiply(ops.subtract(images, mean), transformation["contrast_factor"]), mean)
        return ops.clip(y, *self.value_range)
