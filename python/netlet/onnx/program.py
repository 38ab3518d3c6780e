"""An ONNX model that runs node by node: the graph, its opsets and its own functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base.untrusted import elements_for

from .graph import Graph
from .node import Node, standard_domain
from .running import Call, call_function, call_operator, run_graph
from .support import check_supported

NEWEST_OPSET = 28  # of the standard domain that the handlers follow


class Program:
    """A ModelProto, checked.

    Args:
        proto: the ModelProto.
        largest: number of elements that a computed constant may have; None: that of `elements_for` the model's size.

    Attributes:
        graph: its graph.
        functions: {(domain, name): FunctionProto} of the model's own operators.
        nbytes: the size of the serialized model.

    Raises:
        ValueError: the model is damaged: `Graph` lists how.
        NotImplementedError: an opset that is newer than `NEWEST_OPSET`.
    """

    def __init__(self, proto: Any, largest: int | None = None) -> None:
        self.opsets = {standard_domain(o.domain): o.version for o in proto.opset_import}
        if not self.opsets:
            raise ValueError("ONNX model: expected the versions of its operators (opset_import), received none.")
        if not 1 <= self.opsets.get("", 1) <= NEWEST_OPSET:
            raise NotImplementedError(
                f"ONNX model: expected a version of the standard operators from 1 to {NEWEST_OPSET}, received "
                f"{self.opsets['']}."
            )
        self.nbytes: int = proto.ByteSize()
        largest = largest or elements_for(self.nbytes)
        self.functions = {(standard_domain(f.domain), f.name): f for f in proto.functions}
        self.graph = Graph.of(proto.graph, self.opsets, largest)
        if self.graph.free:
            raise ValueError(f"ONNX graph '{self.graph.name}': nothing defines the values {self.graph.free}.")

    def check_supported(self) -> None:
        """Raises one NotImplementedError that lists all operators that netlet lacks, with the names of nodes."""
        check_supported(self.graph, self.functions)

    def run(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The outputs for values of the inputs: Tensors, arrays or numbers, node by node.

        Args:
            inputs: {name: value}.
        """
        return run_graph(self.graph, inputs, self.calling(call_operator))

    def calling(self, call: Call) -> Call:
        """`call`, with the model's own functions replaced by their nodes."""

        def call_or_expand(node: Node, values: list[Any]) -> tuple[Any, ...]:
            function = self.functions.get((node.domain, node.op_type))
            if function is None:
                return call(node, values)
            return call_function(function, node, values, call_or_expand)

        return call_or_expand
