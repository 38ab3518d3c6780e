"""Constants: nodes whose inputs are all known are computed before a Model is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .graph import Graph
from .node import Node
from .operators.values import is_constant
from .running import call_operator, guarded

RANDOM = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"}


def is_known(value: Any) -> bool:
    """Whether a value is a constant, an input that is left out, or a list of constants."""
    return value is None or is_constant(value) or (isinstance(value, list) and all(map(is_known, value)))


def can_fold(node: Node, values: list[Any]) -> bool:
    """Whether a node's outputs are constants.

    Args:
        node: the node.
        values: its inputs.
    """
    return node.op_type not in RANDOM and all(map(is_known, [*values, *node.captured.values()]))


def folded(node: Node, values: list[Any]) -> tuple[Any, ...]:
    """The outputs of a node with constant inputs, as arrays.

    Args:
        node: the node.
        values: its inputs.

    Raises:
        ValueError: an output is larger than a file of this size can ask for.
    """
    with _core.Tape(record=False):  # values, even while a step is recorded
        outputs = call_operator(node, values)
    for value in outputs:
        if hasattr(value, "shape"):
            node.check_size(value.shape)
    return tuple(_as_constant(value) for value in outputs)


def _as_constant(value: Any) -> Any:
    if value is None or isinstance(value, list):
        return None if value is None else [_as_constant(v) for v in value]
    return np.asarray(value)


def fold(graph: Graph) -> Graph:
    """The graph without the nodes that depend on constants alone; their outputs are constants of it.

    Args:
        graph: the graph.
    """
    known: dict[str, Any] = dict(graph.constants)
    kept: list[Node] = []
    for node in graph.nodes:
        names = [*filter(None, node.inputs), *(name for inner in node.graphs for name in inner.free)]
        if node.graphs or not all(name in known for name in names) or node.op_type in RANDOM:
            kept.append(node)
            continue
        outputs = guarded(node, [known[name] if name else None for name in node.inputs], folded)
        if not all(isinstance(value, np.ndarray) for value in outputs):
            kept.append(node)  # sequences are made where they are used
            continue
        known.update({name: value for name, value in zip(node.outputs, outputs, strict=False) if name})
    return graph.replaced(kept, known)
