"""Recurrent layers whose kernels are stored as codes."""

from __future__ import annotations

from typing import Any

from ...rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from ...rnn.conv_lstm_cell import ConvLSTMCell
from ...rnn.gated import GatedCell
from ...rnn.gru import GRU, GRUCell
from ...rnn.lstm import LSTM, LSTMCell
from ...rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from ..base.quantized_recurrent import QuantizedRecurrent
from .products import for_weights
from .weight_only_layer import CodedWeight, WeightOnly, all_but


class WeightOnlyCell(WeightOnly, GatedCell):
    """Base of cells whose kernel and recurrent kernel are stored as codes, with a scale for each column (each filter).

    Args:
        *args, **kwargs: those of the float cell, and `quantization_config`.
    """

    _coded = ("kernel", "recurrent_kernel")
    kernel, recurrent_kernel = CodedWeight(), CodedWeight()
    call: Any  # that of the float cell

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return all_but([-1], len(shape))


@for_weights(SimpleRNNCell)
class WeightOnlySimpleRNNCell(WeightOnlyCell, SimpleRNNCell):
    """A SimpleRNNCell whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(LSTMCell)
class WeightOnlyLSTMCell(WeightOnlyCell, LSTMCell):
    """An LSTMCell whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(GRUCell)
class WeightOnlyGRUCell(WeightOnlyCell, GRUCell):
    """A GRUCell whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""


@for_weights(ConvLSTMCell)
class WeightOnlyConvLSTMCell(WeightOnlyCell, ConvLSTMCell):
    """A ConvLSTMCell whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    def build(self, inputs_shape: Any = None, states_shape: Any = None) -> None:
        super().build(inputs_shape)


@for_weights(SimpleRNN)
class WeightOnlySimpleRNN(QuantizedRecurrent, SimpleRNN):
    """A SimpleRNN whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlySimpleRNNCell


@for_weights(LSTM)
class WeightOnlyLSTM(QuantizedRecurrent, LSTM):
    """An LSTM whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlyLSTMCell


@for_weights(GRU)
class WeightOnlyGRU(QuantizedRecurrent, GRU):
    """A GRU whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlyGRUCell


@for_weights(ConvLSTM1D)
class WeightOnlyConvLSTM1D(QuantizedRecurrent, ConvLSTM1D):
    """A ConvLSTM1D whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlyConvLSTMCell


@for_weights(ConvLSTM2D)
class WeightOnlyConvLSTM2D(QuantizedRecurrent, ConvLSTM2D):
    """A ConvLSTM2D whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlyConvLSTMCell


@for_weights(ConvLSTM3D)
class WeightOnlyConvLSTM3D(QuantizedRecurrent, ConvLSTM3D):
    """A ConvLSTM3D whose kernels are stored as codes of 8 or 4 bits; see `WeightOnly`."""

    _cell_class = WeightOnlyConvLSTMCell
