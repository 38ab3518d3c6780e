"""Random blur and sharpness of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops
from netlet.config import numpy_dtype
from netlet.random import uniform

from .factors import interval
from .random_base import RandomColorLayer, per_image


class RandomGaussianBlur(RandomColorLayer):
    """Blurs random images by a Gaussian kernel while training, and clips them to `value_range`.

    Input and output (N, H, W, C) or (H, W, C). All images of a batch have the same kernel, as in Keras.

    Args:
        factor: probability of an image, itself uniform in this interval for each image: a pair, or f for (0, f), in
            [0, 1]; 1.0 by default.
        kernel_size: (columns, rows) of the kernel, odd integers, or one for both; 3 by default.
        sigma: the two standard deviations, in pixels, are uniform in this interval: a pair, or s for (0, s), in
            [0, 1]; 1.0 by default.
        value_range: smallest and largest value of the output; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an argument is invalid.

    >>> RandomGaussianBlur((1.0, 1.0), sigma=(1.0, 1.0))(np.ones((3, 3, 1), "float32")).numpy()[1, 1].round(3)
    array([1.], dtype=float32)
    """

    _FACTOR_BOUNDS = (0, 1)
    _SORTS_RANGE = False

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, seed=seed, **kwargs)
        sizes = tuple(kernel_size) if isinstance(kernel_size, (tuple, list)) else (kernel_size, kernel_size)
        if len(sizes) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 or n % 2 == 0 for n in sizes):
            raise ValueError(
                f"RandomGaussianBlur: expected `kernel_size` to be an odd integer or two, received {kernel_size!r}."
            )
        self.kernel_size = sizes
        self.sigma = interval(self, "sigma", sigma, 0, 1, clipped=True, overlapping=True)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        happens = self._happens(count, seed)
        return {"should_apply_blur": happens, "blur_factor": ops.add(self._uniform((2,), self.sigma, seed), 1e-6)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        blurred = ops.image.gaussian_blur(images, self.kernel_size, transformation["blur_factor"])
        y = ops.where(per_image(transformation["should_apply_blur"]), blurred, images)
        return ops.clip(y, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernel_size": self.kernel_size, "sigma": self.sigma}


def _smoothed(images: Any) -> Any:
    """The mean over 3 x 3 pixels with weight 5 in the middle, zeros outside.

    The sums over columns take a row of pixels for one pixel with many channels: a convolution of 3 channels uses few
    lanes of a vector. So it takes half of the time of a depthwise convolution with the 3 x 3 weights.
    """
    n, height, width, channels = images.shape
    rows = ops.reshape(images, (n, height, 1, width * channels))
    taps = np.full((3, 1, width * channels, 1), 1 / 13, numpy_dtype(images.dtype))
    columns = ops.reshape(ops.depthwise_conv(rows, taps, 1, "same"), images.shape)
    padded = ops.pad(columns, ((0, 0), (0, 0), (1, 1), (0, 0)))
    total = ops.add(ops.add(columns, padded[:, :, :-2]), padded[:, :, 2:])
    return ops.add(total, ops.multiply(images, 4 / 13))


class RandomSharpness(RandomColorLayer):
    """Mixes each image with a smoothed version of it while training: s + 2 f (x - s), then clips.

    Input and output (N, H, W, C) or (H, W, C). f = 0 gives the smoothed image, f = 0.5 the image itself, larger f a
    sharper one. The smoothed image s is the mean over 3 x 3 pixels with weight 5 in the middle, zeros outside.

    Args:
        factor: f is uniform in this interval: a pair, or u for (0, u), in [0, 1].
        value_range: smallest and largest value of the images; (0, 255) by default.
        data_format: "channels_last" (the default) or "channels_first".
        seed: integer; None (the default): the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: factor or value_range is invalid.

    >>> RandomSharpness((0.5, 0.5))(np.full((1, 2, 1), 8.0, "float32")).numpy().ravel()
    array([8., 8.], dtype=float32)
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor=factor, value_range=value_range, data_format=data_format, seed=seed, **kwargs)

    def _draw(self, count: int, height: int, width: int, seed: Any) -> Any:
        return {"factor": uniform((count,), *self.factor, seed=seed)}

    def _transform(self, images: Any, transformation: Any) -> Any:
        smooth = _smoothed(images)
        factor = ops.cast_if_needed(per_image(transformation["factor"]), self.compute_dtype)
        part = ops.subtract(1.0, ops.multiply(factor, 2.0))
        return ops.clip(ops.add(images, ops.multiply(part, ops.subtract(smooth, images))), *self.value_range)
