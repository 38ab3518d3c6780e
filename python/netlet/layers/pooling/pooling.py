"""The maximum or the average over windows."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.windows import Window, per_axis, standardize_padding

from ..base.spatial import Spatial


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


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
