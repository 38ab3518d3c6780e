"""The layers that train with codes: for each quantized class one with float weights."""

from __future__ import annotations

from ...convolutional import convolution as conv
from ...convolutional import convolution_depthwise as depthwise
from ...convolutional import convolution_separable as separable
from ...convolutional import convolution_transpose as transpose
from ...core.dense import Dense
from ...core.einsum_dense import EinsumDense
from ..int8 import convolution as int8_conv
from ..int8.dense import Int8Dense
from ..int8.einsum_dense import Int8EinsumDense
from .aware_layer import AwareLayer, trains


@trains(Dense)
class AwareDense(AwareLayer, Int8Dense):
    """A Dense that trains with the codes of `Int8Dense`; see `AwareLayer`."""


@trains(EinsumDense)
class AwareEinsumDense(AwareLayer, Int8EinsumDense):
    """An EinsumDense that trains with the codes of `Int8EinsumDense`; see `AwareLayer`."""


@trains(conv.Conv1D)
class AwareConv1D(AwareLayer, int8_conv.Int8Conv1D):
    """A Conv1D that trains with the codes of `Int8Conv1D`; see `AwareLayer`."""


@trains(conv.Conv2D)
class AwareConv2D(AwareLayer, int8_conv.Int8Conv2D):
    """A Conv2D that trains with the codes of `Int8Conv2D`; see `AwareLayer`."""


@trains(conv.Conv3D)
class AwareConv3D(AwareLayer, int8_conv.Int8Conv3D):
    """A Conv3D that trains with the codes of `Int8Conv3D`; see `AwareLayer`."""


@trains(transpose.Conv1DTranspose)
class AwareConv1DTranspose(AwareLayer, int8_conv.Int8Conv1DTranspose):
    """A Conv1DTranspose that trains with the codes of `Int8Conv1DTranspose`; see `AwareLayer`."""


@trains(transpose.Conv2DTranspose)
class AwareConv2DTranspose(AwareLayer, int8_conv.Int8Conv2DTranspose):
    """A Conv2DTranspose that trains with the codes of `Int8Conv2DTranspose`; see `AwareLayer`."""


@trains(transpose.Conv3DTranspose)
class AwareConv3DTranspose(AwareLayer, int8_conv.Int8Conv3DTranspose):
    """A Conv3DTranspose that trains with the codes of `Int8Conv3DTranspose`; see `AwareLayer`."""


@trains(depthwise.DepthwiseConv1D)
class AwareDepthwiseConv1D(AwareLayer, int8_conv.Int8DepthwiseConv1D):
    """A DepthwiseConv1D that trains with the codes of `Int8DepthwiseConv1D`; see `AwareLayer`."""


@trains(depthwise.DepthwiseConv2D)
class AwareDepthwiseConv2D(AwareLayer, int8_conv.Int8DepthwiseConv2D):
    """A DepthwiseConv2D that trains with the codes of `Int8DepthwiseConv2D`; see `AwareLayer`."""


@trains(separable.SeparableConv1D)
class AwareSeparableConv1D(AwareLayer, int8_conv.Int8SeparableConv1D):
    """A SeparableConv1D that trains with the codes of `Int8SeparableConv1D`; see `AwareLayer`."""


@trains(separable.SeparableConv2D)
class AwareSeparableConv2D(AwareLayer, int8_conv.Int8SeparableConv2D):
    """A SeparableConv2D that trains with the codes of `Int8SeparableConv2D`; see `AwareLayer`."""
