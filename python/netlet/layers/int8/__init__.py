"""Layers that compute with 8-bit codes. `Model.quantize` makes them from float layers."""

from __future__ import annotations

from .aware_embedding import AwareEmbedding
from .aware_layers import (
    AwareConv1D,
    AwareConv1DTranspose,
    AwareConv2D,
    AwareConv2DTranspose,
    AwareConv3D,
    AwareConv3DTranspose,
    AwareDense,
    AwareDepthwiseConv1D,
    AwareDepthwiseConv2D,
    AwareEinsumDense,
    AwareSeparableConv1D,
    AwareSeparableConv2D,
)
from .aware_recurrent import AwareGRU, AwareGRUCell, AwareLSTM, AwareLSTMCell, AwareSimpleRNN, AwareSimpleRNNCell
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
from .keras_layers import KerasInt8Dense, KerasWeightOnlyDense, KerasWeightOnlyEmbedding
from .recurrent import Int8GRU, Int8GRUCell, Int8LSTM, Int8LSTMCell, Int8SimpleRNN, Int8SimpleRNNCell
from .weight_only_embedding import WeightOnlyEmbedding
from .weight_only_products import (
    WeightOnlyConv1D,
    WeightOnlyConv1DTranspose,
    WeightOnlyConv2D,
    WeightOnlyConv2DTranspose,
    WeightOnlyConv3D,
    WeightOnlyConv3DTranspose,
    WeightOnlyDense,
    WeightOnlyDepthwiseConv1D,
    WeightOnlyDepthwiseConv2D,
    WeightOnlyEinsumDense,
    WeightOnlySeparableConv1D,
    WeightOnlySeparableConv2D,
)

__all__ = [
    "AwareConv1D",
    "AwareConv1DTranspose",
    "AwareConv2D",
    "AwareConv2DTranspose",
    "AwareConv3D",
    "AwareConv3DTranspose",
    "AwareDense",
    "AwareDepthwiseConv1D",
    "AwareDepthwiseConv2D",
    "AwareEinsumDense",
    "AwareEmbedding",
    "AwareGRU",
    "AwareGRUCell",
    "AwareLSTM",
    "AwareLSTMCell",
    "AwareSeparableConv1D",
    "AwareSeparableConv2D",
    "AwareSimpleRNN",
    "AwareSimpleRNNCell",
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
    "Int8GRU",
    "Int8GRUCell",
    "Int8LSTM",
    "Int8LSTMCell",
    "Int8SeparableConv1D",
    "Int8SeparableConv2D",
    "Int8SimpleRNN",
    "Int8SimpleRNNCell",
    "KerasInt8Dense",
    "KerasWeightOnlyDense",
    "KerasWeightOnlyEmbedding",
    "WeightOnlyConv1D",
    "WeightOnlyConv1DTranspose",
    "WeightOnlyConv2D",
    "WeightOnlyConv2DTranspose",
    "WeightOnlyConv3D",
    "WeightOnlyConv3DTranspose",
    "WeightOnlyDense",
    "WeightOnlyDepthwiseConv1D",
    "WeightOnlyDepthwiseConv2D",
    "WeightOnlyEinsumDense",
    "WeightOnlyEmbedding",
    "WeightOnlySeparableConv1D",
    "WeightOnlySeparableConv2D",
]
