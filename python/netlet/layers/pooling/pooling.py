"""Pooling over sequences, images and volumes: windows, and whole axes."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.windows import Window, per_axis, standardize_padding

from ..base.spatial import Spatial


# ---- windows ---------------------------------------------------------------------------------------------------------
class Pooling(Spatial):
    """Base of MaxPooling and AveragePooling: `_pool` says which, `rank` how many spatial axes.

    x (N, spatial ..., C) -> (N, places ..., C). An axis of n has floor((n - pool_size) / stride) + 1 places where
    padding is "valid", and ceil(n / stride) where it is "same".

    Args:
        pool_size: extent of the windows, a positive integer, or one for each spatial axis.
        strides: from one window to the next; None: pool_size.
        padding: "valid": windows inside the image only; "same": windows over its border, where what lies outside
            does not count.
        data_format: "channels_last" or "channels_first", which costs a transpose each way.

    Raises:
        ValueError: arguments that cannot be; an input of another rank, or smaller than a window.
    """

    _pool: ClassVar[Any]
    _floating = True

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, name=name, **kwargs)
        kind = type(self).__name__
        self.pool_size = per_axis(pool_size, self.rank, f"{kind}: `pool_size`")
        self.strides = self.pool_size if strides is None else per_axis(strides, self.rank, f"{kind}: `strides`")
        self.padding = standardize_padding(padding, kind)

    def call(self, inputs: Any) -> Any:
        return type(self)._pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)

    def _extents(self, extents: tuple[int | None, ...], input_shape: Any) -> tuple[int | None, ...]:
        places = Window(self.pool_size, self.strides, (1,) * self.rank, self.padding).places(extents)
        if any(n is not None and n < 1 for n in places):
            raise ValueError(
                f"Layer '{self.name}': windows of pool_size={self.pool_size} do not fit into inputs of shape "
                f'{input_shape}. Use padding="same" or less pooling and striding before; or are the axes in another '
                "order?"
            )
        return places

    def get_config(self) -> dict[str, Any]:
        own = {"pool_size": self.pool_size, "padding": self.padding, "strides": self.strides}
        return {**super().get_config(), **own}


class MaxPooling(Pooling):
    """Base of MaxPooling1D, 2D and 3D."""

    _pool = ops.max_pool

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class MaxPooling1D(MaxPooling):
    """The largest value of each window of steps: x (N, steps, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).numpy().ravel()
    array([3., 2.], dtype=float32)
    """

    rank = 1


class MaxPooling2D(MaxPooling):
    """The largest value of each window: x (N, height, width, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> MaxPooling2D((2, 2))(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    rank = 2


class MaxPooling3D(MaxPooling):
    """The largest value of each window: x (N, depth, height, width, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> MaxPooling3D(2, padding="same")(np.zeros((1, 4, 5, 6, 2), "float32")).shape
    (1, 2, 3, 3, 2)
    """

    rank = 3


class AveragePooling(Pooling):
    """Base of AveragePooling1D, 2D and 3D."""

    _pool = ops.average_pool


class AveragePooling1D(AveragePooling):
    """The mean of each window of steps: x (N, steps, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).numpy().ravel()
    array([2., 1.], dtype=float32)
    """

    rank = 1


class AveragePooling2D(AveragePooling):
    """The mean of each window: x (N, height, width, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> AveragePooling2D(3, strides=1, padding="same")(np.ones((1, 4, 4, 2), "float32")).numpy().min()
    np.float32(1.0)
    """

    rank = 2


class AveragePooling3D(AveragePooling):
    """The mean of each window: x (N, depth, height, width, C); the arguments are those of `Pooling`.

    >>> import numpy as np
    >>> AveragePooling3D((1, 2, 2))(np.zeros((1, 4, 5, 6, 2), "float32")).shape
    (1, 4, 2, 3, 2)
    """

    rank = 3


# ---- whole axes ------------------------------------------------------------------------------------------------------
class GlobalPooling(Spatial):
    """Base of GlobalMaxPooling and GlobalAveragePooling: x (N, spatial ..., C) -> (N, C).

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether the spatial axes stay, with extent 1.
    """

    _reduce: ClassVar[Any]
    _floating = True

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
    """The largest value of each channel: x (N, steps, C) -> (N, C); the arguments are those of `GlobalPooling`."""

    rank, _reduce = 1, ops.max


class GlobalMaxPooling2D(GlobalPooling):
    """The largest value of each channel: x (N, height, width, C) -> (N, C); the arguments are those of `GlobalPooling`.

    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.arange(8.0, dtype="float32").reshape(1, 2, 2, 2)).numpy()
    array([[6., 7.]], dtype=float32)
    """

    rank, _reduce = 2, ops.max


class GlobalMaxPooling3D(GlobalPooling):
    """The largest value of each channel: x (N, depth, height, width, C) -> (N, C); arguments as of `GlobalPooling`."""

    rank, _reduce = 3, ops.max


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel: x (N, steps, C) -> (N, C); the arguments are those of `GlobalPooling`.

    Where there is a mask (N, steps), the mean is over the steps that it lets through; nothing else has one behind this
    layer.

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
    """The mean of each channel: x (N, height, width, C) -> (N, C); the arguments are those of `GlobalPooling`.

    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.arange(8.0, dtype="float32").reshape(1, 2, 2, 2)).numpy()
    array([[3., 4.]], dtype=float32)
    """

    rank, _reduce = 2, ops.mean


class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel: x (N, depth, height, width, C) -> (N, C); arguments as of `GlobalPooling`."""

    rank, _reduce = 3, ops.mean


# ---- as many windows as places are asked for -------------------------------------------------------------------------
class AdaptivePooling(Spatial):
    """Base of AdaptiveMaxPooling and AdaptiveAveragePooling: x (N, spatial ..., C) -> (N, output_size ..., C).

    Args:
        output_size: positive integer, or one for each spatial axis, no larger than the input's.
        data_format: "channels_last" or "channels_first".
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
    """`ops.adaptive_max_pool` of x (N, steps, C); the arguments are those of `AdaptivePooling`."""

    rank, _pool = 1, ops.adaptive_max_pool


class AdaptiveMaxPooling2D(AdaptivePooling):
    """`ops.adaptive_max_pool` of x (N, height, width, C); the arguments are those of `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling2D(2)(np.zeros((1, 5, 7, 3), "float32")).shape
    (1, 2, 2, 3)
    """

    rank, _pool = 2, ops.adaptive_max_pool


class AdaptiveMaxPooling3D(AdaptivePooling):
    """`ops.adaptive_max_pool` of x (N, depth, height, width, C); the arguments are those of `AdaptivePooling`."""

    rank, _pool = 3, ops.adaptive_max_pool


class AdaptiveAveragePooling1D(AdaptivePooling):
    """`ops.adaptive_average_pool` of x (N, steps, C); the arguments are those of `AdaptivePooling`."""

    rank, _pool = 1, ops.adaptive_average_pool


class AdaptiveAveragePooling2D(AdaptivePooling):
    """`ops.adaptive_average_pool` of x (N, height, width, C); the arguments are those of `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling2D((1, 2))(np.ones((1, 5, 7, 3), "float32")).shape
    (1, 1, 2, 3)
    """

    rank, _pool = 2, ops.adaptive_average_pool


class AdaptiveAveragePooling3D(AdaptivePooling):
    """`ops.adaptive_average_pool` of x (N, depth, height, width, C); the arguments are those of `AdaptivePooling`."""

    rank, _pool = 3, ops.adaptive_average_pool


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
