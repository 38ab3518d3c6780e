"""Depthwise and separable convolution layers: each channel by itself, and then, in separable ones, a mix of them."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from .windowed import Windowed


class DepthwiseConv(Windowed):
    """Base of DepthwiseConv1D and DepthwiseConv2D: each channel has `depth_multiplier` filters of its own.

    x (N, spatial..., C), kernel (K..., C, M), bias (C M,), y (N, places..., C M): filter m of channel c at c M + m.

    Args:
        depth_multiplier: M, a positive integer.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the kernel.

    The other arguments, and errors, are those of `Conv`, without filters and groups.

    Source: Keras 3, `keras.layers.DepthwiseConv2D`.
    """

    _roles = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = positive(depth_multiplier, type(self).__name__, "depth_multiplier")

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._add("depthwise", "kernel", shape)
        self._add_bias(channels * self.depth_multiplier)
        self._takes(channels, shape)

    def _convolve(self, x: Any, kernel: Any = None, **arguments: Any) -> Any:
        return ops.depthwise_conv(x, self.kernel if kernel is None else kernel, **arguments)

    def _filters_for(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConv):
    """Depthwise convolution over steps; the arguments are those of `DepthwiseConv`.

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 10, 5), "float32")).shape
    (2, 8, 10)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConv):
    """Depthwise convolution over images; the arguments are those of `DepthwiseConv`.

    >>> import numpy as np
    >>> layer = DepthwiseConv2D(3, padding="same")
    >>> layer(np.ones((2, 8, 8, 5), "float32")).shape, layer.count_params()
    ((2, 8, 8, 5), 50)
    """

    rank = 2


class SeparableConv(Windowed):
    """Base of SeparableConv1D and SeparableConv2D: a depthwise convolution, then one of 1 x 1 that mixes the channels.

    x (N, spatial..., C), depthwise_kernel (K..., C, M), pointwise_kernel (1..., C M, filters), bias (filters,),
    y (N, places..., filters). Fewer weights and operations than `Conv` with the same window by about K... / M.

    Args:
        depth_multiplier: M, a positive integer.
        depthwise_..., pointwise_...: initializer, regularizer and constraint of either kernel.

    The other arguments, and errors, are those of `Conv`, without groups.

    Source: Keras 3, `keras.layers.SeparableConv2D`; Chollet, "Xception", 2017.
    """

    _roles = ("depthwise", "pointwise", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        layer = type(self).__name__
        self.filters = positive(filters, layer, "filters")
        self.depth_multiplier = positive(depth_multiplier, layer, "depth_multiplier")

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._add("depthwise", "depthwise_kernel", shape)
        pointwise = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._add("pointwise", "pointwise_kernel", pointwise)
        self._add_bias(self.filters)
        self._takes(channels, shape)

    def _convolve(self, x: Any, **arguments: Any) -> Any:
        return ops.separable_conv(x, self.depthwise_kernel, self.pointwise_kernel, **arguments)

    def _filters_for(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "depth_multiplier": self.depth_multiplier}


class SeparableConv1D(SeparableConv):
    """Separable convolution over steps; the arguments are those of `SeparableConv`.

    >>> import numpy as np
    >>> SeparableConv1D(4, 3)(np.ones((2, 10, 5), "float32")).shape
    (2, 8, 4)
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """Separable convolution over images; the arguments are those of `SeparableConv`.

    >>> import numpy as np
    >>> layer = SeparableConv2D(16, 3, padding="same")
    >>> layer(np.ones((2, 8, 8, 5), "float32")).shape, layer.count_params()
    ((2, 8, 8, 16), 141)
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
