"""Embedding, Flatten, Dot, random layers and others that only pass their input on."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.layers.core.embedding import Embedding
from netlet.layers.core.identity import Identity
from netlet.layers.core.reversible_embedding import ReversibleEmbedding
from netlet.layers.merging.dot import Dot
from netlet.layers.regularization.activity_regularization import ActivityRegularization
from netlet.layers.regularization.dropout import AlphaDropout, Dropout
from netlet.layers.regularization.noise import GaussianDropout, GaussianNoise
from netlet.layers.reshaping.reshape import Flatten
from netlet.ops.spatial.data_format import standardize

from ..exporter import Exporter
from ..ops.reshaping import flattened, flattens
from ..registry import layer
from ..values import Value


@layer(Identity, ActivityRegularization, Dropout, AlphaDropout, GaussianDropout, GaussianNoise)
def _same(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    """At inference the output is the input."""
    return inputs


@layer(Embedding)
def _embedding(e: Exporter, layer: Any, out: Any, inputs: Any) -> str:
    return lookup(e, out, inputs, e.name(layer.embeddings))


def lookup(e: Exporter, out: Any, indices: Value, table: str) -> str:
    """Adds the choice of rows of a table."""
    at = e.name(indices, indices.dtype if indices.dtype in ("int32", "int64") else "int32")
    found: str = e.graph.op("Gather", table, at, axis=0)
    return found


@layer(ReversibleEmbedding)
def _reversible(e: Exporter, layer: Any, out: Any, inputs: Any, reverse: bool = False) -> Any:
    if not reverse:
        return _embedding(e, layer, out, inputs)
    return e.run_traced(layer.name, lambda x: type(layer).call(layer, x, reverse=True), (inputs,), {}, [layer])


@layer(Flatten)
def _flatten(e: Exporter, layer: Any, out: Any, inputs: Any) -> Any:
    g = e.graph
    if len(inputs.shape) == 1:
        return g.op("Unsqueeze", e.name(inputs), g.ints(1))
    if standardize(layer.data_format) == "channels_last" and flattens(inputs, out):
        return flattened(inputs, out)
    name = e.name(inputs)
    rank = len(inputs.shape)
    if standardize(layer.data_format) == "channels_first" and rank > 2:
        name = g.op("Transpose", name, perm=[0, *range(2, rank), 1])
    count = -1 if out.shape[1] is None else out.shape[1]
    return g.op("Reshape", name, g.ints(0, count))


@layer(Dot)
def _dot(e: Exporter, layer: Any, out: Any, inputs: Any) -> str:
    """One Einsum: the batch is shared, one axis of each input is summed. Lengths may be free."""
    x, y = inputs
    a, b = layer._pair((len(x.shape), len(y.shape)))
    if layer.normalize:
        x, y = (e.run_traced(layer.name, ops.normalize, (v,), {"axis": i}, []) for v, i in ((x, a), (y, b)))
    left, right = list("abcdefgh"[: len(x.shape)]), list("aijklmno"[: len(y.shape)])
    left[a] = right[b] = "z"
    kept = [c for c in left if c != "z"] + [c for c in right[1:] if c != "z"]
    equation = f"{''.join(left)},{''.join(right)}->{''.join(kept)}"
    made = e.graph.op("Einsum", e.name(x, out.dtype), e.name(y, out.dtype), equation=equation)
    return e.graph.op("Unsqueeze", made, e.graph.ints(1)) if len(kept) == 1 else made
