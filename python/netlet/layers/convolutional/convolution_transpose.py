"""Transposed convolution layers, which upsample; used in decoders and generators."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.nn.convolution import check_output_padding

from ..base.arguments import positive
from .windowed import Windowed, no_strides_with_dilation


class ConvTranspose(Windowed):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose: the gradient of a convolution as a layer.

    x (N, spatial..., C), kernel (K..., filters, C), bias (filters,), y (N, out..., filters). `Conv2DTranspose`
    describes the arguments, the output sizes and the errors.
    """

    _roles = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.filters = positive(filters, layer, "filters")
        no_strides_with_dilation(self)
        self.output_padding = (
            None if output_padding is None else check_output_padding(output_padding, self.strides, layer)
        )

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = self._add("kernel", "kernel", shape)
        self._add_bias(self.filters)
        self._takes(channels, shape)

    def _convolve(self, x: Any, **arguments: Any) -> Any:
        return ops.conv_transpose(x, self.kernel, output_padding=self.output_padding, **arguments)

    def _filters_for(self, channels: int | None) -> int | None:
        return self.filters

    def _extents(self, extents: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return self._window.extents(extents, self.output_padding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}


class Conv1DTranspose(ConvTranspose):
    """1D transposed convolution over the steps of a sequence.

    It computes what the gradient of `Conv1D` with respect to its input computes, and so enlarges its input.
    Input x (N, steps, C), kernel (K, filters, C), bias (filters,), output y (N, out_steps, filters). With
    data_format="channels_first", x is (N, C, steps) and y (N, filters, out_steps).

    n steps become n s for "same", and (n - 1) s + max(span, s) for "valid", where s is the stride and span = dilation
    (K - 1) + 1.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer.
        strides: step s of the window in the output, a positive integer; 1 by default.
        padding: "valid" (the default) or "same".
        output_padding: a non-negative integer less than the stride. The output size is then (n - 1) s + span % 2 +
            output_padding for "same", (n - 1) s + span + output_padding for "valid". None (the default): the sizes
            above.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer; 1 by default. Strides and
            dilation cannot both be above 1.
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
            channels.

    Source: Zeiler et al., "Deconvolutional networks", 2010; Keras 3, `keras.layers.Conv1DTranspose`.

    >>> import numpy as np
    >>> Conv1DTranspose(4, 3, strides=2)(np.ones((2, 10, 5), "float32")).shape
    (2, 21, 4)
    """

    rank = 1


class Conv2DTranspose(ConvTranspose):
    """2D transposed convolution over images.

    It computes what the gradient of `Conv2D` with respect to its input computes, and so enlarges its input.
    Input x (N, height, width, C), kernel (K0, K1, filters, C), bias (filters,), output y (N, out_height, out_width,
    filters). With data_format="channels_first", x is (N, C, height, width) and y (N, filters, out_height, out_width).

    A height or width of n becomes n s for "same", and (n - 1) s + max(span, s) for "valid", where s is the stride and
    span = dilation (K - 1) + 1.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or a pair (height, width) of them.
        strides: step s of the window in the output, a positive integer, or a pair (height, width) of them; 1 by
            default.
        padding: "valid" (the default) or "same".
        output_padding: a non-negative integer, or one for each spatial axis, less than the stride. The output size is
            then (n - 1) s + span % 2 + output_padding for "same", (n - 1) s + span + output_padding for "valid". None
            (the default): the sizes above.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or a pair (height, width) of
            them; 1 by default. Strides and dilation cannot both be above 1.
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
            channels.

    Source: Zeiler et al., "Deconvolutional networks", 2010; Keras 3, `keras.layers.Conv2DTranspose`.

    >>> import numpy as np
    >>> layer = Conv2DTranspose(8, 3, strides=2, padding="same")
    >>> layer(np.ones((2, 7, 7, 16), "float32")).shape, layer.kernel.shape
    ((2, 14, 14, 8), (3, 3, 8, 16))
    """

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """3D transposed convolution over volumes.

    It computes what the gradient of `Conv3D` with respect to its input computes, and so enlarges its input.
    Input x (N, depth, height, width, C), kernel (K0, K1, K2, filters, C), bias (filters,), output y (N, out_depth,
    out_height, out_width, filters). With data_format="channels_first", x is (N, C, depth, height, width) and y (N,
    filters, out_depth, out_height, out_width).

    A depth, height or width of n becomes n s for "same", and (n - 1) s + max(span, s) for "valid", where s is the
    stride and span = dilation (K - 1) + 1.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size: size K of the window, a positive integer, or three of them (depth, height, width).
        strides: step s of the window in the output, a positive integer, or three of them (depth, height, width); 1 by
            default.
        padding: "valid" (the default) or "same".
        output_padding: a non-negative integer, or one for each spatial axis, less than the stride. The output size is
            then (n - 1) s + span % 2 + output_padding for "same", (n - 1) s + span + output_padding for "valid". None
            (the default): the sizes above.
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        dilation_rate: distance between the elements of the window, a positive integer, or three of them (depth, height,
            width); 1 by default. Strides and dilation cannot both be above 1.
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
            channels.

    Source: Zeiler et al., "Deconvolutional networks", 2010; Keras 3, `keras.layers.Conv3DTranspose`.

    >>> import numpy as np
    >>> Conv3DTranspose(1, 2, strides=2)(np.ones((1, 2, 3, 4, 2), "float32")).shape
    (1, 4, 6, 8, 1)
    """

    rank = 3


Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
