"""Zeros around sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.spatial import Spatial
from .border import border


class ZeroPadding(Spatial):
    """Base of ZeroPadding1D, 2D and 3D: zeros around the image.

    Args:
        padding: an integer for all sides; or for each axis an integer, or a pair (before, after). ZeroPadding1D: an
            integer or a pair.
        data_format: "channels_last" or "channels_first".
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._border = border(padding, self.rank, f"{type(self).__name__}: `padding`")
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
