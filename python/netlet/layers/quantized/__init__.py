"""Quantized layers: with 8-bit codes, with such codes while training, with weights alone in 8 or 4 bits, and Keras's.

`Model.quantize` and `quantizers.quantize_aware` make them from float layers.

A file is imported when one of its layers is first used. `__init__.pyi` is for type checkers: run tools/make_stub.py
after a change of the table.
"""

from __future__ import annotations

from netlet.base.lazy import names_in
from netlet.base.missing import explain_missing

FILES = {
    "aware.embedding": "AwareEmbedding",
    "aware.products": (
        "AwareConv1D AwareConv1DTranspose AwareConv2D AwareConv2DTranspose AwareConv3D AwareConv3DTranspose "
        "AwareDense AwareDepthwiseConv1D AwareDepthwiseConv2D AwareEinsumDense AwareSeparableConv1D "
        "AwareSeparableConv2D"
    ),
    "aware.recurrent": "AwareGRU AwareGRUCell AwareLSTM AwareLSTMCell AwareSimpleRNN AwareSimpleRNNCell",
    "int8.convolution": (
        "Int8Conv1D Int8Conv1DTranspose Int8Conv2D Int8Conv2DTranspose Int8Conv3D Int8Conv3DTranspose "
        "Int8DepthwiseConv1D Int8DepthwiseConv2D Int8SeparableConv1D Int8SeparableConv2D"
    ),
    "int8.dense": "Int8Dense",
    "int8.einsum_dense": "Int8EinsumDense",
    "int8.folded_normalization": "FoldedNormalization",
    "int8.recurrent": "Int8GRU Int8GRUCell Int8LSTM Int8LSTMCell Int8SimpleRNN Int8SimpleRNNCell",
    "keras_layers": "KerasInt8Dense KerasWeightOnlyDense KerasWeightOnlyEmbedding",
    "weight_only.embedding": "WeightOnlyEmbedding",
    "weight_only.products": (
        "WeightOnlyConv1D WeightOnlyConv1DTranspose WeightOnlyConv2D WeightOnlyConv2DTranspose WeightOnlyConv3D "
        "WeightOnlyConv3DTranspose WeightOnlyDense WeightOnlyDepthwiseConv1D WeightOnlyDepthwiseConv2D "
        "WeightOnlyEinsumDense WeightOnlySeparableConv1D WeightOnlySeparableConv2D"
    ),
    "weight_only.recurrent": (
        "WeightOnlyConvLSTM1D WeightOnlyConvLSTM2D WeightOnlyConvLSTM3D WeightOnlyConvLSTMCell WeightOnlyGRU "
        "WeightOnlyGRUCell WeightOnlyLSTM WeightOnlyLSTMCell WeightOnlySimpleRNN WeightOnlySimpleRNNCell"
    ),
}

__all__ = names_in(FILES)

explain_missing(__name__, FILES)
