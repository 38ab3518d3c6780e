"""Separable convolution layers: a depthwise convolution, then a 1x1 convolution over the channels."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from .windowed import Windowed


class SeparableConv(Windowed):
    """Base of SeparableConv1D and SeparableConv2D: a depthwise convolution, then a 1x1 convolution over the channels.

    x (N, spatial..., C), depthwise_kernel (K..., C, M), pointwise_kernel (1..., C M, filters), bias (filters,),
    y (N, out..., filters). `SeparableConv2D` describes the arguments and the errors.
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
    """1D separable convolution over the steps of a sequence.

    A depthwise convolution, then a convolution of size 1 over the channels. It has fewer weights and operations than
    `Conv1D`, by a factor of about K / M.
    Input x (N, steps, C), depthwise_kernel (K, C, M), pointwise_kernel (1, C M, filters), bias (filters,), output y (N,
    out_steps, filters). With data_format="channels_first", x is (N, C, steps) and y (N, filters, out_steps).
    The output sizes are those of `Conv1D`.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer.
        strides: step s of the window, a positive integer; 1 by default.
        padding: "valid" (the default) or "same" (output size ceil(n / s)).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer; 1 by default.
        depth_multiplier: M, depthwise filters of each channel, a positive integer; 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        depthwise_initializer, pointwise_initializer: of the two kernels; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied to the weights after each update; None by
            default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank or number of channels; a kernel larger than the
            padded input.

    Source: Chollet, "Xception", 2017; Keras 3, `keras.layers.SeparableConv1D`.

    >>> import numpy as np
    >>> SeparableConv1D(4, 3)(np.ones((2, 10, 5), "float32")).shape
    (2, 8, 4)
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """2D separable convolution over images.

    A depthwise convolution, then a convolution of size 1 over the channels. It has fewer weights and operations than
    `Conv2D`, by a factor of about K0 K1 / M.
    Input x (N, height, width, C), depthwise_kernel (K0, K1, C, M), pointwise_kernel (1, 1, C M, filters), bias
    (filters,), output y (N, out_height, out_width, filters). With data_format="channels_first", x is (N, C, height,
    width) and y (N, filters, out_height, out_width).
    The output sizes are those of `Conv2D`.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or a pair (height, width) of them.
        strides: step s of the window, a positive integer, or a pair (height, width) of them; 1 by default.
        padding: "valid" (the default) or "same" (output size ceil(n / s)).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or a pair (height, width) of
            them; 1 by default.
        depth_multiplier: M, depthwise filters of each channel, a positive integer; 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        depthwise_initializer, pointwise_initializer: of the two kernels; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied to the weights after each update; None by
            default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank or number of channels; a kernel larger than the
            padded input.

    Source: Chollet, "Xception", 2017; Keras 3, `keras.layers.SeparableConv2D`.

    >>> import numpy as np
    >>> layer = SeparableConv2D(16, 3, padding="same")
    >>> layer(np.ones((2, 8, 8, 5), "float32")).shape, layer.count_params()
    ((2, 8, 8, 16), 141)
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
