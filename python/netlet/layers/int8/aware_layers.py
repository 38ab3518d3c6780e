"""Layers that train with codes: for each quantized class with codes of its input, one with float weights."""

from __future__ import annotations

from ..base.quantization import quantizes
from ..convolutional import convolution as conv
from ..convolutional import convolution_depthwise as depthwise
from ..convolutional import convolution_transpose as transpose
from ..core.dense import Dense
from ..core.einsum_dense import EinsumDense
from . import convolution as int8_conv
from .aware import AwareLayer
from .dense import Int8Dense
from .einsum_dense import Int8EinsumDense


@quantizes(Dense, scheme="int8_aware")
class AwareDense(AwareLayer, Int8Dense):
    """A Dense that trains with the codes of `Int8Dense`; see `AwareLayer`."""

    _float_class = Dense


@quantizes(EinsumDense, scheme="int8_aware")
class AwareEinsumDense(AwareLayer, Int8EinsumDense):
    """An EinsumDense that trains with the codes of `Int8EinsumDense`; see `AwareLayer`."""

    _float_class = EinsumDense


@quantizes(conv.Conv1D, scheme="int8_aware")
class AwareConv1D(AwareLayer, int8_conv.Int8Conv1D):
    """A Conv1D that trains with the codes of `Int8Conv1D`; see `AwareLayer`."""

    _float_class = conv.Conv1D


@quantizes(conv.Conv2D, scheme="int8_aware")
class AwareConv2D(AwareLayer, int8_conv.Int8Conv2D):
    """A Conv2D that trains with the codes of `Int8Conv2D`; see `AwareLayer`."""

    _float_class = conv.Conv2D


@quantizes(conv.Conv3D, scheme="int8_aware")
class AwareConv3D(AwareLayer, int8_conv.Int8Conv3D):
    """A Conv3D that trains with the codes of `Int8Conv3D`; see `AwareLayer`."""

    _float_class = conv.Conv3D


@quantizes(transpose.Conv1DTranspose, scheme="int8_aware")
class AwareConv1DTranspose(AwareLayer, int8_conv.Int8Conv1DTranspose):
    """A Conv1DTranspose that trains with the codes of `Int8Conv1DTranspose`; see `AwareLayer`."""

    _float_class = transpose.Conv1DTranspose


@quantizes(transpose.Conv2DTranspose, scheme="int8_aware")
class AwareConv2DTranspose(AwareLayer, int8_conv.Int8Conv2DTranspose):
    """A Conv2DTranspose that trains with the codes of `Int8Conv2DTranspose`; see `AwareLayer`."""

    _float_class = transpose.Conv2DTranspose


@quantizes(transpose.Conv3DTranspose, scheme="int8_aware")
class AwareConv3DTranspose(AwareLayer, int8_conv.Int8Conv3DTranspose):
    """A Conv3DTranspose that trains with the codes of `Int8Conv3DTranspose`; see `AwareLayer`."""

    _float_class = transpose.Conv3DTranspose


@quantizes(depthwise.DepthwiseConv1D, scheme="int8_aware")
class AwareDepthwiseConv1D(AwareLayer, int8_conv.Int8DepthwiseConv1D):
    """A DepthwiseConv1D that trains with the codes of `Int8DepthwiseConv1D`; see `AwareLayer`."""

    _float_class = depthwise.DepthwiseConv1D


@quantizes(depthwise.DepthwiseConv2D, scheme="int8_aware")
class AwareDepthwiseConv2D(AwareLayer, int8_conv.Int8DepthwiseConv2D):
    """A DepthwiseConv2D that trains with the codes of `Int8DepthwiseConv2D`; see `AwareLayer`."""

    _float_class = depthwise.DepthwiseConv2D


@quantizes(depthwise.SeparableConv1D, scheme="int8_aware")
class AwareSeparableConv1D(AwareLayer, int8_conv.Int8SeparableConv1D):
    """A SeparableConv1D that trains with the codes of `Int8SeparableConv1D`; see `AwareLayer`."""

    _float_class = depthwise.SeparableConv1D


@quantizes(depthwise.SeparableConv2D, scheme="int8_aware")
class AwareSeparableConv2D(AwareLayer, int8_conv.Int8SeparableConv2D):
    """A SeparableConv2D that trains with the codes of `Int8SeparableConv2D`; see `AwareLayer`."""

    _float_class = depthwise.SeparableConv2D
