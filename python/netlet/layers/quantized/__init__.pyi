"""Quantized layers: with 8-bit codes, with such codes while training, with weights alone in 8 or 4 bits, and Keras's.

`Model.quantize` and `quantizers.quantize_aware` make them from float layers.

A file is imported when one of its layers is first used. `__init__.pyi` is for type checkers: run tools/make_stub.py
after a change of the table.
"""

# Written by tools/make_stub.py from the table FILES of `__init__.py`.

from . import keras_layers as keras_layers
from .aware.embedding import AwareEmbedding
from .aware.products import (
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
from .aware.recurrent import AwareGRU, AwareGRUCell, AwareLSTM, AwareLSTMCell, AwareSimpleRNN, AwareSimpleRNNCell
from .int8.convolution import (
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
from .int8.dense import Int8Dense
from .int8.einsum_dense import Int8EinsumDense
from .int8.folded_normalization import FoldedNormalization
from .int8.recurrent import Int8GRU, Int8GRUCell, Int8LSTM, Int8LSTMCell, Int8SimpleRNN, Int8SimpleRNNCell
from .keras_layers import KerasInt8Dense, KerasWeightOnlyDense, KerasWeightOnlyEmbedding
from .weight_only.embedding import WeightOnlyEmbedding
from .weight_only.products import (
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
from .weight_only.recurrent import (
    WeightOnlyConvLSTM1D,
    WeightOnlyConvLSTM2D,
    WeightOnlyConvLSTM3D,
    WeightOnlyConvLSTMCell,
    WeightOnlyGRU,
    WeightOnlyGRUCell,
    WeightOnlyLSTM,
    WeightOnlyLSTMCell,
    WeightOnlySimpleRNN,
    WeightOnlySimpleRNNCell,
)

FILES: dict[str, str]
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
    "WeightOnlyConvLSTM1D",
    "WeightOnlyConvLSTM2D",
    "WeightOnlyConvLSTM3D",
    "WeightOnlyConvLSTMCell",
    "WeightOnlyDense",
    "WeightOnlyDepthwiseConv1D",
    "WeightOnlyDepthwiseConv2D",
    "WeightOnlyEinsumDense",
    "WeightOnlyEmbedding",
    "WeightOnlyGRU",
    "WeightOnlyGRUCell",
    "WeightOnlyLSTM",
    "WeightOnlyLSTMCell",
    "WeightOnlySeparableConv1D",
    "WeightOnlySeparableConv2D",
    "WeightOnlySimpleRNN",
    "WeightOnlySimpleRNNCell",
]
