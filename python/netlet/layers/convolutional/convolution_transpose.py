"""Transposed convolution layers: from few places to many, as decoders and generators do."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.ops.convolution import check_output_padding

from ..base.arguments import positive
from .windowed import Windowed, no_strides_with_dilation


class ConvTranspose(Windowed):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose: the gradient of a convolution as a layer.

    x (N, places..., C), kernel (K..., filters, C), bias (filters,), y (N, spatial..., filters). An axis of n becomes
    n s long for "same", and (n - 1) s + max(span, s) for "valid", where span = dilation (K - 1) + 1.

    Args:
        output_padding: None, or how much longer than the shortest an axis of the result is, less than its stride:
            (n - 1) s + span % 2 + output_padding for "same", (n - 1) s + span + output_padding for "valid".

    The other arguments, and errors, are those of `Conv`, without groups.

    Source: Keras 3, `keras.layers.Conv2DTranspose`; Zeiler et al., "Deconvolutional networks", 2010.
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
    """Transposed convolution over steps; the arguments are those of `ConvTranspose`.

    >>> import numpy as np
    >>> Conv1DTranspose(4, 3, strides=2)(np.ones((2, 10, 5), "float32")).shape
    (2, 21, 4)
    """

    rank = 1


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution over images; the arguments are those of `ConvTranspose`.

    >>> import numpy as np
    >>> layer = Conv2DTranspose(8, 3, strides=2, padding="same")
    >>> layer(np.ones((2, 7, 7, 16), "float32")).shape, layer.kernel.shape
    ((2, 14, 14, 8), (3, 3, 8, 16))
    """

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution over volumes; the arguments are those of `ConvTranspose`.

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
