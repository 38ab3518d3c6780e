"""Cropping of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.spatial import Spatial
from .border import border


class Cropping(Spatial):
    """Base of Cropping1D, 2D and 3D: removes elements at both ends of the spatial axes.

    Args:
        cropping: number of elements to remove: an integer for all ends; or for each axis an integer, or a pair (before,
            after). Cropping1D: an integer or a pair.
        data_format: "channels_last" (the default) or "channels_first" (not Cropping1D).
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `cropping`; when called: an axis has no elements left.
    """

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._border = border(cropping, self.rank, f"{type(self).__name__}: `cropping`")
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
                f"Layer '{self.name}': expected inputs larger than cropping={self.cropping}, received shape "
                f"{tuple(input_shape)} ({self.data_format})."
            )
        return rest

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}


class Cropping1D(Cropping):
    """Removes the first and last steps of sequences.

    Input (N, steps, C), output (N, steps - first - last, C), of the same dtype.

    Args:
        cropping: number of steps to remove at each end, or a pair (first, last), at least 0; (1, 1) by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `cropping`; when called: no steps are left.

    Source: Keras 3, `keras.layers.Cropping1D`.

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
    """Removes rows and columns at the borders of images.

    Input (N, height, width, C), output (N, height - top - bottom, width - left - right, C), of the same dtype; with
    data_format="channels_first" the channels are axis 1.

    Args:
        cropping: number of rows and columns to remove: an integer for all four borders; a pair (rows, columns), the
            same at both ends; or ((top, bottom), (left, right)). ((0, 0), (0, 0)) by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `cropping`; when called: no rows or columns are left.

    Source: Keras 3, `keras.layers.Cropping2D`.

    >>> import numpy as np
    >>> Cropping2D(((1, 0), (1, 1)))(np.zeros((1, 3, 3, 1), "float32")).shape
    (1, 2, 1, 1)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """Removes elements at the borders of volumes.

    Input (N, depth, height, width, C), output (N, cropped_depth, cropped_height, cropped_width, C), of the same dtype;
    with data_format="channels_first" the channels are axis 1.

    Args:
        cropping: number of elements to remove: an integer for all ends; three integers (depth, height, width), the same
            at both ends; or three pairs (before, after). ((1, 1), (1, 1), (1, 1)) by default.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `cropping`; when called: an axis has no elements left.

    Source: Keras 3, `keras.layers.Cropping3D`.

    >>> import numpy as np
    >>> Cropping3D(1)(np.zeros((1, 3, 4, 5, 1), "float32")).shape
    (1, 1, 2, 3, 1)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
