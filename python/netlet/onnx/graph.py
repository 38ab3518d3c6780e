"""A graph of an ONNX model: its nodes in an order in which they can run, its constants, its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .node import Node
from .tensors import checked_text, dtype_name, to_array


class Value(NamedTuple):
    """An input or output of a graph.

    Attributes:
        name: its name.
        dtype: NumPy's name of its dtype, "string" for texts; None if the file does not say, or for no tensor.
        shape: integers, a name or None for a dimension of any size; None if the file does not say.
    """

    name: str
    dtype: str | None
    shape: tuple[int | str | None, ...] | None


class Graph:
    """A graph whose nodes are checked and ordered.

    Args:
        name: for messages.
        inputs, outputs: Values. An initializer may also be listed among the inputs.
        constants: {name: array} of the initializers.
        nodes: the nodes, in any order.

    Attributes:
        nodes: the nodes; each comes after those whose outputs it reads.
        free: names that the graph around this one defines.
        last_use: for each node, the names that no later node reads and that are no outputs.

    Raises:
        ValueError: a name is defined twice, or a cycle.
    """

    def __init__(
        self, name: str, inputs: list[Value], outputs: list[Value], constants: dict[str, np.ndarray], nodes: list[Node]
    ) -> None:
        self.name, self.inputs, self.outputs, self.constants = name, inputs, outputs, constants
        self.reads: dict[Node, list[str]] = {
            n: [*filter(None, n.inputs), *(name for g in n.graphs for name in g.free)] for n in nodes
        }
        made_by = self._definitions(nodes)
        self.nodes = _ordered(nodes, self.reads, made_by, self.name)
        self.free: list[str] = self._free(made_by)
        self.last_use = self._last_uses()
        readers = self.readers()
        for node in self.nodes:
            node.sole_source = {n: made_by[n] for n in node.inputs if n in made_by and readers[n] == [node]}

    @classmethod
    def of(cls, proto: Any, opsets: Mapping[str, int], largest: int | None = None) -> Graph:
        """The graph of a GraphProto.

        Args:
            proto: the GraphProto.
            opsets: {domain: version} of the model.
            largest: number of elements that a computed constant may have; None: any.

        Raises:
            ValueError: as the class does, and a tensor that is damaged.
        """
        if proto.sparse_initializer:
            raise NotImplementedError(f"ONNX graph '{proto.name}': sparse initializers are not supported.")
        constants = {t.name: to_array(t, f"initializer '{t.name}'") for t in proto.initializer}
        inputs, outputs = [_value(v) for v in proto.input], [_value(v) for v in proto.output]
        if len({v.name for v in inputs}) < len(inputs) or len(constants) < len(proto.initializer):
            raise ValueError(f"ONNX graph '{proto.name}': two inputs or two initializers have the same name.")
        nodes = [Node(n, opsets, lambda inner: cls.of(inner, opsets, largest), largest) for n in proto.node]
        return cls(proto.name, inputs, outputs, constants, nodes)

    def replaced(self, nodes: list[Node], constants: dict[str, np.ndarray]) -> Graph:
        """This graph with other nodes and constants, of which those are dropped that nothing reads.

        Initializers are no longer listed among the inputs.
        """
        inputs = [v for v in self.inputs if v.name not in self.constants]
        graph = Graph(self.name, inputs, self.outputs, constants, nodes)
        read = {name for names in graph.reads.values() for name in names} | {v.name for v in self.outputs}
        graph.constants = {name: value for name, value in constants.items() if name in read}
        return graph

    def readers(self) -> dict[str, list[Node | None]]:
        """{name: the nodes that read it, once for each time}; None stands for the graph's outputs and subgraphs."""
        found: dict[str, list[Node | None]] = {}
        for node in self.nodes:
            for name in filter(None, node.inputs):
                found.setdefault(name, []).append(node)
            for graph in node.graphs:
                for name in graph.free:
                    found.setdefault(name, []).append(None)
        for value in self.outputs:
            found.setdefault(value.name, []).append(None)
        return found

    def _definitions(self, nodes: list[Node]) -> dict[str, Node]:
        """{name: the node that defines it}; ValueError for a name that is defined twice."""
        defined = {v.name for v in self.inputs} | set(self.constants)
        made_by: dict[str, Node] = {}
        for node in nodes:
            for name in filter(None, node.outputs):
                if name in defined or name in made_by:
                    raise node.error(f"its output '{name}' is defined twice in the graph.")
                made_by[name] = node
        return made_by

    def _free(self, made_by: dict[str, Node]) -> list[str]:
        known = {v.name for v in self.inputs} | set(self.constants) | set(made_by)
        names = [name for node in self.nodes for name in self.reads[node]] + [v.name for v in self.outputs]
        return [name for name in dict.fromkeys(names) if name and name not in known]

    def _last_uses(self) -> dict[Node, list[str]]:
        last: dict[Node, list[str]] = {}
        seen = {v.name for v in self.outputs}
        for node in reversed(self.nodes):
            names = [name for name in (*self.reads[node], *filter(None, node.outputs)) if name not in seen]
            last[node] = list(dict.fromkeys(names))
            seen.update(names)
        return last


def _value(proto: Any) -> Value:
    """The ValueInfoProto of an input or output."""
    checked_text(proto.name)
    if not proto.type.HasField("tensor_type"):
        return Value(proto.name, None, None)
    tensor = proto.type.tensor_type
    dtype = dtype_name(tensor.elem_type, f"value '{proto.name}'") if tensor.elem_type else None
    shape = None
    if tensor.HasField("shape"):
        # Some exporters write -1 for a dimension of any size.
        sizes = [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in tensor.shape.dim]
        shape = tuple(None if d == -1 else d for d in sizes)
    return Value(proto.name, dtype, shape)


def _ordered(nodes: list[Node], reads: dict[Node, list[str]], made_by: dict[str, Node], graph: str) -> list[Node]:
    """The nodes, each after those that it reads from; in the file's order where that is one."""
    ordered: list[Node] = []
    state: dict[Node, int] = {}  # 1: being visited, 2: ordered
    for root in nodes:
        stack = [root]
        while stack:
            node = stack[-1]
            if state.get(node) == 2:
                stack.pop()
                continue
            state[node] = 1
            before = [made_by[name] for name in reads[node] if name in made_by and state.get(made_by[name]) != 2]
            for other in before:
                if state.get(other) == 1:
                    raise node.error(f"it is in a cycle: it depends on its own output (graph '{graph}').")
            if before:
                stack.append(before[0])
            else:
                state[node] = 2
                ordered.append(node)
                stack.pop()
    return ordered
