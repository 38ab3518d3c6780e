"""Recurrent layers: ONNX's LSTM, GRU and RNN where they compute the same, a Scan over the cell's `call` otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import activations, ops
from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.layers.quantized.base.quantized_layer import QuantizedLayer
from netlet.layers.quantized.int8.recurrent import Int8Cell
from netlet.layers.rnn.bidirectional import Bidirectional
from netlet.layers.rnn.native import kind_of
from netlet.layers.rnn.rnn import RNN, in_time_order, time_order
from netlet.layers.rnn.time_distributed import TimeDistributed, treats_samples_alone

from ..exporter import Exporter
from ..input_codes import input_codes
from ..registry import Unsupported, layer
from ..scan import scan
from ..values import Value

# kind of the cell -> (operator, order of netlet's gates in ONNX's weights, names of the activations)
_OPERATORS: dict[str, tuple[str, list[int], dict[str, Any]]] = {
    "lstm": ("LSTM", [0, 3, 1, 2], {}),
    "gru": ("GRU", [0, 1, 2], {"linear_before_reset": 1}),
    "gru_reset_before": ("GRU", [0, 1, 2], {"linear_before_reset": 0}),
    "simple_rnn": ("RNN", [0], {}),
}


@layer(RNN)
def _rnn(
    e: Exporter, layer: Any, out: Any, sequences: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    if layer.stateful:
        raise Unsupported("stateful=True, and an ONNX graph keeps no state between its runs")
    flips = layer.return_sequences and layer.go_backwards and not in_time_order(layer)
    mask = _step_mask(e, layer, mask)
    states = None if initial_state is None else tree.flatten(initial_state)
    if mask is None and len(sequences.shape) == 3 and has_operator(layer.cell):
        every, last, after = _operator(e, layer, sequences, states)
    else:
        every, last, after = scan(e, layer, sequences, states, mask)
    g = e.graph
    if layer.return_sequences:
        y = every
        if flips:
            y = g.op("Slice", y, g.ints(-1), g.ints(-(2**62)), g.ints(1), g.ints(-1))
    else:
        y = last
    return (y, *after) if layer.return_state else y


def _step_mask(e: Exporter, layer: Any, mask: Any) -> Any:
    """The mask as a Value (B, T) of bools, or None."""
    mask = tree.flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
    if mask is None:
        return None
    mask = e.cast(mask, "bool")
    if len(mask.shape) == 3:
        return e.run_traced(layer.name, lambda m: ops.any(m, axis=-1), (mask,), {}, [])
    return mask


def has_operator(cell: Any) -> bool:
    """Whether ONNX has an operator for the cell; those with other activations than the usual ones use Scan."""
    if not hasattr(cell, "recurrent_kernel") or kind_of(cell) not in _OPERATORS:
        return False
    gates = cell.recurrent_activation in (None, activations.sigmoid) or kind_of(cell) == "simple_rnn"
    return cell.activation is activations.tanh and gates


def gates_first(array: np.ndarray, units: int, order: list[int]) -> np.ndarray:
    """A kernel (I, gates units) as (gates units, I), or a bias (gates units,), with its gates in another order."""
    parts = np.split(array, array.shape[-1] // units, axis=-1)
    return np.concatenate([parts[i] for i in order], axis=-1).T


def _operator(e: Exporter, layer: Any, x: Any, states: list[Any] | None) -> tuple[str, str, list[str]]:
    """(all outputs (B, T, U) in time order, last output, last states) of an LSTM, GRU or RNN node."""
    g, cell = e.graph, layer.cell
    operator, order, attributes = _OPERATORS[kind_of(cell)]  # type: ignore[index]
    dtype, units = cell.compute_dtype, cell.units
    coded = isinstance(cell, QuantizedLayer)
    kernels = [e.coded(cell, name) if coded else getattr(cell, name) for name in ("kernel", "recurrent_kernel")]
    names = [e.weight(w, dtype, lambda array: gates_first(array, units, order)[None]) for w in kernels]
    if cell.bias is None:
        both = np.zeros(2 * kernels[0].shape[1])
    else:
        bias = e.constant_of(cell.bias)[0]
        of_x, of_h = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        both = np.concatenate([gates_first(of_x, units, order), gates_first(of_h, units, order)])
    names.append(g.constant(both[None], dtype, f"{cell.path}/bias"))
    first = [] if states is None else [g.op("Unsqueeze", e.name(s, dtype), g.ints(0)) for s in states]
    steps = g.op(
        "Transpose", _with_codes(e, cell, x) if isinstance(cell, Int8Cell) else e.name(x, dtype), perm=[1, 0, 2]
    )
    count = 3 if operator == "LSTM" else 2
    direction = "reverse" if layer.go_backwards else "forward"
    made = g.op(
        operator,
        steps,
        *names,
        None,
        *first,
        outputs=count,
        hidden_size=units,
        direction=direction,
        **attributes,
    )
    own = layer.compute_dtype
    after = [e.cast_name(g.op("Squeeze", s, g.ints(0)), dtype, own) for s in made[1:]]
    every = ""
    if layer.return_sequences:
        every = e.cast_name(g.op("Transpose", g.op("Squeeze", made[0], g.ints(1)), perm=[1, 0, 2]), dtype, own)
    return every, after[0], after


def _with_codes(e: Exporter, cell: Any, x: Any) -> str:
    """The values of the codes that an 8-bit cell makes of its input: with dynamic ones, each step has its own scale.

    The state stays float, since ONNX's operators have no codes inside of a step.
    """
    g, features = e.graph, x.shape[-1]
    rows = g.op("Reshape", e.name(x, "float32"), g.ints(-1, features))
    values = input_codes(e, cell, x, rows, 2).floats(e)
    shape = g.op("Concat", e.shape_part(x, 0), e.shape_part(x, 1), g.ints(features), axis=0)
    found: str = g.op("Reshape", values, shape)
    return found


@layer(Int8Cell)
def _int8_cell(e: Exporter, layer: Any, out: Any, *_: Any, **__: Any) -> Any:
    raise Unsupported("a cell of 8-bit codes in a Scan, which masks, stacked cells and other activations need")


@layer(Bidirectional)
def _bidirectional(
    e: Exporter, layer: Any, out: Any, sequences: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    ahead, back = layer._halves(initial_state)
    y, *states = _outputs(e, layer.forward_layer, sequences, ahead, mask)
    y_back, *states_back = _outputs(e, layer.backward_layer, sequences, back, mask)
    output = e.run_traced(layer.name, layer._merged, (y, y_back), {}, [])
    if not layer.return_state:
        return output
    return (*(output if layer.merge_mode is None else (output,)), *states, *states_back)


def _outputs(e: Exporter, part: Any, x: Any, states: Any, mask: Any) -> tuple[Any, ...]:
    """(sequence or last output, states ...) of one layer, the sequence in time order."""
    given = {"initial_state": states, "mask": mask}
    given = {name: value for name, value in given.items() if name in part._call_parameters}
    with time_order(part):
        found = e.call_layer(part, (x,), given)
    found = tuple(found) if part.return_state else (found,)
    if part.go_backwards and part.return_sequences and not isinstance(part, RNN):
        raise Unsupported(f"a backward layer of class {type(part).__name__}")
    return found


@layer(TimeDistributed)
def _time_distributed(e: Exporter, layer: Any, out: Any, inputs: Any, mask: Any = None, **_: Any) -> Any:
    """The steps of all samples as samples of one batch."""
    inner = layer.layer
    if not treats_samples_alone(inner, False):
        raise Unsupported("a layer whose output for a sample depends on other samples")
    g = e.graph
    shape = (None, *inputs.shape[2:])
    x = Value(KerasTensor(shape, inputs.dtype), _merged(e, inputs, inputs.shape[2:]))
    given = {}
    if mask is not None and "mask" in inner._call_parameters:
        given["mask"] = Value(KerasTensor((None, *mask.shape[2:]), mask.dtype), _merged(e, mask, mask.shape[2:]))
    y = e.call_layer(inner, (x,), given)
    lead = [e.shape_part(inputs, 0), e.shape_part(inputs, 1)]

    def apart(v: Any) -> str:
        rest = [e.shape_part(v, i) for i in range(1, len(v.shape))]
        target = g.op("Concat", *lead, *rest, axis=0)
        found: str = g.op("Reshape", e.name(v), target)
        return found

    made = [apart(v) for v in tree.flatten(y)]
    return made[0] if isinstance(out, KerasTensor) else made


def _merged(e: Exporter, x: Any, rest: Any) -> str:
    """(B, T, ...) as (B T, ...)."""
    g = e.graph
    target = (
        g.ints(-1, *rest) if None not in rest else g.op("Concat", g.ints(-1), g.op("Shape", e.name(x), start=2), axis=0)
    )
    found: str = g.op("Reshape", e.name(x), target)
    return found
