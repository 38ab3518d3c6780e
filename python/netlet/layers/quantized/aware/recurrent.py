"""AwareSimpleRNN, AwareLSTM, AwareGRU and their cells: recurrent layers that train with codes."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops

from ...base import call_context
from ...rnn import native
from ...rnn.dropout import DropoutCell
from ...rnn.gru import GRU, GRUCell
from ...rnn.lstm import LSTM, LSTMCell
from ...rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from ..base.quantized_recurrent import QuantizedRecurrent
from ..int8 import recurrent as int8
from .aware_layer import Aware, AwareLayer, trains


class AwareCell(AwareLayer, int8.Int8Cell):
    """Base of cells that train with the codes of `Int8Cell`.

    These are the codes of both kernels and, with activations, of x and, in each step, of the state. Backward is that of
    the float cell on the values of the codes of x and of the kernels, along the states that forward has computed.
    Dropout of the input works as in the float cell.

    Args:
        *args: those of the float cell.
        quantization_config: a `quantizers.AwareConfig`.
        **kwargs: those of the float cell.
    """

    _masks = DropoutCell._masks  # type: ignore[assignment]

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]
        given = list(states) if isinstance(states, (list, tuple)) else [states]
        x = ops.expand_dims(ops.cast_if_needed(inputs, self._compute_dtype), 1)
        h, _, after = native.walk(self, x, given, None, training, False, False)
        return h, after if isinstance(states, (list, tuple)) else h

    def _all_steps(self, x: Any, h: Any, c: Any, mask: Any, scale: Any, *how: Any) -> tuple[Any, Any, Any]:
        hats = self._weight_hat("kernel"), self._weight_hat("recurrent_kernel")
        if self._quantization_config.activations is None:
            y, h, c = _core.rnn(self.kind, x, *hats, self.bias, h, c, mask, scale, *how)
            return y, h, c
        codes, x_scale, x_zero, x_hat = self._seen(x, bool(call_context.current.training))
        weights = *self._codes_of("kernel"), *self._codes_of("recurrent_kernel")[:2], self.bias
        given: tuple[Any, ...] = (codes, x_scale, x_zero, *weights, h, c, mask, *how, x_hat, *hats)
        y, h, c = _core.quantized_rnn(self.kind, *given)
        return y, h, c

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        if layer.recurrent_dropout and config.activations is not None:
            return "it has recurrent_dropout, which drops elements of the state"
        return super().why_not(layer, config) or int8.Int8Cell.why_not(layer, config)


@trains(SimpleRNNCell)
class AwareSimpleRNNCell(AwareCell, int8.Int8SimpleRNNCell):
    """A SimpleRNNCell that trains with codes; see `AwareCell`."""


@trains(LSTMCell)
class AwareLSTMCell(AwareCell, int8.Int8LSTMCell):
    """An LSTMCell that trains with codes; see `AwareCell`."""


@trains(GRUCell)
class AwareGRUCell(AwareCell, int8.Int8GRUCell):
    """A GRUCell that trains with codes; see `AwareCell`."""


class AwareRecurrent(Aware, QuantizedRecurrent):
    """Base of the layers that create an `AwareCell`.

    Args:
        *args: those of the float layer.
        quantization_config: a `quantizers.AwareConfig` with activations.
        **kwargs: those of the float layer.
    """

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        why: str | None = cls._cell_class.why_not(layer.cell, config)  # type: ignore[attr-defined]
        return why

    def freeze_range(self) -> None:
        self.cell.freeze_range()

    def trained_twin(self) -> Any:
        twin = self._trained_twin()
        self.cell._pass_range(twin.cell)
        return twin


@trains(SimpleRNN)
class AwareSimpleRNN(AwareRecurrent, int8.Int8SimpleRNN):
    """A SimpleRNN that trains with codes; see `AwareCell`."""

    _cell_class = AwareSimpleRNNCell


@trains(LSTM)
class AwareLSTM(AwareRecurrent, int8.Int8LSTM):
    """An LSTM that trains with codes; see `AwareCell`."""

    _cell_class = AwareLSTMCell


@trains(GRU)
class AwareGRU(AwareRecurrent, int8.Int8GRU):
    """A GRU that trains with codes; see `AwareCell`."""

    _cell_class = AwareGRUCell
