"""Upsampling of sequences, images and volumes by integer factors."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.image.resizing import standardize_interpolation, upsample
from netlet.ops.spatial.data_format import back, channels_last
from netlet.ops.spatial.windows import per_axis

from ..base.spatial import Spatial


class UpSampling(Spatial):
    """Base of UpSampling1D, 2D and 3D: repeats each element `size` times along each spatial axis.

    Args:
        size: factor, a positive integer or one for each spatial axis; 2 by default.
        data_format: "channels_last" (the default) or "channels_first" (not UpSampling1D).
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `size` is not a positive integer or one for each axis.
    """

    def __init__(self, size: Any = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.size = per_axis(size, self.rank, f"{type(self).__name__}: `size`")

    def call(self, inputs: Any) -> Any:
        return back(upsample(channels_last(inputs, self.data_format), self.size), self.data_format)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        return tuple(None if n is None else n * f for n, f in zip(extents, self.size))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class UpSampling1D(UpSampling):
    """Repeats each step of sequences `size` times.

    Input (N, steps, C), output (N, size * steps, C), of the same dtype.

    Args:
        size: number of repetitions, a positive integer; 2 by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        TypeError: `size` is not an integer.
        ValueError: `size` is below 1; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.UpSampling1D`.

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32")).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"UpSampling1D: expected an integer for `size`, received {size!r}.")
        super().__init__(size, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "size": self.size[0]}
        del config["data_format"]
        return config


class UpSampling2D(UpSampling):
    """Enlarges images by integer factors.

    Input (N, height, width, C), output (N, size[0] * height, size[1] * width, C); with data_format="channels_first" the
    channels are axis 1.

    Args:
        size: factor, a positive integer or a pair for height and width; 2 by default.
        data_format: "channels_last" (the default) or "channels_first".
        interpolation: "nearest" (repeats pixels, the default), "bilinear", "bicubic", "lanczos3" or "lanczos5".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `size` or `interpolation`; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.UpSampling2D`.

    >>> import numpy as np
    >>> UpSampling2D((1, 2))(np.array([[[[1.0], [2.0]]]], "float32")).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 2

    def __init__(
        self, size: Any = 2, data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = standardize_interpolation(interpolation, "UpSampling2D")

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self._first
        size = self._extents(tuple(inputs.shape[first : first + 2]), inputs.shape)
        return ops.image.resize(inputs, size, self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(UpSampling):
    """Repeats each element of volumes `size` times along each spatial axis.

    Input (N, depth, height, width, C), output (N, size[0] * depth, size[1] * height, size[2] * width, C), of the same
    dtype; with data_format="channels_first" the channels are axis 1.

    Args:
        size: number of repetitions, a positive integer, or three of them (depth, height, width); 2 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `size`; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.UpSampling3D`.

    >>> import numpy as np
    >>> UpSampling3D((1, 2, 3))(np.zeros((1, 2, 2, 2, 1), "float32")).shape
    (1, 2, 4, 6, 1)
    """

    rank = 3
