"""Int8Conv1D to Int8Conv3D, their transposes, and depthwise and separable ones: convolutions of 8-bit codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from netlet import _core
from netlet.ops.spatial.data_format import back, channels_last

from ...base.quantization.quantized_classes import quantizes
from ...convolutional import convolution as float_conv
from ...convolutional import convolution_depthwise as float_depthwise
from ...convolutional import convolution_separable as float_separable
from ...convolutional import convolution_transpose as float_transpose
from ...convolutional.windowed import Windowed
from ..base.quantized_layer import QuantizedLayer


class QuantizedWindow(QuantizedLayer, Windowed):
    """Base of quantized convolutions. Dynamic activations have one scale for each image.

    Args:
        *args: those of the float class.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of the float class.
    """

    @property
    def _row_axes(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(range(1, self.rank + 2))

    def _on_codes(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        x = channels_last(x, self.data_format)
        y = self._product_of(x, x_scale, x_zero, activation, out_scale, out_zero)
        return back(y, self.data_format)

    def _product_of(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        """`_on_codes` for channels last."""
        extents = tuple(x.shape)[1:-1]
        self._extents(extents)  # raises ValueError if the window does not fit
        weights = *self._codes_of("kernel"), self.bias
        return self._native(
            x, x_scale, x_zero, *weights, *self._place(extents), *activation, out_scale=out_scale, out_zero=out_zero
        )

    _native: ClassVar[Callable[..., Any]] = staticmethod(_core.quantized_conv)

    def _place(self, extents: tuple[int, ...]) -> tuple[Any, ...]:
        """The native op's arguments strides, pads, sizes of a transposed convolution's result, dilation."""
        return self.strides, self._window.pads(extents), self.dilation_rate


class QuantizedConv(QuantizedWindow):
    """Base of Int8Conv1D, Int8Conv2D and Int8Conv3D: y = activation(x_hat * kernel_hat + bias).

    x_hat and kernel_hat are the values of the codes; see `Conv` for shapes. The sums of products of codes are exact.

    Args:
        *args: those of `Conv`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `Conv`.

    Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", 2018.
    """

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(range(len(shape) - 1))


class QuantizedConvTranspose(QuantizedWindow):
    """Base of Int8Conv1DTranspose to Int8Conv3DTranspose; see `ConvTranspose`.

    Args:
        *args: those of `ConvTranspose`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `ConvTranspose`.
    """

    _native = staticmethod(_core.quantized_conv_transpose)
    output_padding: Any  # of the float class

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*range(len(shape) - 2), len(shape) - 1)

    def _place(self, extents: tuple[int, ...]) -> tuple[Any, ...]:
        sizes, pads = self._window.transposed(extents, self.output_padding)
        return self.strides, pads, sizes, self.dilation_rate


class QuantizedDepthwise(QuantizedWindow):
    """Base of Int8DepthwiseConv1D and Int8DepthwiseConv2D; see `DepthwiseConv`. Each output channel has its own scale.

    Args:
        *args: those of `DepthwiseConv`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `DepthwiseConv`.
    """

    _native = staticmethod(_core.quantized_depthwise_conv)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(range(len(shape) - 2))


class QuantizedSeparable(QuantizedWindow):
    """Base of Int8SeparableConv1D and Int8SeparableConv2D; see `SeparableConv`.

    What the depthwise convolution returns has a scale for each image, with static activations too.

    Args:
        *args: those of `SeparableConv`.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of `SeparableConv`.
    """

    _coded = ("depthwise_kernel", "pointwise_kernel")

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(range(len(shape) - (2 if name == "depthwise_kernel" else 1)))

    def _product_of(
        self, x: Any, x_scale: Any, x_zero: Any, activation: tuple[str, float], out_scale: Any, out_zero: Any
    ) -> Any:
        extents = tuple(x.shape)[1:-1]
        self._extents(extents)
        kernel, none, ones = self._codes_of("depthwise_kernel"), [(0, 0)] * self.rank, (1,) * self.rank
        deep = _core.quantized_depthwise_conv(x, x_scale, x_zero, *kernel, None, *self._place(extents))
        middle = _core.quantize_zeropoint(deep, "uint8", list(self._row_axes), 0)
        weights = *self._codes_of("pointwise_kernel"), self.bias
        return _core.quantized_conv(
            *middle, *weights, ones, none, ones, *activation, out_scale=out_scale, out_zero=out_zero
        )


@quantizes(float_conv.Conv1D)
class Int8Conv1D(QuantizedConv, float_conv.Conv1D):
    """Conv1D of 8-bit codes; see `QuantizedConv`."""


@quantizes(float_conv.Conv2D)
class Int8Conv2D(QuantizedConv, float_conv.Conv2D):
    """Conv2D of 8-bit codes; see `QuantizedConv`."""


@quantizes(float_conv.Conv3D)
class Int8Conv3D(QuantizedConv, float_conv.Conv3D):
    """Conv3D of 8-bit codes; see `QuantizedConv`."""


@quantizes(float_transpose.Conv1DTranspose)
class Int8Conv1DTranspose(QuantizedConvTranspose, float_transpose.Conv1DTranspose):
    """Conv1DTranspose of 8-bit codes; see `QuantizedConvTranspose`."""


@quantizes(float_transpose.Conv2DTranspose)
class Int8Conv2DTranspose(QuantizedConvTranspose, float_transpose.Conv2DTranspose):
    """Conv2DTranspose of 8-bit codes; see `QuantizedConvTranspose`."""


@quantizes(float_transpose.Conv3DTranspose)
class Int8Conv3DTranspose(QuantizedConvTranspose, float_transpose.Conv3DTranspose):
    """Conv3DTranspose of 8-bit codes; see `QuantizedConvTranspose`."""


@quantizes(float_depthwise.DepthwiseConv1D)
class Int8DepthwiseConv1D(QuantizedDepthwise, float_depthwise.DepthwiseConv1D):
    """DepthwiseConv1D of 8-bit codes; see `QuantizedDepthwise`."""


@quantizes(float_depthwise.DepthwiseConv2D)
class Int8DepthwiseConv2D(QuantizedDepthwise, float_depthwise.DepthwiseConv2D):
    """DepthwiseConv2D of 8-bit codes; see `QuantizedDepthwise`."""


@quantizes(float_separable.SeparableConv1D)
class Int8SeparableConv1D(QuantizedSeparable, float_separable.SeparableConv1D):
    """SeparableConv1D of 8-bit codes; see `QuantizedSeparable`."""


@quantizes(float_separable.SeparableConv2D)
class Int8SeparableConv2D(QuantizedSeparable, float_separable.SeparableConv2D):
    """SeparableConv2D of 8-bit codes; see `QuantizedSeparable`."""
