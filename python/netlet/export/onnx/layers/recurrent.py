"""Recurrent layers: ONNX's LSTM, GRU and RNN where they compute the same, a Scan over the cell's `call` otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import activations, ops
from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.export.recurrent_gates import places_in_netlet
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

# kind of the cell -> (operator, its attributes)
_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {"linear_before_reset": 1}),
    "gru_reset_before": ("GRU", {"linear_before_reset": 0}),
    "simple_rnn": ("RNN", {}),
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
    if mask is None and len(sequences.shape) == 3 and has_operator(layer.cell) and not _of_integers(e, layer.cell):
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


def _of_integers(e: Exporter, cell: Any) -> bool:
    """Whether a cell multiplies codes of the state, which ONNX's recurrent operators do not have."""
    return isinstance(cell, Int8Cell) and e.quantized == "qoperator"


def gates_first(array: np.ndarray, units: int, order: Sequence[int]) -> np.ndarray:
    """A kernel (I, gates units) as (gates units, I), or a bias (gates units,), with its gates in another order."""
    parts = np.split(array, array.shape[-1] // units, axis=-1)
    return np.concatenate([parts[i] for i in order], axis=-1).T


def _operator(e: Exporter, layer: Any, x: Any, states: list[Any] | None) -> tuple[str, str, list[str]]:
    """(all outputs (B, T, U) in time order, last output, last states) of an LSTM, GRU or RNN node."""
    g, cell = e.graph, layer.cell
    operator, attributes = _OPERATORS[kind_of(cell)]  # type: ignore[index]
    order = places_in_netlet(operator)
    dtype, units = cell.compute_dtype, cell.units
    coded = isinstance(cell, QuantizedLayer)
    kernels = [e.coded(cell, name) if coded else getattr(cell, name) for name in ("kernel", "recurrent_kernel")]
    if coded:  # the codes stay a matrix, as those in blocks have to be
        matrices = [e.weight(w, dtype, lambda array: gates_first(array, units, order)) for w in kernels]
        names = [g.op("Unsqueeze", matrix, g.ints(0)) for matrix in matrices]
    else:
        names = [e.weight(w, dtype, lambda array: gates_first(array, units, order)[None]) for w in kernels]
    names.append(g.constant(_bias(e, cell)[None], dtype, f"{cell.path}/bias"))
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


def _bias(e: Exporter, cell: Any) -> np.ndarray:
    """The biases of the input and of the state, one behind the other, in ONNX's order of gates."""
    order = places_in_netlet(_OPERATORS[kind_of(cell)][0])  # type: ignore[index]
    columns = int(cell.kernel.shape[1])
    if cell.bias is None:
        return np.zeros(2 * columns)
    bias = e.constant_of(cell.bias)[0]
    of_x, of_h = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    return np.concatenate([gates_first(b, cell.units, order) for b in (of_x, of_h)])


def _with_codes(e: Exporter, cell: Any, x: Any) -> str:
    """The values of the codes that an 8-bit cell makes of its input: with dynamic ones, each step has its own scale.

    The state stays float, since ONNX's operators have no codes inside of a step; `coded_cell` has them.
    """
    g, features = e.graph, x.shape[-1]
    rows = g.op("Reshape", e.name(x, "float32"), g.ints(-1, features))
    values = input_codes(e, cell, x, rows, 2).floats(e)
    shape = g.op("Concat", e.shape_part(x, 0), e.shape_part(x, 1), g.ints(features), axis=0)
    found: str = g.op("Reshape", values, shape)
    return found


@layer(Bidirectional)
def _bidirectional(
    e: Exporter, layer: Any, out: Any, sequences: Any, initial_state: Any = None, mask: Any = None, **_: Any
) -> Any:
    ahead, back = layer._halves(initial_state)
    if mask is None and len(sequences.shape) == 3 and _one_node(layer):
        return _both_ways(e, layer, sequences, ahead, back)
    y, *states = _outputs(e, layer.forward_layer, sequences, ahead, mask)
    y_back, *states_back = _outputs(e, layer.backward_layer, sequences, back, mask)
    output = e.run_traced(layer.name, layer._merged, (y, y_back), {}, [])
    if not layer.return_state:
        return output
    return (*(output if layer.merge_mode is None else (output,)), *states, *states_back)


def _one_node(layer: Any) -> bool:
    """Whether one operator computes both directions: two float cells of one kind and size, forward and backward."""
    parts = layer.forward_layer, layer.backward_layer
    if not all(isinstance(p, RNN) and has_operator(p.cell) and not p.stateful for p in parts):
        return False
    ahead, back = (p.cell for p in parts)
    alike = [(kind_of(c), c.units, c.compute_dtype, p.compute_dtype) for c, p in zip((ahead, back), parts)]
    coded = any(isinstance(c, QuantizedLayer) for c in (ahead, back))
    return alike[0] == alike[1] and not coded and not parts[0].go_backwards


def _both_ways(e: Exporter, layer: Any, x: Any, ahead: Any, back: Any) -> Any:
    """Adds a bidirectional LSTM, GRU or RNN, and what merges its two outputs."""
    g, parts = e.graph, (layer.forward_layer, layer.backward_layer)
    cells = [p.cell for p in parts]
    operator, attributes = _OPERATORS[kind_of(cells[0])]  # type: ignore[index]
    order = places_in_netlet(operator)
    dtype, own, units = cells[0].compute_dtype, parts[0].compute_dtype, cells[0].units
    names = []
    for weight in ("kernel", "recurrent_kernel"):
        arrays = [gates_first(e.constant_of(getattr(c, weight))[0], units, order) for c in cells]
        names.append(g.constant(np.stack(arrays), dtype, f"{layer.path}/{weight}"))
    names.append(g.constant(np.stack([_bias(e, c) for c in cells]), dtype, f"{layer.path}/bias"))
    first = []
    if ahead is not None:
        for pair in zip(ahead, back, strict=True):
            wide = [g.op("Unsqueeze", e.name(s, dtype), g.ints(0)) for s in pair]
            first.append(g.op("Concat", *wide, axis=0))
    steps = g.op("Transpose", e.name(x, dtype), perm=[1, 0, 2])
    count = 3 if operator == "LSTM" else 2
    how = {"hidden_size": units, "direction": "bidirectional", **attributes}
    made = [e.cast_name(n, dtype, own) for n in g.op(operator, steps, *names, None, *first, outputs=count, **how)]
    # (T, 2, B, U) or (2, B, U): the directions beside the units, then as one axis or apart.
    shape = (*x.shape[:2], units) if layer.return_sequences else (x.shape[0], units)
    rank = len(shape)
    beside = g.op("Transpose", made[0], perm=[2, 0, 1, 3]) if rank == 3 else g.op("Transpose", made[1], perm=[1, 0, 2])
    if layer.merge_mode == "concat":
        wide_shape = KerasTensor((*shape[:-1], 2 * units), own)
        output: Any = Value(wide_shape, g.op("Reshape", beside, g.ints(*(0,) * (rank - 1), 2 * units)))
    else:
        output = e.run_traced(layer.name, layer._merged, tuple(_apart(e, beside, rank - 1, shape, own)), {}, [])
    if not layer.return_state:
        return output
    states = [_apart(e, n, 0, (x.shape[0], units), own) for n in made[1:]]
    outputs = output if layer.merge_mode is None else (output,)
    return (*outputs, *(s[0] for s in states), *(s[1] for s in states))


def _apart(e: Exporter, name: str, axis: int, shape: Any, dtype: str) -> list[Value]:
    """The two entries of an axis as Values of this shape."""
    g = e.graph
    halves = g.op("Split", name, axis=axis, num_outputs=2, outputs=2)
    return [Value(KerasTensor(shape, dtype), g.op("Squeeze", half, g.ints(axis))) for half in halves]


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
