"""Dense, EinsumDense and convolution layers whose weights are stored as codes."""

from __future__ import annotations

from typing import Any, TypeVar

from ...base.quantization.int4_config import Int4Config
from ...base.quantization.quantized_classes import quantizes
from ...convolutional.convolution import Conv1D, Conv2D, Conv3D
from ...convolutional.convolution_depthwise import DepthwiseConv1D, DepthwiseConv2D
from ...convolutional.convolution_separable import SeparableConv1D, SeparableConv2D
from ...convolutional.convolution_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from ...core.dense import Dense
from ...core.einsum_dense import EinsumDense
from .weight_only_layer import CodedWeight, WeightOnly, all_but

C = TypeVar("C", bound=type)


def for_weights(float_class: type) -> Any:
    """Decorator: the class stores the weights of `float_class` in 8 and in 4 bits.

    Args:
        float_class: the float class, whose `call` the class gets.
    """

    def decorator(cls: C) -> C:
        cls.call = float_class.call  # type: ignore[attr-defined]
        if "kind" in vars(float_class):  # the native form of its `call`: rnn/native.py looks for both in one class
            cls.kind = float_class.kind  # type: ignore[attr-defined]
        for scheme in ("int8_weights", Int4Config.scheme):
            quantizes(float_class, scheme=scheme)(cls)
        return cls

    return decorator


class OneKernel(WeightOnly):
    """Base of layers with one coded weight, `kernel`.

    Args:
        *args, **kwargs: those of `WeightOnly`.
    """

    _coded = ("kernel",)
    kernel = CodedWeight()


@for_weights(Dense)
class WeightOnlyDense(OneKernel, Dense):
    """A Dense whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`.

    Args:
        *args, **kwargs: those of `Dense`, and `quantization_config`.
    """

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (0,)


@for_weights(EinsumDense)
class WeightOnlyEinsumDense(OneKernel, EinsumDense):
    """An EinsumDense, of any equation, whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`.

    Args:
        *args, **kwargs: those of `EinsumDense`, and `quantization_config`.
    """

    def build(self, input_shape: Any = None) -> None:
        self._input_axes = tuple(self._parts(input_shape).input_axes)
        super().build(input_shape)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self._input_axes


class WeightOnlyConv(OneKernel):
    """Base of the convolutions: a kernel (K..., channels, filters), with a scale for each filter.

    Args:
        *args, **kwargs: those of the float class, and `quantization_config`.
    """

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return all_but([-1], len(shape))


@for_weights(Conv1D)
class WeightOnlyConv1D(WeightOnlyConv, Conv1D):
    """A Conv1D whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(Conv2D)
class WeightOnlyConv2D(WeightOnlyConv, Conv2D):
    """A Conv2D whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(Conv3D)
class WeightOnlyConv3D(WeightOnlyConv, Conv3D):
    """A Conv3D whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


class WeightOnlyConvTranspose(OneKernel):
    """Base of the transposed convolutions: a kernel (K..., filters, channels), with a scale for each filter.

    Args:
        *args, **kwargs: those of the float class, and `quantization_config`.
    """

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return all_but([-2], len(shape))


@for_weights(Conv1DTranspose)
class WeightOnlyConv1DTranspose(WeightOnlyConvTranspose, Conv1DTranspose):
    """A Conv1DTranspose whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(Conv2DTranspose)
class WeightOnlyConv2DTranspose(WeightOnlyConvTranspose, Conv2DTranspose):
    """A Conv2DTranspose whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(Conv3DTranspose)
class WeightOnlyConv3DTranspose(WeightOnlyConvTranspose, Conv3DTranspose):
    """A Conv3DTranspose whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


class WeightOnlyDepthwiseConv(OneKernel):
    """Base of the depthwise convolutions: a kernel (K..., channels, multiplier), with a scale for each output channel.

    Args:
        *args, **kwargs: those of the float class, and `quantization_config`.
    """

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return all_but([-2, -1], len(shape))


@for_weights(DepthwiseConv1D)
class WeightOnlyDepthwiseConv1D(WeightOnlyDepthwiseConv, DepthwiseConv1D):
    """A DepthwiseConv1D whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(DepthwiseConv2D)
class WeightOnlyDepthwiseConv2D(WeightOnlyDepthwiseConv, DepthwiseConv2D):
    """A DepthwiseConv2D whose kernel is stored as codes of 8 or 4 bits; see `WeightOnly`."""


class WeightOnlySeparableConv(WeightOnly):
    """Base of the separable convolutions, with two coded kernels.

    Args:
        *args, **kwargs: those of the float class, and `quantization_config`.
    """

    _coded = ("depthwise_kernel", "pointwise_kernel")
    depthwise_kernel, pointwise_kernel = CodedWeight(), CodedWeight()

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return all_but([-1] if name == "pointwise_kernel" else [-2, -1], len(shape))


@for_weights(SeparableConv1D)
class WeightOnlySeparableConv1D(WeightOnlySeparableConv, SeparableConv1D):
    """A SeparableConv1D whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(SeparableConv2D)
class WeightOnlySeparableConv2D(WeightOnlySeparableConv, SeparableConv2D):
    """A SeparableConv2D whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""
