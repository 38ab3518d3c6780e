"""Zero padding of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.spatial import Spatial
from .border import border


class ZeroPadding(Spatial):
    """Base of ZeroPadding1D, 2D and 3D: adds zeros at both ends of the spatial axes.

    Args:
        padding: number of zeros: an integer for all ends; or for each axis an integer, or a pair (before, after).
            ZeroPadding1D: an integer or a pair. 1 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `padding`.
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
    """Adds steps of zeros before and after sequences.

    Input (N, steps, C), output (N, before + steps + after, C), of the same dtype; with data_format="channels_first" the
    channels are axis 1.

    Args:
        padding: number of steps to add at each end, or a pair (before, after), at least 0; 1 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `padding`; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.ZeroPadding1D`.

    >>> import numpy as np
    >>> ZeroPadding1D((1, 0))(np.array([[[1.0], [2.0]]], "float32")).numpy().ravel()
    array([0., 1., 2.], dtype=float32)
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Adds rows and columns of zeros around images.

    Input (N, height, width, C), output (N, top + height + bottom, left + width + right, C), of the same dtype; with
    data_format="channels_first" the channels are axis 1.

    Args:
        padding: number of rows and columns to add: an integer for all four borders; a pair (rows, columns), the same at
            both ends; or ((top, bottom), (left, right)). 1 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `padding`; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.ZeroPadding2D`.

    >>> import numpy as np
    >>> ZeroPadding2D(((1, 0), (2, 2)))(np.zeros((1, 3, 3, 1), "float32")).shape
    (1, 4, 7, 1)
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Adds zeros around volumes.

    Input (N, depth, height, width, C), output (N, padded_depth, padded_height, padded_width, C), of the same dtype;
    with data_format="channels_first" the channels are axis 1.

    Args:
        padding: number of zeros to add: an integer for all ends; three integers (depth, height, width), the same at
            both ends; or three pairs (before, after). 1 by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `padding`; when called: an input with the wrong rank.

    Source: Keras 3, `keras.layers.ZeroPadding3D`.

    >>> import numpy as np
    >>> ZeroPadding3D(1)(np.zeros((1, 3, 3, 3, 1), "float32")).shape
    (1, 5, 5, 5, 1)
    """

    rank = 3
