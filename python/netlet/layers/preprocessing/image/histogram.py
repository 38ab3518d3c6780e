"""Layers that stretch or equalize the values of each channel: AutoContrast, Equalization, CLAHE."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops

from .random_base import RandomColorLayer, linear


class _ToneLayer(RandomColorLayer):
    """Base of layers that compute new values from each image, without random numbers.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        **kwargs: the arguments of `BaseImagePreprocessingLayer`.
    """

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """None: there is nothing to draw."""
        return None

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return super().transform_images(images, transformation, training)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["seed"]
        return config


class AutoContrast(_ToneLayer):
    """Stretches the values of each channel of each image over the whole `value_range`, also at inference.

    Input and output (N, H, W, C) or (H, W, C). A channel with a single value is unchanged.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        **kwargs: `data_format` ("channels_last" or "channels_first") and the arguments of `Layer`.

    Raises:
        ValueError: value_range is not a pair.

    >>> import numpy as np
    >>> AutoContrast()(np.array([[[100.0], [150.0], [200.0]]])).numpy()[0, :, 0]
    array([  0. , 127.5, 255. ], dtype=float32)
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(value_range=value_range, **kwargs)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return super().transform_images(images, transformation, True)

    def _transform(self, images: Any, transformation: Any) -> Any:
        bottom, top = self.value_range
        low = ops.min(images, axis=(1, 2), keepdims=True)
        scale = ops.divide(float(top - bottom), ops.subtract(ops.max(images, axis=(1, 2), keepdims=True), low))
        y = ops.clip(linear(images, scale, ops.subtract(bottom, ops.multiply(low, scale))), bottom, top)
        return ops.where(ops.isnan(y), images, y)


class Equalization(_ToneLayer):
    """Equalizes the histogram of each channel while training.

    Input and output (N, H, W, C) or (H, W, C). The histogram is that of the whole batch, as in Keras: apply the layer
    to single images in a data pipeline to equalize each by itself. A channel that uses one bin only is unchanged.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        bins: number of bins of the histogram; 256 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: value_range is not a pair; no bins.

    >>> import numpy as np
    >>> Equalization()(np.array([[[10.0], [11.0], [12.0], [12.0]]])).numpy()[0, :, 0]
    array([  0.,  85., 255., 255.], dtype=float32)
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
            raise ValueError(f"Equalization: expected `bins` to be a positive integer, received {bins!r}.")
        self.bins = bins

    def _transform(self, images: Any, transformation: Any) -> Any:
        n, height, width, channels = images.shape
        x = self._transform_value_range(images, self.value_range, (0, 255))
        exact = n * height * width <= 2**24 or x.dtype == "float64"  # counts in float32
        x = ops.reshape(x if exact else ops.cast(x, "float64"), (1, n * height, width, channels))
        y = ops.reshape(ops.cast_if_needed(_core.equalize(x, self.bins), images.dtype), images.shape)
        return self._transform_value_range(y, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}


class ContrastLimitedAdaptiveHistogramEqualization(_ToneLayer):
    """Equalizes the histograms of tiles of each channel, with limited contrast (CLAHE), also at inference.

    Input and output (N, H, W, C) or (H, W, C). A pixel's value is interpolated between the four nearest tiles.
    Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", 1994.

    Args:
        value_range: smallest and largest value of the images; (0, 255) by default.
        clip_limit: largest count of a bin, as a multiple of the mean count; what is above is spread over all bins. 4.0
            by default; 0: no limit.
        tile_grid_size: number of tiles (rows, columns); (8, 8) by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: value_range or tile_grid_size is not a pair; no tiles.

    >>> import numpy as np
    >>> layer = ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 1), clip_limit=0.0)
    >>> layer(np.array([[[10.0], [11.0], [12.0], [12.0]]])).numpy()[0, :, 0]
    array([ 63.75, 127.5 , 255.  , 255.  ], dtype=float32)
    """

    _SORTS_RANGE = False

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        grid = tile_grid_size if isinstance(tile_grid_size, (tuple, list)) else ()
        if len(grid) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in grid):
            raise ValueError(
                "ContrastLimitedAdaptiveHistogramEqualization: expected `tile_grid_size` to be two positive integers, "
                f"received {tile_grid_size!r}."
            )
        self.clip_limit, self.tile_grid_size = clip_limit, tile_grid_size

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return super().transform_images(images, transformation, True)

    def _transform(self, images: Any, transformation: Any) -> Any:
        x = self._transform_value_range(images, self.value_range, (0, 255))
        y = _core.equalize_tiles(x, float(self.clip_limit), *self.tile_grid_size)
        return self._transform_value_range(y, (0, 255), self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "clip_limit": self.clip_limit, "tile_grid_size": self.tile_grid_size}
