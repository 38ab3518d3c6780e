"""A node of an ONNX graph, as handlers of operators see it: names, and attributes as Python values."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netlet.base.extras import needs
from netlet.engine.graph import most_elements

from .tensors import checked_text, to_array

if TYPE_CHECKING:
    from .graph import Graph

_MOST_STEPS = 1 << 14  # of a loop, which is unrolled while a model is loaded
RunGraph = Callable[["Graph", Sequence[Any]], list[Any]]


class Node:
    """One node of an ONNX graph.

    Args:
        proto: the NodeProto.
        opsets: {domain: version} of the model.
        to_graph: makes a Graph of a GraphProto.
        largest: number of elements that a constant made from it may have; None: any.

    Attributes:
        op_type, domain, name: of the operator and the node. The standard domain is "".
        inputs, outputs: names of values; "" where an optional one is left out.
        captured: {name: value} of what its subgraphs read from the graphs around them, where its graph runs.
        sole_source: {name of an input: the node that computes it} of the inputs that nothing else reads.
    """

    def __init__(
        self,
        proto: Any,
        opsets: Mapping[str, int],
        to_graph: Callable[[Any], Graph],
        largest: int | None = None,
    ) -> None:
        checked_text(proto.op_type, proto.domain, proto.name, *proto.input, *proto.output)
        self.proto, self.opsets, self.largest = proto, opsets, largest
        self._to_graph = to_graph
        self.op_type: str = proto.op_type
        self.domain: str = standard_domain(proto.domain)
        self.inputs: tuple[str, ...] = tuple(proto.input)
        self.outputs: tuple[str, ...] = tuple(proto.output)
        self.name: str = proto.name or next(filter(None, self.outputs), "")
        self._attributes: dict[str, Any] = {a.name: a for a in proto.attribute}
        self._decoded: dict[str, Any] = {}
        self._run_graph: RunGraph | None = None
        self.captured: dict[str, Any] = {}
        self.sole_source: dict[str, Node] = {}

    @classmethod
    def made(
        cls,
        like: Node,
        op_type: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str = "",
        **attributes: Any,
    ) -> Node:
        """A node that a model does not have, with the name of one that it has.

        Args:
            like: that node.
            op_type, domain: the operator.
            inputs, outputs: names of values.
            **attributes: numbers, texts, lists of them, or arrays.
        """
        helper = needs("onnx.helper", "onnx", "netlet.onnx")
        proto = helper.make_node(op_type, list(inputs), list(outputs), like.name, domain=domain, **attributes)
        return cls(proto, like.opsets, like._to_graph, like.largest)

    def renamed(self, inputs: Sequence[str], outputs: Sequence[str]) -> Node:
        """This node with other names of its inputs and outputs."""
        proto = type(self.proto)()
        proto.CopyFrom(self.proto)
        del proto.input[:], proto.output[:]
        proto.input.extend(inputs)
        proto.output.extend(outputs)
        return Node(proto, self.opsets, self._to_graph, self.largest)

    @property
    def opset(self) -> int:
        """The model's version of the operator's domain."""
        return self.opsets[self.domain]

    def attribute(self, name: str, default: Any = None) -> Any:
        """The value of an attribute: int, float, str, a list of them, ndarray, or Graph; else `default`."""
        if name not in self._attributes:
            return default
        if name not in self._decoded:
            self._decoded[name] = self._decode(self._attributes[name])
        return self._decoded[name]

    def _decode(self, attribute: Any) -> Any:
        kind = attribute.type
        types = type(attribute)
        if kind == types.FLOAT:
            return attribute.f
        if kind == types.INT:
            return attribute.i
        if kind == types.STRING:
            return self._text(attribute.s)
        if kind == types.TENSOR:
            return to_array(attribute.t, f"attribute '{attribute.name}' of {self}")
        if kind == types.GRAPH:
            return self._to_graph(attribute.g)
        if kind == types.TYPE_PROTO:
            return attribute.tp
        if kind == types.FLOATS:
            return list(attribute.floats)
        if kind == types.INTS:
            return list(attribute.ints)
        if kind == types.STRINGS:
            return [self._text(s) for s in attribute.strings]
        if kind == types.TENSORS:
            return [to_array(t, f"attribute '{attribute.name}' of {self}") for t in attribute.tensors]
        if kind == types.GRAPHS:
            return [self._to_graph(g) for g in attribute.graphs]
        raise NotImplementedError(f"{self}: attribute '{attribute.name}' has type {kind}, which netlet does not read.")

    def _text(self, value: bytes) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise self.error(f"expected UTF-8 text in an attribute, received {value[:40]!r}.") from None

    @property
    def graphs(self) -> list[Graph]:
        """The subgraphs among its attributes."""
        return [
            graph
            for name, a in self._attributes.items()
            if a.type in (type(a).GRAPH, type(a).GRAPHS)
            for graph in (self.attribute(name) if a.type == type(a).GRAPHS else [self.attribute(name)])
        ]

    def with_defaults(self, **values: Any) -> Node:
        """This node, with values for attributes that it does not have."""
        node = copy.copy(self)
        node._decoded = {**values, **self._decoded}
        node._attributes = {**dict.fromkeys(values), **self._attributes}
        return node

    # ---- for handlers ------------------------------------------------------------------------------------------------
    def run_graph(self, graph: Graph, inputs: Sequence[Any]) -> list[Any]:
        """The outputs of a subgraph (of If, Loop, Scan). It sees the values of the graphs around it.

        Args:
            graph: an attribute of this node.
            inputs: values of the subgraph's inputs, in their order.
        """
        if self._run_graph is None:
            raise self.error("its subgraph can run only where the graph around it runs.")
        return self._run_graph(graph, inputs)

    def within(self, run_graph: RunGraph, captured: dict[str, Any]) -> Node:
        """This node where its graph runs.

        Args:
            run_graph: runs a subgraph.
            captured: {name: value} of what its subgraphs read from the graphs around them.
        """
        node = Node(self.proto, self.opsets, self._to_graph, self.largest)
        node._decoded, node._run_graph, node.captured = self._decoded, run_graph, captured
        return node

    def check_size(self, shape: Sequence[int]) -> None:
        """Raises ValueError if a constant of this shape is larger than a file of this size can ask for.

        Handlers call it before they make an array whose shape is a value: ConstantOfShape, Expand, Tile, Range ...
        """
        limits = [limit for limit in (self.largest, most_elements()) if limit is not None]
        sizes = tuple(int(d) for d in shape)
        if limits and math.prod(sizes) > min(limits):
            raise self.error(
                f"expected a constant of at most {min(limits)} elements in a file of this size, received shape {sizes}."
            )

    def check_stated(self, shape: Sequence[int]) -> None:
        """Raises ValueError if an array of this shape is larger than the file that is loaded can ask for.

        Handlers call it before they make an array whose shape is that of an input, which a file merely states. Where
        the model runs, the input is there, and the array may be as large.
        """
        most = most_elements()
        sizes = [int(d) for d in shape]
        if most is not None and math.prod(sizes) > most:
            raise self.error(
                f"its inputs state shapes that need an array {tuple(sizes)}: expected at most {most} elements in a "
                "file of this size."
            )

    def check_steps(self, count: int) -> None:
        """Raises ValueError if a file that is loaded asks for more steps than can be made one by one."""
        if most_elements() is not None and count > _MOST_STEPS:
            raise self.error(f"expected at most {_MOST_STEPS} steps or parts, received {count}.")

    def error(self, text: str) -> ValueError:
        """The error that names this node, to be raised."""
        return ValueError(f"{self}: {text}")

    def __str__(self) -> str:
        return f"ONNX node '{self.name}' ({self.domain + '.' if self.domain else ''}{self.op_type})"


def standard_domain(domain: str) -> str:
    """The domain's name, "" for the standard operators, which some files call "ai.onnx".

    >>> standard_domain("ai.onnx"), standard_domain("ai.onnx.ml")
    ('', 'ai.onnx.ml')
    """
    return "" if domain == "ai.onnx" else domain
