"""Which of a model's operators netlet lacks: asked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .functions import body_graph, definition
from .graph import Graph
from .node import Node
from .operators import registry

_MOST_NODES = 1 << 20  # in a model with all its functions expanded


def check_supported(graph: Graph, functions: Mapping[tuple[str, str], Any]) -> None:
    """Raises one error that lists all operators that netlet lacks, with the names of their nodes.

    Args:
        graph: the model's graph.
        functions: {(domain, name): FunctionProto} of the model's own operators.

    Raises:
        NotImplementedError: there are such operators.
        ValueError: an operator's domain has no version; a function calls itself; the functions have too many nodes.
    """
    survey = _Survey(functions)
    survey.visit(graph, ())
    if survey.lacking:
        listed = "; ".join(f"{name} (nodes {', '.join(map(repr, nodes))})" for name, nodes in survey.lacking.items())
        raise NotImplementedError(f"ONNX model: netlet does not support these operators: {listed}.")


class _Survey:
    """Visits all nodes; `lacking` becomes {operator: names of the nodes without a handler}."""

    def __init__(self, functions: Mapping[tuple[str, str], Any]) -> None:
        self.functions = functions
        self.lacking: dict[str, list[str]] = {}
        self.count = 0

    def visit(self, graph: Graph, inside: tuple[str, ...]) -> None:
        """Visits a graph, its subgraphs and the functions that it calls; `inside`: the functions around it."""
        self.count += len(graph.nodes)
        if self.count > _MOST_NODES:
            raise ValueError(f"ONNX model: expected at most {_MOST_NODES} nodes with all functions expanded.")
        for node in graph.nodes:
            if node.domain not in node.opsets:
                raise node.error(f"the model names no version of its domain '{node.domain}'.")
            for inner in node.graphs:
                self.visit(inner, inside)
            self._visit_body(node, inside)

    def _visit_body(self, node: Node, inside: tuple[str, ...]) -> None:
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        function = self.functions.get((node.domain, node.op_type))
        if function is None:
            if registry.find(node.domain, node.op_type, node.opset) is not None:
                return
            function = definition(node)
        if function is None:
            self.lacking.setdefault(name, []).append(node.name)
        elif name in inside:
            raise node.error("the function calls itself.")
        elif function is not True:  # True: a definition that depends on the inputs' dtypes
            self.visit(body_graph(function, node), (*inside, name))
