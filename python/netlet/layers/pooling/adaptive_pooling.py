"""Adaptive pooling: max and average pooling to a given output size."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.spatial.windows import per_axis

from ..base.spatial import Spatial


class AdaptivePooling(Spatial):
    """Base of AdaptiveMaxPooling and AdaptiveAveragePooling: x (N, spatial ..., C) -> (N, output_size ..., C).

    Args:
        output_size: positive integer, or one for each spatial axis.
        data_format: "channels_last" (the default) or "channels_first".
        **kwargs: the arguments of `Layer`, e.g. `name`.
    """

    _pool: ClassVar[Any]
    _floating = True

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.output_size = per_axis(output_size, self.rank, f"{type(self).__name__}: `output_size`")

    def call(self, inputs: Any) -> Any:
        return type(self)._pool(inputs, self.output_size, self.data_format)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        return self.output_size

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_size": self.output_size}


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Max pooling of sequences to a given output size.

    Input (N, steps, C), output (N, output_size, C); with data_format="channels_first" (N, C, steps) and (N, C,
    output_size). With n elements and s windows along an axis, output i is the maximum of the elements floor(i n / s) to
    ceil((i + 1) n / s) - 1; windows may overlap.

    Args:
        output_size: a positive integer at most the size of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveMaxPooling1D`.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")
    >>> AdaptiveMaxPooling1D(2)(x).numpy().ravel()
    array([3., 2.], dtype=float32)
    """

    rank, _pool = 1, ops.adaptive_max_pool


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Max pooling of images to a given output size.

    Input (N, height, width, C), output (N, output_height, output_width, C); with data_format="channels_first" (N, C,
    height, width) and (N, C, output_height, output_width). With n elements and s windows along an axis, output i is the
    maximum of the elements floor(i n / s) to ceil((i + 1) n / s) - 1; windows may overlap.

    Args:
        output_size: a positive integer, or a pair (output_height, output_width) of them, at most the size of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveMaxPooling2D`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling2D((1, 2))(np.ones((1, 5, 7, 3), "float32")).shape
    (1, 1, 2, 3)
    """

    rank, _pool = 2, ops.adaptive_max_pool


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Max pooling of volumes to a given output size.

    Input (N, depth, height, width, C), output (N, output_depth, output_height, output_width, C); with
    data_format="channels_first" (N, C, depth, height, width) and (N, C, output_depth, output_height, output_width).
    With n elements and s windows along an axis, output i is the maximum of the elements floor(i n / s) to ceil((i + 1)
    n / s) - 1; windows may overlap.

    Args:
        output_size: a positive integer, or three of them (output_depth, output_height, output_width), at most the size
            of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveMaxPooling3D`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling3D(2)(np.zeros((1, 4, 5, 6, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank, _pool = 3, ops.adaptive_max_pool


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Average pooling of sequences to a given output size.

    Input (N, steps, C), output (N, output_size, C); with data_format="channels_first" (N, C, steps) and (N, C,
    output_size). With n elements and s windows along an axis, output i is the mean of the elements floor(i n / s) to
    ceil((i + 1) n / s) - 1; windows may overlap.

    Args:
        output_size: a positive integer at most the size of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveAveragePooling1D`.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")
    >>> AdaptiveAveragePooling1D(2)(x).numpy().ravel()
    array([2., 1.], dtype=float32)
    """

    rank, _pool = 1, ops.adaptive_average_pool


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Average pooling of images to a given output size.

    Input (N, height, width, C), output (N, output_height, output_width, C); with data_format="channels_first" (N, C,
    height, width) and (N, C, output_height, output_width). With n elements and s windows along an axis, output i is the
    mean of the elements floor(i n / s) to ceil((i + 1) n / s) - 1; windows may overlap.

    Args:
        output_size: a positive integer, or a pair (output_height, output_width) of them, at most the size of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveAveragePooling2D`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling2D((1, 2))(np.ones((1, 5, 7, 3), "float32")).shape
    (1, 1, 2, 3)
    """

    rank, _pool = 2, ops.adaptive_average_pool


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Average pooling of volumes to a given output size.

    Input (N, depth, height, width, C), output (N, output_depth, output_height, output_width, C); with
    data_format="channels_first" (N, C, depth, height, width) and (N, C, output_depth, output_height, output_width).
    With n elements and s windows along an axis, output i is the mean of the elements floor(i n / s) to ceil((i + 1) n /
    s) - 1; windows may overlap.

    Args:
        output_size: a positive integer, or three of them (output_depth, output_height, output_width), at most the size
            of the input.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an invalid `output_size`; when called: an input with the wrong rank, or smaller than the output.

    Source: Keras 3, `keras.layers.AdaptiveAveragePooling3D`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling3D(2)(np.zeros((1, 4, 5, 6, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank, _pool = 3, ops.adaptive_average_pool
