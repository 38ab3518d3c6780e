"""Questions about a graph that patterns of nodes ask."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..graph import Graph
from ..node import Node


class Matcher:
    """Looks at a graph from its outputs towards its inputs.

    Args:
        graph: the graph, with constants folded.
    """

    def __init__(self, graph: Graph) -> None:
        self.constants = graph.constants
        self.readers = graph.readers()
        self._makers = {name: node for node in graph.nodes for name in node.outputs if name}

    def maker(self, name: str, *op_types: str) -> Node | None:
        """The node of one of these operators that computes a value which only one other node reads; else None."""
        node = self._makers.get(name)
        if node is None or node.domain or node.op_type not in op_types or len(self.readers.get(name, [])) != 1:
            return None
        return node

    def inner_maker(self, name: str, *op_types: str) -> Node | None:
        """As `maker`, of a value that several nodes may read."""
        node = self._makers.get(name)
        return node if node is not None and not node.domain and node.op_type in op_types else None

    def number(self, name: str) -> float | None:
        """The value of a constant of one number, else None."""
        value = self.constants.get(name)
        return None if value is None or value.size != 1 or value.dtype.kind not in "fiub" else float(value.reshape(()))

    def is_number(self, name: str, value: float) -> bool:
        """Whether a value is this constant, to the precision of float16."""
        found = self.number(name)
        return found is not None and abs(found - value) <= 1e-3 * abs(value)

    def vector(self, name: str) -> np.ndarray | None:
        """A constant of one axis, else None."""
        value = self.constants.get(name)
        return value if value is not None and value.ndim == 1 and value.dtype.kind == "f" else None

    def row(self, name: str) -> np.ndarray | None:
        """A constant of one axis, or of two of which the first has size 1, which is added to all rows of a matrix."""
        value = self.constants.get(name)
        if value is None or value.ndim != 2 or value.shape[0] != 1 or value.dtype.kind != "f":
            return self.vector(name)
        return value[0]

    def operands(self, node: Node) -> Iterator[tuple[str, str]]:
        """The two inputs of a commutative node, in both orders."""
        a, b = node.inputs
        yield a, b
        yield b, a

    def last_axis(self, node: Node) -> bool:
        """Whether a reduction is over the last axis alone and keeps it, or a Softmax is over the last axis."""
        axes = node.attribute("axes")
        if axes is None and len(node.inputs) > 1:
            constant = self.constants.get(node.inputs[1])
            axes = None if constant is None else constant.ravel().tolist()
        return axes == [-1] and bool(node.attribute("keepdims", 1))
