"""Depthwise convolution layers: separate filters for each channel."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops

from ..base.arguments import positive
from .windowed import Windowed


class DepthwiseConv(Windowed):
    """Base of DepthwiseConv1D and DepthwiseConv2D: applies `depth_multiplier` separate filters to each channel.

    x (N, spatial..., C), kernel (K..., C, M), bias (C M,), y (N, out..., C M). `DepthwiseConv2D` describes the
    arguments and the errors.
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

    def _product_with_border(
        self, x: Any, kernel: Any, bias: Any, activation: tuple[str, float], border: tuple[tuple[int, int], ...]
    ) -> Any:
        """As `_product` of the input with zeros (before, after) along each spatial axis; padding is "valid"."""
        # Raises ValueError if the window does not fit.
        self._extents(tuple(n + low + high for n, (low, high) in zip(x.shape[1:-1], border, strict=True)))
        return _core.depthwise_conv(x, kernel, bias, self.strides, border, self.dilation_rate, *activation)

    def _filters_for(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConv):
    """1D depthwise convolution over the steps of a sequence.

    Each channel has M = depth_multiplier filters of its own; filter m of channel c is output channel c M + m.
    Input x (N, steps, C), kernel (K, C, M), bias (C M,), output y (N, out_steps, C M). With
    data_format="channels_first", x is (N, C, steps) and y (N, C M, out_steps).
    The output sizes are those of `Conv1D`.

    Args:
        kernel_size: size K of the window, a positive integer.
        strides: step s of the window, a positive integer; 1 by default.
        padding: "valid" (the default) or "same" (output size ceil(n / s)).
        depth_multiplier: M, filters of each channel, a positive integer; 1 by default.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer; 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        depthwise_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        depthwise_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        depthwise_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank or number of channels; a kernel larger than the
            padded input.

    Source: Keras 3, `keras.layers.DepthwiseConv1D`.

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 10, 5), "float32")).shape
    (2, 8, 10)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConv):
    """2D depthwise convolution over images.

    Each channel has M = depth_multiplier filters of its own; filter m of channel c is output channel c M + m.
    Input x (N, height, width, C), kernel (K0, K1, C, M), bias (C M,), output y (N, out_height, out_width, C M). With
    data_format="channels_first", x is (N, C, height, width) and y (N, C M, out_height, out_width).
    The output sizes are those of `Conv2D`.

    Args:
        kernel_size: size K of the window, a positive integer, or a pair (height, width) of them.
        strides: step s of the window, a positive integer, or a pair (height, width) of them; 1 by default.
        padding: "valid" (the default) or "same" (output size ceil(n / s)).
        depth_multiplier: M, filters of each channel, a positive integer; 1 by default.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or a pair (height, width) of
            them; 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        depthwise_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        depthwise_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        depthwise_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; an input with the wrong rank or number of channels; a kernel larger than the
            padded input.

    Source: Keras 3, `keras.layers.DepthwiseConv2D`.

    >>> import numpy as np
    >>> layer = DepthwiseConv2D(3, padding="same")
    >>> layer(np.ones((2, 8, 8, 5), "float32")).shape, layer.count_params()
    ((2, 8, 8, 5), 50)
    """

    rank = 2
