"""Larger and smaller images: upsampling, zero padding, cropping."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netlet import ops
from netlet.ops.data_format import back, channels_last
from netlet.ops.resizing import standardize_interpolation, upsample
from netlet.ops.windows import per_axis

from ..base.spatial import Spatial


# ---- upsampling ------------------------------------------------------------------------------------------------------
class UpSampling(Spatial):
    """Base of UpSampling1D, 2D and 3D: each pixel becomes a block of `size` such.

    Args:
        size: positive integer, or one for each spatial axis.
        data_format: "channels_last" or "channels_first" (not UpSampling1D).
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
    """Each step `size` times: (N, steps, C) -> (N, size * steps, C).

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32")).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"UpSampling1D: `size` is an integer; given {size!r}.")
        super().__init__(size, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "size": self.size[0]}
        del config["data_format"]
        return config


class UpSampling2D(UpSampling):
    """(N, height, width, C) -> (N, size[0] * height, size[1] * width, C); the arguments are those of `UpSampling`.

    Args:
        interpolation: "nearest" (each pixel a block), "bilinear", "bicubic", "lanczos3" or "lanczos5"
            (`ops.image.resize`).

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
    """(N, depth, height, width, C) with each axis `size` times as long; the arguments are those of `UpSampling`.

    >>> import numpy as np
    >>> UpSampling3D((1, 2, 3))(np.zeros((1, 2, 2, 2, 1), "float32")).shape
    (1, 2, 4, 6, 1)
    """

    rank = 3


# ---- borders ---------------------------------------------------------------------------------------------------------
def _border(value: Any, rank: int, name: str) -> tuple[tuple[int, int], ...]:
    """(before, after) of each axis, from an integer, an integer an axis, or a pair an axis."""
    if rank == 1:
        low, high = per_axis(value, 2, name, least=0)
        return ((low, high),)
    if not isinstance(value, Iterable):
        value = (value,) * rank
    given = tuple(value)
    if len(given) != rank:
        raise ValueError(f"{name} is an integer, or a tuple of {rank} integers or pairs; given {value!r}.")
    pairs = [per_axis(v, 2, f"{name}, entry {i}", least=0) for i, v in enumerate(given)]
    return tuple((low, high) for low, high in pairs)


class ZeroPadding(Spatial):
    """Base of ZeroPadding1D, 2D and 3D: zeros around the image.

    Args:
        padding: an integer for all sides; or for each axis an integer, or a pair (before, after). ZeroPadding1D: an
            integer or a pair.
        data_format: "channels_last" or "channels_first".
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._border = _border(padding, self.rank, f"{type(self).__name__}: `padding`")
        self.padding: Any = self._border if self.rank > 1 else self._border[0]

    def call(self, inputs: Any) -> Any:
        widths = [(0, 0)] * (self.rank + 2)
        widths[self._first : self._first + self.rank] = self._border
        return ops.pad(inputs, widths)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        return tuple(None if n is None else n + low + high for n, (low, high) in zip(extents, self._border))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding}


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after the steps of x (N, steps, C); the arguments are those of `ZeroPadding`.

    >>> import numpy as np
    >>> ZeroPadding1D((1, 0))(np.array([[[1.0], [2.0]]], "float32")).numpy().ravel()
    array([0., 1., 2.], dtype=float32)
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around images (N, height, width, C); the arguments are those of `ZeroPadding`.

    >>> import numpy as np
    >>> ZeroPadding2D(((1, 0), (2, 2)))(np.zeros((1, 3, 3, 1), "float32")).shape
    (1, 4, 7, 1)
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around volumes (N, depth, height, width, C); the arguments are those of `ZeroPadding`.

    >>> import numpy as np
    >>> ZeroPadding3D(1)(np.zeros((1, 3, 3, 3, 1), "float32")).shape
    (1, 5, 5, 5, 1)
    """

    rank = 3


class Cropping(Spatial):
    """Base of Cropping1D, 2D and 3D: the image without its border.

    Args:
        cropping: as `padding` of `ZeroPadding`.
        data_format: "channels_last" or "channels_first" (not Cropping1D).

    Raises:
        ValueError: nothing would be left.
    """

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._border = _border(cropping, self.rank, f"{type(self).__name__}: `cropping`")
        self.cropping: Any = self._border if self.rank > 1 else self._border[0]

    def call(self, inputs: Any) -> Any:
        rest = self.compute_output_shape(inputs.shape)
        start = [0] * len(rest)
        start[self._first : self._first + self.rank] = [low for low, _ in self._border]
        return ops.slice(inputs, start, rest)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        rest = tuple(None if n is None else n - low - high for n, (low, high) in zip(extents, self._border))
        if any(n is not None and n <= 0 for n in rest):
            raise ValueError(
                f"Layer '{self.name}': cropping={self.cropping} leaves nothing of inputs of shape {tuple(input_shape)} "
                f"({self.data_format})."
            )
        return rest

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}


class Cropping1D(Cropping):
    """x (N, steps, C) without its first and last steps.

    Args:
        cropping: how many at both ends, or (first, last).

    >>> import numpy as np
    >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0]]], "float32")).numpy().ravel()
    array([2.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(Cropping):
    """Images (N, height, width, C) without their border; the arguments are those of `Cropping`.

    >>> import numpy as np
    >>> Cropping2D(((1, 0), (1, 1)))(np.zeros((1, 3, 3, 1), "float32")).shape
    (1, 2, 1, 1)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Volumes (N, depth, height, width, C) without their border; the arguments are those of `Cropping`.

    >>> import numpy as np
    >>> Cropping3D(1)(np.zeros((1, 3, 4, 5, 1), "float32")).shape
    (1, 1, 2, 3, 1)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
