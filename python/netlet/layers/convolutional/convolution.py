"""Convolution layers, and what all families of them share."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..base.arguments import positive
from .windowed import Windowed, no_strides_with_dilation


class Conv(Windowed):
    """Base of Conv1D, Conv2D and Conv3D: y = activation(x * kernel + bias), `*` being cross-correlation.

    x (N, spatial..., C), kernel (K..., C / groups, filters), bias (filters,), y (N, places..., filters); C before the
    spatial axes for `data_format="channels_first"`. An axis of n has floor((n - span + p) / s) + 1 places, where
    span = dilation (K - 1) + 1.

    Args:
        filters: channels of the output, a positive integer.
        kernel_size, strides, dilation_rate: positive integers, or one for each spatial axis.
        padding: "valid" (p = 0), "same" (ceil(n / s) places; where p is odd the larger half is at the end, as in
            TensorFlow), or, Conv1D alone, "causal" (all of it at the start).
        data_format: "channels_last" (the default) or "channels_first", which costs a transpose each way.
        groups: each group of C / groups channels has its own filters / groups filters.
        activation: name, function or None (linear). linear, relu, leaky_relu, sigmoid, tanh, elu and exponential are
            applied while the result is still in registers.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: see those modules.

    Raises:
        ValueError: arguments that cannot be; strides with dilation; an input of another rank or other channels than
            before; channels or filters that the groups do not divide; a kernel larger than the padded input.

    Source: Keras 3, `keras.layers.Conv2D`.
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
            raise ValueError(f"{layer}: {self.filters} filters cannot be shared evenly by {self.groups} groups.")
        no_strides_with_dilation(self)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"Layer '{self.name}': {channels} channels cannot be shared evenly by {self.groups} groups; given "
                f"shape {tuple(input_shape)} ({self.data_format})."
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
    """Convolution over the steps of a sequence: x (N, steps, C); the arguments are those of `Conv`.

    >>> import numpy as np
    >>> layer = Conv1D(4, 3, padding="causal", activation="relu")
    >>> layer(np.ones((2, 10, 5), "float32")).shape, layer.count_params()
    ((2, 10, 4), 64)
    """

    rank, _causal = 1, True


class Conv2D(Conv):
    """Convolution over images: x (N, height, width, C); the arguments are those of `Conv`.

    >>> import numpy as np
    >>> layer = Conv2D(32, (3, 3), activation="relu")
    >>> layer(np.ones((2, 28, 28, 1), "float32")).shape, layer.kernel.shape
    ((2, 26, 26, 32), (3, 3, 1, 32))
    """

    rank = 2


class Conv3D(Conv):
    """Convolution over volumes or videos: x (N, depth, height, width, C); the arguments are those of `Conv`.

    >>> import numpy as np
    >>> Conv3D(2, 3, strides=2, padding="same")(np.ones((1, 5, 6, 7, 1), "float32")).shape
    (1, 3, 3, 4, 2)
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
