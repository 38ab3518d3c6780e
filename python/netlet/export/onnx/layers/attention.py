"""Attention layers and position encodings."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.graph import KerasTensor, mask_of
from netlet.layers.attention.attention import FORBIDDEN, Attention
from netlet.layers.attention.grouped_query_attention import GroupedQueryAttention
from netlet.layers.attention.multi_head_attention import MultiHeadAttention
from netlet.layers.attention.position_embedding import PositionEmbedding, SinePositionEncoding
from netlet.layers.attention.projected_attention import ProjectedAttention

from ..exporter import Exporter
from ..ops.softmax import attention, causal_mask, distances
from ..registry import Unsupported, layer
from ..values import Value


@layer(Attention)
def _attention(
    e: Exporter,
    layer: Any,
    out: Any,
    inputs: Any,
    mask: Any = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
    **_: Any,
) -> Any:
    g, dtype = e.graph, layer.compute_dtype
    query, value = inputs[0], inputs[1]
    key = inputs[2] if len(inputs) > 2 else value
    query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
    scores = e.name(e.run_traced(layer.name, layer._calculate_scores, (query, key), {}, []), dtype)
    allowed = None if value_mask is None else g.op("Unsqueeze", e.name(value_mask, "bool"), g.ints(1))
    if use_causal_mask:
        own = causal_mask(e, query, value)
        allowed = own if allowed is None else g.op("And", allowed, own)
    if allowed is not None:
        scores = g.op("Where", allowed, scores, g.op("Sub", scores, g.constant(FORBIDDEN, dtype)))
    weights = g.op("Softmax", scores, axis=-1)
    output = g.op("MatMul", weights, e.name(value, dtype))
    if query_mask is not None:
        wide = g.op("Unsqueeze", e.name(query_mask, "bool"), g.ints(-1))
        output = g.op("Where", wide, output, g.constant(0, dtype))
    return (output, weights) if return_attention_scores else output


@layer(MultiHeadAttention, GroupedQueryAttention)
def _projected(
    e: Exporter,
    layer: Any,
    out: Any,
    query: Any,
    value: Any,
    key: Any = None,
    query_mask: Any = None,
    value_mask: Any = None,
    key_mask: Any = None,
    attention_mask: Any = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
    **_: Any,
) -> Any:
    if type(layer)._compute_attention is not ProjectedAttention._compute_attention:
        raise Unsupported("a subclass with its own `_compute_attention`")
    g, dtype = e.graph, layer.compute_dtype
    key = value if key is None else key
    if isinstance(layer, MultiHeadAttention):
        query_mask = mask_of(query)  # as in Keras, the argument is not used
    masks = [query_mask, value_mask, key_mask]
    mask = _merged_mask(e, layer, query, value, masks, attention_mask, use_causal_mask)
    gate = e.call_layer(layer._gate_dense, (_bare(query),), {}) if layer._use_gate else None
    q = e.call_layer(layer._query_dense, (_bare(query),), {})
    k = e.call_layer(layer._key_dense, (_bare(key),), {})
    v = e.call_layer(layer._value_dense, (_bare(value),), {})
    scores = None
    if return_attention_scores or len(q.shape) != 4 or layer._dropout >= 1:
        call = lambda q, k, v, m: layer._with_scores(q, k, v, m, False, False)  # noqa: E731
        given = None if mask is None else Value(mask[1], mask[0])
        output, scores = e.run_traced(layer.name, call, (q, k, v, given), {}, layer._flatten_layers())
    else:
        allowed = None if mask is None else _with_heads(e, mask)
        dead = "mean" if layer._dropout == 0 else "zeros"
        name = attention(e, dtype, q, k, v, allowed, None, float(layer._scale), dead_rows=dead)
        output = Value(KerasTensor((*q.shape[:-1], v.shape[-1]), dtype), name)
    if gate is not None:
        output = Value(output, g.op("Mul", e.name(output), e.name(gate, dtype)))
    output = e.call_layer(layer._output_dense, (output,), {})
    return (output, scores) if return_attention_scores else output


def _bare(x: Value) -> Value:
    """The tensor without its mask, which the projections do not use."""
    return Value(x, x.last, x.first, x.flattened)


def _merged_mask(
    e: Exporter, layer: Any, query: Value, value: Value, masks: list[Any], given: Any, causal: bool
) -> Any:
    """(name, KerasTensor (B or 1, T, S)) of the logical and of all masks; None if there is none."""
    g = e.graph
    query_mask, value_mask, key_mask = masks
    found = [] if query_mask is None else [g.op("Unsqueeze", e.name(query_mask, "bool"), g.ints(-1))]
    found += [g.op("Unsqueeze", e.name(m, "bool"), g.ints(-2)) for m in (value_mask, key_mask) if m is not None]
    if causal:
        found.append(g.op("Unsqueeze", causal_mask(e, query, value), g.ints(0)))
    window = layer._sliding_window
    if window is not None:
        near = lambda d: g.op("Less", g.op("Abs", d), g.constant(window, "int64"))  # noqa: E731
        found.append(g.op("Unsqueeze", distances(e, query, value, near), g.ints(0)))
    rank = 3
    if given is not None:
        found.append(e.name(given, "bool"))
        rank = max(rank, len(given.shape))
    if not found:
        return None
    name = found[0]
    for other in found[1:]:
        name = g.op("And", name, other)
    if given is not None and len(found) == 1:
        return name, given
    shape = [None] * (rank - 3) + [query.shape[0], query.shape[1], value.shape[1]]
    if given is not None and rank > 3:
        shape = list(given.shape)
    return name, KerasTensor(shape, "bool")


def _with_heads(e: Exporter, mask: Any) -> str:
    """The mask with axes of size 1 for the heads, as `with_heads` inserts them for rank 4."""
    name, like = mask
    rank = len(like.shape)
    g = e.graph
    while rank < 4:
        name = g.op("Unsqueeze", name, g.ints(max(rank - 2, 0)))
        rank += 1
    return name


@layer(PositionEmbedding)
def _position_embedding(e: Exporter, layer: Any, out: Any, inputs: Any, start_index: int = 0) -> str:
    """The first rows of the table, for each sample."""
    g = e.graph
    length = e.shape_part(inputs, -2)
    end = length if start_index == 0 else g.op("Add", length, g.ints(start_index))
    rows = g.op("Slice", e.name(layer.embeddings), g.ints(start_index), end, g.ints(0))
    return g.op("Expand", rows, _shape_of(e, inputs))


@layer(SinePositionEncoding)
def _sine_positions(e: Exporter, layer: Any, out: Any, inputs: Any, start_index: int = 0) -> str:
    g, dtype = e.graph, layer.compute_dtype
    length, size = inputs.shape[-2], inputs.shape[-1]
    column = np.arange(size)
    waves = layer.max_wavelength ** (column // 2 * 2 / size)
    if length is not None:
        angles = np.arange(start_index, start_index + length)[:, None] / waves
        rows = g.constant(np.where(column % 2, np.cos(angles), np.sin(angles)), dtype)
    else:
        begin = g.constant(start_index, "int64")
        end = g.op("Add", g.op("Squeeze", e.shape_part(inputs, -2)), begin)
        positions = e.cast_name(g.op("Range", begin, end, g.constant(1, "int64")), "int64", "float64")
        wide = g.op("Div", g.op("Unsqueeze", positions, g.ints(1)), g.constant(waves, "float64"))
        shifted = g.op("Add", wide, g.constant(np.where(column % 2, np.pi / 2, 0.0), "float64"))
        rows = e.cast_name(g.op("Sin", shifted), "float64", dtype)
    return g.op("Expand", rows, _shape_of(e, inputs))


def _shape_of(e: Exporter, x: Value) -> str:
    if None not in x.shape:
        return e.graph.ints(*x.shape)  # type: ignore[arg-type]
    found: str = e.graph.op("Shape", e.name(x))
    return found
