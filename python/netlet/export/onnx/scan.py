"""scan: a recurrent layer as ONNX's Scan, whose body is the `call` of its cell."""

from __future__ import annotations

from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.layers.base.layer import Layer
from netlet.layers.rnn.scan import previous_output

from .exporter import Exporter
from .graph import Graph, helper, needed_nodes, onnx_type
from .registry import Unsupported
from .values import Value


def scan(e: Exporter, layer: Any, x: Value, given: list[Any] | None, mask: Any) -> tuple[str, str, list[str]]:
    """Adds a Scan over axis 1 of x.

    Args:
        e: the exporter.
        layer: the RNN.
        x: (B, T, ...).
        given: initial states, flat; None: those of the layer.
        mask: Value (B, T) of bools, or None; what masked steps do is in `netlet.layers.rnn.scan`.

    Returns:
        (name of all outputs (B, T, ...) in time order, name of the last, names of the last states).
    """
    g = e.graph
    first = e.run_traced(layer.name, lambda v: layer.get_initial_state(v.shape[0]), (x,), {}, [])
    leaves = tree.flatten(first)
    if given is not None:
        leaves = [e.cast(v, s.dtype) for v, s in zip(given, leaves, strict=True)]
    body = Graph(g)
    e.graph = body
    try:
        step = Value(KerasTensor((x.shape[0], *x.shape[2:]), x.dtype), body.unique(f"{layer.name}/x_t"))
        here = Value(KerasTensor((x.shape[0],), "bool"), body.unique(f"{layer.name}/mask_t"))
        states = [Value(s, body.unique(f"{layer.name}/state")) for s in leaves]
        output, new = _one_step(e, layer, step, tree.pack_like(first, states))
        emitted = _needs_emitted(layer, mask, tree.pack_like(first, states), output)
        before = Value(output, body.unique(f"{layer.name}/output_before")) if emitted else None
        if mask is not None:
            old = _output_before(layer, tree.pack_like(first, states), output, before)
            output = _chosen(e, here, output, old)
            new = [_chosen(e, here, n, s) for n, s in zip(new, states, strict=True)]
        kept = [*new, output] if emitted else list(new)
        names = [body.op("Identity", e.name(v)) for v in (*kept, output)]
        nodes, _ = needed_nodes(body.nodes, names)
    finally:
        e.graph = g
    carried = [*states, before] if before is not None else states
    scanned = [step] if mask is None else [step, here]
    graph = helper.make_graph(
        nodes,
        f"{layer.name}_step",
        [_info(v) for v in (*carried, *scanned)],
        [_info(v, n) for v, n in zip((*kept, output), names)],
    )
    start = [e.name(v) for v in leaves]
    if emitted:
        start.append(_zeros(e, x, output))
    sequences = [_steps_first(e, v, layer.go_backwards) for v in ([x] if mask is None else [x, mask])]
    made = g.op("Scan", *start, *sequences, outputs=len(kept) + 1, body=graph, num_scan_inputs=len(sequences))
    outputs = made[-1]
    last = g.op("Squeeze", g.op("Slice", outputs, g.ints(-1), g.ints(2**62), g.ints(0)), g.ints(0))
    if layer.go_backwards:
        outputs = g.op("Slice", outputs, g.ints(-1), g.ints(-(2**62)), g.ints(0), g.ints(-1))
    rank = len(output.shape) + 1
    every = g.op("Transpose", outputs, perm=[1, 0, *range(2, rank)])
    own = layer.compute_dtype
    after = [e.cast_name(n, s.dtype, own) for n, s in zip(made, new)]
    return e.cast_name(every, output.dtype, own), e.cast_name(last, output.dtype, own), after


def _one_step(e: Exporter, layer: Any, x: Value, states: Any) -> tuple[Value, list[Value]]:
    """(output, flat new states) of the cell, in the order and types of the states."""
    cell = layer.cell
    if isinstance(cell, Layer):
        output, new = e.call_layer(cell, (x, states), {})
    else:
        output, new = e.run_traced(layer.name, cell.call, (x, states), {}, [])
    flat = tree.flatten(new)
    wanted = tree.flatten(states)
    if len(flat) != len(wanted):
        raise Unsupported(f"its cell returns {len(flat)} states for {len(wanted)}")
    return output, [e.cast(n, s.dtype) for n, s in zip(flat, wanted)]


def _needs_emitted(layer: Any, mask: Any, states: Any, output: Any) -> bool:
    """Whether a masked step returns the output of the step before, since no state has its shape."""
    if mask is None or layer.zero_output_for_mask:
        return False
    return previous_output(states, output, None) is None


def _output_before(layer: Any, states: Any, output: Any, before: Any) -> Any:
    """What a masked step outputs; None: zeros."""
    if layer.zero_output_for_mask:
        return None
    return previous_output(states, output, before)


def _chosen(e: Exporter, here: Value, new: Value, old: Any) -> Value:
    """`new` in the rows that count, `old` (None: zeros) in the others."""
    g = e.graph
    wide = g.op("Unsqueeze", e.name(here), g.ints(*range(1, len(new.shape))))
    other = g.constant(0, new.dtype) if old is None else e.name(old, new.dtype)
    return Value(new, g.op("Where", wide, e.name(new), other))


def _zeros(e: Exporter, x: Value, output: Value) -> str:
    g = e.graph
    shape = g.op("Concat", e.shape_part(x, 0), *(e.shape_part(output, i) for i in range(1, len(output.shape))), axis=0)
    found: str = g.op("Expand", g.constant(0, output.dtype), shape)
    return found


def _steps_first(e: Exporter, x: Value, reverse: bool) -> str:
    """(B, T, ...) as (T, B, ...), from last to first if `reverse`."""
    g = e.graph
    name = g.op("Transpose", e.name(x), perm=[1, 0, *range(2, len(x.shape))])
    if reverse:
        name = g.op("Slice", name, g.ints(-1), g.ints(-(2**62)), g.ints(0), g.ints(-1))
    return name


def _info(value: Value, name: str | None = None) -> Any:
    return helper.make_tensor_value_info(name or value.last, onnx_type(value.dtype), [None] * len(value.shape))
