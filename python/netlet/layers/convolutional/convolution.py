"""Conv1D, Conv2D and Conv3D."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from .windowed import Windowed, no_strides_with_dilation


class Conv(Windowed):
    """Base of Conv1D, Conv2D and Conv3D: y = activation(x * kernel + bias), `*` being cross-correlation.

    x (N, spatial..., C), kernel (K..., C / groups, filters), bias (filters,), y (N, out..., filters). `Conv2D`
    describes the arguments, the output sizes and the errors; only Conv1D has the padding "causal".
    """

    _roles = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
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
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        layer = type(self).__name__
        self.filters, self.groups = positive(filters, layer, "filters"), positive(groups, layer, "groups")
        if self.filters % self.groups:
            raise ValueError(
                f"{layer}: expected `filters` divisible by `groups`, received {self.filters} and {self.groups}."
            )
        no_strides_with_dilation(self)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': expected a number of channels divisible by {self.groups} groups, received "
                f"{channels}, shape {tuple(input_shape)} ({self.data_format})."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add("kernel", "kernel", shape)
        self._add_bias(self.filters)
        self._takes(channels, shape)

    def _convolve(self, x: Any, kernel: Any = None, **arguments: Any) -> Any:
        return ops.conv(x, self.kernel if kernel is None else kernel, **arguments)

    def _filters_for(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(Conv):
    """1D convolution over the steps of a sequence.

    y = activation(x * kernel + bias), where `*` is cross-correlation.
    Input x (N, steps, C), kernel (K, C / groups, filters), bias (filters,), output y (N, out_steps, filters). With
    data_format="channels_first", x is (N, C, steps) and y (N, filters, out_steps).

    n steps become floor((n - span + p) / s) + 1, where span = dilation (K - 1) + 1, p is the padding and s the stride.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer.
        strides: step s of the window, a positive integer; 1 by default.
        padding: "valid" (p = 0, the default), "same" (output size ceil(n / s); if p is odd, the larger half is at the
            end, as in TensorFlow) or "causal" (all padding before the first step, so that an output depends on no later
            step).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer; 1 by default. Strides and
            dilation cannot both be above 1.
        groups: number of channel groups; each group of C / groups channels has filters / groups filters. 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        kernel_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; an input with the wrong rank or number of
            channels; channels or filters that the groups do not divide; a kernel larger than the padded input.

    Source: Keras 3, `keras.layers.Conv1D`.

    >>> import numpy as np
    >>> layer = Conv1D(4, 3, padding="causal", activation="relu")
    >>> layer(np.ones((2, 10, 5), "float32")).shape, layer.count_params()
    ((2, 10, 4), 64)
    """

    rank, _causal = 1, True


class Conv2D(Conv):
    """2D convolution over images.

    y = activation(x * kernel + bias), where `*` is cross-correlation.
    Input x (N, height, width, C), kernel (K0, K1, C / groups, filters), bias (filters,), output y (N, out_height,
    out_width, filters). With data_format="channels_first", x is (N, C, height, width) and y (N, filters, out_height,
    out_width).

    A height or width of n becomes floor((n - span + p) / s) + 1, where span = dilation (K - 1) + 1, p is the padding
    and s the stride.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or a pair (height, width) of them.
        strides: step s of the window, a positive integer, or a pair (height, width) of them; 1 by default.
        padding: "valid" (p = 0, the default) or "same" (output size ceil(n / s); if p is odd, the larger half is at the
            end, as in TensorFlow).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or a pair (height, width) of
            them; 1 by default. Strides and dilation cannot both be above 1.
        groups: number of channel groups; each group of C / groups channels has filters / groups filters. 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        kernel_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; an input with the wrong rank or number of
            channels; channels or filters that the groups do not divide; a kernel larger than the padded input.

    Source: Keras 3, `keras.layers.Conv2D`.

    >>> import numpy as np
    >>> layer = Conv2D(32, (3, 3), activation="relu")
    >>> layer(np.ones((2, 28, 28, 1), "float32")).shape, layer.kernel.shape
    ((2, 26, 26, 32), (3, 3, 1, 32))
    """

    rank = 2


class Conv3D(Conv):
    """3D convolution over volumes or videos.

    y = activation(x * kernel + bias), where `*` is cross-correlation.
    Input x (N, depth, height, width, C), kernel (K0, K1, K2, C / groups, filters), bias (filters,), output y (N,
    out_depth, out_height, out_width, filters). With data_format="channels_first", x is (N, C, depth, height, width) and
    y (N, filters, out_depth, out_height, out_width).

    A depth, height or width of n becomes floor((n - span + p) / s) + 1, where span = dilation (K - 1) + 1, p is the
    padding and s the stride.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or three of them (depth, height, width).
        strides: step s of the window, a positive integer, or three of them (depth, height, width); 1 by default.
        padding: "valid" (p = 0, the default) or "same" (output size ceil(n / s); if p is odd, the larger half is at the
            end, as in TensorFlow).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or three of them (depth, height,
            width); 1 by default. Strides and dilation cannot both be above 1.
        groups: number of channel groups; each group of C / groups channels has filters / groups filters. 1 by default.
        activation: name, function or None (linear, the default). linear, relu, leaky_relu, sigmoid, tanh, elu,
            exponential and relu6 are fused into the convolution.
        use_bias: whether to add a bias; True by default.
        kernel_initializer: name, config or function; "glorot_uniform" by default.
        bias_initializer: name, config or function; "zeros" by default.
        kernel_regularizer, bias_regularizer: penalties on the weights; None by default.
        activity_regularizer: penalty on the output; None by default.
        kernel_constraint, bias_constraint: applied to the weights after each update; None by default.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: invalid arguments; strides together with dilation; an input with the wrong rank or number of
            channels; channels or filters that the groups do not divide; a kernel larger than the padded input.

    Source: Keras 3, `keras.layers.Conv3D`.

    >>> import numpy as np
    >>> Conv3D(2, 3, strides=2, padding="same")(np.ones((1, 5, 6, 7, 1), "float32")).shape
    (1, 3, 3, 4, 2)
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
