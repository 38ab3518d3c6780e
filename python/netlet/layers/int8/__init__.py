"""Layers that compute with 8-bit codes. `Model.quantize` makes them from float layers."""

from __future__ import annotations

from .aware_layers import AwareDense
from .convolution import (
    Int8Conv1D,
    Int8Conv1DTranspose,
    Int8Conv2D,
    Int8Conv2DTranspose,
    Int8Conv3D,
    Int8Conv3DTranspose,
    Int8DepthwiseConv1D,
    Int8DepthwiseConv2D,
    Int8SeparableConv1D,
    Int8SeparableConv2D,
)
from .dense import Int8Dense
from .einsum_dense import Int8EinsumDense
from .folded_normalization import FoldedNormalization

__all__ = [
    "AwareDense",
    "FoldedNormalization",
    "Int8Conv1D",
    "Int8Conv1DTranspose",
    "Int8Conv2D",
    "Int8Conv2DTranspose",
    "Int8Conv3D",
    "Int8Conv3DTranspose",
    "Int8Dense",
    "Int8DepthwiseConv1D",
    "Int8DepthwiseConv2D",
    "Int8EinsumDense",
    "Int8SeparableConv1D",
    "Int8SeparableConv2D",
]
