"""Max and average pooling over windows."""

from __future__ import annotations

from typing import Any, ClassVar

from netlet import ops
from netlet.ops.spatial.windows import Window, per_axis, standardize_padding

from ..base.spatial import Spatial


class Pooling(Spatial):
    """Base of MaxPooling and AveragePooling: pooling over windows of `rank` spatial axes with the op `_pool`.

    x (N, spatial ..., C) -> (N, out ..., C). `AveragePooling2D` describes the arguments, the output sizes and the
    errors.
    """

    _pool: ClassVar[Any]
    _floating = True

    _needs_no_build = True

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
                f"Layer '{self.name}': expected inputs at least as large as pool_size={self.pool_size}, received "
                f'shape {input_shape}. Use padding="same" or less pooling and striding before this layer, or check the '
                "order of the axes."
            )
        return places

    def get_config(self) -> dict[str, Any]:
        own = {"pool_size": self.pool_size, "padding": self.padding, "strides": self.strides}
        return {**super().get_config(), **own}


class MaxPooling(Pooling):
    """Base of MaxPooling1D, 2D and 3D: `pool_size` is 2 by default."""

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
    """Max pooling over windows of the steps of a sequence.

    Each output is the maximum of one channel over a window. Input (N, steps, C), output (N, out_steps, C); with
    data_format="channels_first" (N, C, steps) and (N, C, out_steps). n steps become floor((n - pool_size) / strides) +
    1 with padding "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer; 2 by default.
        strides: step of the windows, a positive integer; None (the default): pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "max_pooling1d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.MaxPooling1D`.

    >>> import numpy as np
    >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).numpy().ravel()
    array([3., 2.], dtype=float32)
    """

    rank = 1


class MaxPooling2D(MaxPooling):
    """Max pooling over windows of images.

    Each output is the maximum of one channel over a window. Input (N, height, width, C), output (N, out_height,
    out_width, C); with data_format="channels_first" (N, C, height, width) and (N, C, out_height, out_width). A height
    or width of n becomes floor((n - pool_size) / strides) + 1 with padding "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer, or a pair (height, width) of them; 2 by default.
        strides: step of the windows, a positive integer, or a pair (height, width) of them; None (the default):
            pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "max_pooling2d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.MaxPooling2D`.

    >>> import numpy as np
    >>> MaxPooling2D((2, 2))(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    rank = 2


class MaxPooling3D(MaxPooling):
    """Max pooling over windows of volumes.

    Each output is the maximum of one channel over a window. Input (N, depth, height, width, C), output (N, out_depth,
    out_height, out_width, C); with data_format="channels_first" (N, C, depth, height, width) and (N, C, out_depth,
    out_height, out_width). A depth, height or width of n becomes floor((n - pool_size) / strides) + 1 with padding
    "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer, or three of them (depth, height, width); 2 by default.
        strides: step of the windows, a positive integer, or three of them (depth, height, width); None (the default):
            pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "max_pooling3d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.MaxPooling3D`.

    >>> import numpy as np
    >>> MaxPooling3D(2, padding="same")(np.zeros((1, 4, 5, 6, 2), "float32")).shape
    (1, 2, 3, 3, 2)
    """

    rank = 3


class AveragePooling(Pooling):
    """Base of AveragePooling1D, 2D and 3D."""

    _pool = ops.average_pool


class AveragePooling1D(AveragePooling):
    """Average pooling over windows of the steps of a sequence.

    Each output is the mean of one channel over a window. Input (N, steps, C), output (N, out_steps, C); with
    data_format="channels_first" (N, C, steps) and (N, C, out_steps). n steps become floor((n - pool_size) / strides) +
    1 with padding "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer.
        strides: step of the windows, a positive integer; None (the default): pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "average_pooling1d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.AveragePooling1D`.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).numpy().ravel()
    array([2., 1.], dtype=float32)
    """

    rank = 1


class AveragePooling2D(AveragePooling):
    """Average pooling over windows of images.

    Each output is the mean of one channel over a window. Input (N, height, width, C), output (N, out_height, out_width,
    C); with data_format="channels_first" (N, C, height, width) and (N, C, out_height, out_width). A height or width of
    n becomes floor((n - pool_size) / strides) + 1 with padding "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer, or a pair (height, width) of them.
        strides: step of the windows, a positive integer, or a pair (height, width) of them; None (the default):
            pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "average_pooling2d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.AveragePooling2D`.

    >>> import numpy as np
    >>> AveragePooling2D(2)(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    rank = 2


class AveragePooling3D(AveragePooling):
    """Average pooling over windows of volumes.

    Each output is the mean of one channel over a window. Input (N, depth, height, width, C), output (N, out_depth,
    out_height, out_width, C); with data_format="channels_first" (N, C, depth, height, width) and (N, C, out_depth,
    out_height, out_width). A depth, height or width of n becomes floor((n - pool_size) / strides) + 1 with padding
    "valid", ceil(n / strides) with "same".

    Args:
        pool_size: size of the windows, a positive integer, or three of them (depth, height, width).
        strides: step of the windows, a positive integer, or three of them (depth, height, width); None (the default):
            pool_size.
        padding: "valid" (the default): only windows inside the input; "same": windows may cross the border, and
            elements outside the input are ignored.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        name: name of the layer; None (the default): "average_pooling3d", numbered.
        **kwargs: the other arguments of `Layer`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank, or smaller than a window.

    Source: Keras 3, `keras.layers.AveragePooling3D`.

    >>> import numpy as np
    >>> AveragePooling3D((1, 2, 2))(np.zeros((1, 4, 5, 6, 2), "float32")).shape
    (1, 4, 2, 3, 2)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D

AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
