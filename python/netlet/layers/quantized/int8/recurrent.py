"""Int8SimpleRNN, Int8LSTM, Int8GRU and their cells: recurrent layers of 8-bit codes."""

from __future__ import annotations

from typing import Any

from netlet import _core, activations, ops

from ...base.quantization.quantized_classes import quantizes
from ...rnn import native
from ...rnn.gated import GatedCell
from ...rnn.gru import GRU, GRUCell
from ...rnn.lstm import LSTM, LSTMCell
from ...rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from ..base.quantized_layer import QuantizedLayer
from ..base.quantized_recurrent import QuantizedRecurrent


class Int8Cell(QuantizedLayer, GatedCell):
    """Base of cells with an 8-bit kernel and recurrent kernel; x and, in each step, the state become codes.

    With dynamic activations each row of x, one step of one sequence, has a scale of its own. Each row of the state has
    one in each step with static activations too. The recurrent kernel has absmax codes also with weights="zeropoint".
    Dropout is not applied, since the layer is not trained.

    Args:
        *args: those of the float cell.
        quantization_config: a `quantizers.Int8Config` with activations.
        **kwargs: those of the float cell.
    """

    _coded = ("kernel", "recurrent_kernel")
    _symmetric = ("recurrent_kernel",)
    _row_axes = (-1,)

    def _summed_axes(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (0,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]
        given = list(states) if isinstance(states, (list, tuple)) else [states]
        x = ops.expand_dims(ops.cast_if_needed(inputs, self._compute_dtype), 1)
        h, _, after = native.walk(self, x, given, None, False, False, False)
        return h, after if isinstance(states, (list, tuple)) else h

    def _all_steps(self, x: Any, h: Any, c: Any, mask: Any, scale: Any, *how: Any) -> tuple[Any, Any, Any]:
        weights = *self._codes_of("kernel"), *self._codes_of("recurrent_kernel")[:2], self.bias
        y, h, c = _core.quantized_rnn(self.kind, *self._input_codes(x), *weights, h, c, mask, *how)
        return y, h, c

    def _masks(self, role: str, shape: Any, rate: float, gates: int) -> None:
        return None

    @classmethod
    def why_not(cls, layer: Any, config: Any) -> str | None:
        for name in layer._activations:
            function = getattr(layer, name)
            if native.name_of(function) is None:
                return f"its {name} {activations.serialize(function)!r} has no native recurrent step"
        return super().why_not(layer, config)


@quantizes(SimpleRNNCell)
class Int8SimpleRNNCell(Int8Cell, SimpleRNNCell):
    """A SimpleRNNCell of 8-bit codes; see `Int8Cell`."""


@quantizes(LSTMCell)
class Int8LSTMCell(Int8Cell, LSTMCell):
    """An LSTMCell of 8-bit codes; see `Int8Cell`."""


@quantizes(GRUCell)
class Int8GRUCell(Int8Cell, GRUCell):
    """A GRUCell of 8-bit codes; see `Int8Cell`."""


@quantizes(SimpleRNN)
class Int8SimpleRNN(QuantizedRecurrent, SimpleRNN):
    """A SimpleRNN whose products multiply 8-bit codes; see `Int8Cell`."""

    _cell_class = Int8SimpleRNNCell


@quantizes(LSTM)
class Int8LSTM(QuantizedRecurrent, LSTM):
    """An LSTM whose products multiply 8-bit codes; see `Int8Cell`."""

    _cell_class = Int8LSTMCell


@quantizes(GRU)
class Int8GRU(QuantizedRecurrent, GRU):
    """A GRU whose products multiply 8-bit codes; see `Int8Cell`."""

    _cell_class = Int8GRUCell
