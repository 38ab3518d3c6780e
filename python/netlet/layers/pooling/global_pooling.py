"""Global pooling: the maximum or the mean of each channel over a whole sequence, image or volume."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops

from ..base.spatial import Spatial


class GlobalPooling(Spatial):
    """Base of GlobalMaxPooling and GlobalAveragePooling: x (N, spatial ..., C) -> (N, C).

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.
    """

    _reduce: ClassVar[Any]
    _floating = True

    _needs_no_build = True

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = keepdims

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(self._first, self._first + self.rank))

    def call(self, inputs: Any) -> Any:
        return type(self)._reduce(ops.cast_if_needed(inputs, self.compute_dtype), self._axes, keepdims=self.keepdims)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        return (1,) * self.rank if self.keepdims else ()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalMaxPooling1D(GlobalPooling):
    """Maximum of each channel over the steps of a sequence.

    Input (N, steps, C), or (N, C, steps) with data_format="channels_first"; output (N, C), or (N, 1, C) with
    `keepdims`.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalMaxPooling1D`.

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]], "float32")).numpy()
    array([[3.]], dtype=float32)
    """

    rank, _reduce = 1, ops.max


class GlobalMaxPooling2D(GlobalPooling):
    """Maximum of each channel over an image.

    Input (N, height, width, C), or (N, C, height, width) with data_format="channels_first"; output (N, C), or (N, 1, 1,
    C) with `keepdims`.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalMaxPooling2D`.

    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.arange(8.0, dtype="float32").reshape(1, 2, 2, 2)).numpy()
    array([[6., 7.]], dtype=float32)
    """

    rank, _reduce = 2, ops.max


class GlobalMaxPooling3D(GlobalPooling):
    """Maximum of each channel over a volume.

    Input (N, depth, height, width, C), or (N, C, depth, height, width) with data_format="channels_first"; output (N,
    C), or (N, 1, 1, 1, C) with `keepdims`.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalMaxPooling3D`.

    >>> import numpy as np
    >>> GlobalMaxPooling3D(keepdims=True)(np.zeros((2, 4, 5, 6, 3), "float32")).shape
    (2, 1, 1, 1, 3)
    """

    rank, _reduce = 3, ops.max


class GlobalAveragePooling1D(GlobalPooling):
    """Mean of each channel over the steps of a sequence.

    Input (N, steps, C), or (N, C, steps) with data_format="channels_first"; output (N, C), or (N, 1, C) with
    `keepdims`. With a mask (N, steps), the mean is over the steps where it is True. The output has no mask.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalAveragePooling1D`.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [3.0], [100.0]]], "float32")
    >>> GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]])).numpy()
    array([[2.]], dtype=float32)
    """

    rank, _reduce = 1, ops.mean

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        there = ops.expand_dims(ops.cast(mask, "bool"), 2 if self.data_format == "channels_last" else 1)
        x = ops.where(there, ops.cast_if_needed(inputs, self.compute_dtype), 0.0)
        sums = ops.sum(x, self._axes, keepdims=self.keepdims)
        return ops.divide(sums, ops.sum(ops.cast(there, x.dtype), self._axes, keepdims=self.keepdims))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


class GlobalAveragePooling2D(GlobalPooling):
    """Mean of each channel over an image.

    Input (N, height, width, C), or (N, C, height, width) with data_format="channels_first"; output (N, C), or (N, 1, 1,
    C) with `keepdims`.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalAveragePooling2D`.

    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.arange(8.0, dtype="float32").reshape(1, 2, 2, 2)).numpy()
    array([[3., 4.]], dtype=float32)
    """

    rank, _reduce = 2, ops.mean


class GlobalAveragePooling3D(GlobalPooling):
    """Mean of each channel over a volume.

    Input (N, depth, height, width, C), or (N, C, depth, height, width) with data_format="channels_first"; output (N,
    C), or (N, 1, 1, 1, C) with `keepdims`.

    Args:
        data_format: "channels_last" (the default) or "channels_first".
        keepdims: whether to keep the spatial axes, with size 1; False by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: an unknown data_format; an input with the wrong rank.

    Source: Keras 3, `keras.layers.GlobalAveragePooling3D`.

    >>> import numpy as np
    >>> GlobalAveragePooling3D(keepdims=True)(np.zeros((2, 4, 5, 6, 3), "float32")).shape
    (2, 1, 1, 1, 3)
    """

    rank, _reduce = 3, ops.mean


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D

GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D

GlobalAvgPool3D = GlobalAveragePooling3D
