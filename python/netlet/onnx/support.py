"""Which of a model's operators netlet lacks: asked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .functions import body_graph, definition
from .graph import Graph
from .node import Node, standard_domain
from .operators import registry
from .schemas import schema

_DEEPEST = 32  # functions that call one another
_MOST_NODES = 1 << 18  # in a model with all its functions expanded
_MOST_NAMES = 10  # of nodes of one operator, in an error


def check_supported(graph: Graph, functions: Mapping[tuple[str, str], Any]) -> None:
    """Raises one error that lists all operators that netlet lacks, with the names of their first nodes.

    Args:
        graph: the model's graph.
        functions: {(domain, name): FunctionProto} of the model's own operators.

    Raises:
        NotImplementedError: there are such operators.
        ValueError: an operator's domain has no version; a node has too few or too many inputs; a function calls itself;
            the functions have too many nodes.
    """
    survey = _Survey(functions)
    size = survey.expanded_size(node.proto for node in graph.nodes)
    if size > _MOST_NODES:
        raise ValueError(
            f"ONNX model: expected at most {_MOST_NODES} nodes with all functions expanded, received {size}."
        )
    survey.visit(graph)
    if survey.lacking:
        # The operators come first, since long messages lose their middle.
        raise NotImplementedError(
            f"ONNX model: netlet does not support these operators: {', '.join(survey.lacking)}. Their nodes: "
            f"{'; '.join(f'{name} (nodes {_listed(nodes)})' for name, nodes in survey.lacking.items())}."
        )


def _listed(nodes: list[str]) -> str:
    """The names of the first nodes, and the number of all others."""
    first = ", ".join(map(repr, nodes[:_MOST_NAMES]))
    return first if len(nodes) <= _MOST_NAMES else f"{first} and {len(nodes) - _MOST_NAMES} more"


class _Survey:
    """Visits all nodes; `lacking` becomes {operator: names of the nodes without a handler}."""

    def __init__(self, functions: Mapping[tuple[str, str], Any]) -> None:
        self.functions = functions
        self.lacking: dict[str, list[str]] = {}
        self._sizes: dict[tuple[str, str], int] = {}

    def expanded_size(self, nodes: Iterable[Any], inside: tuple[tuple[str, str], ...] = ()) -> int:
        """Number of NodeProtos with all functions expanded; ValueError if a function calls itself."""
        total = 0
        if len(inside) > _DEEPEST:
            raise ValueError(f"ONNX model: expected functions that call others at most {_DEEPEST} deep.")
        for node in nodes:
            key = standard_domain(node.domain), node.op_type
            if key in inside:
                raise ValueError(f"ONNX function '{node.op_type}': expected other functions in it; it calls itself.")
            if key in self.functions and key not in self._sizes:
                self._sizes[key] = self.expanded_size(self.functions[key].node, (*inside, key))
            inner = [g for a in node.attribute for g in (a.g, *a.graphs)]
            total += 1 + self._sizes.get(key, 0) + sum(self.expanded_size(g.node, inside) for g in inner)
        return total

    def visit(self, graph: Graph) -> None:
        """Visits a graph, its subgraphs and the functions that it calls."""
        for node in graph.nodes:
            if node.domain not in node.opsets:
                raise node.error(f"the model names no version of its domain '{node.domain}'.")
            for inner in node.graphs:
                self.visit(inner)
            function = self.functions.get((node.domain, node.op_type))
            if function is not None:
                self.visit(body_graph(function, node))
                continue
            _check_number_of_inputs(node)
            if not self._is_known(node):
                name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
                self.lacking.setdefault(name, []).append(node.name)

    def _is_known(self, node: Node) -> bool:
        """Whether an operator has a handler, or a definition by operators that have one."""
        if registry.find(node.domain, node.op_type, node.opset) is not None:
            return True
        function = definition(node)
        if function is None or function is True:  # True: a definition that depends on the inputs' dtypes
            return function is not None
        return all(self._is_known(inner) for inner in body_graph(function, node).nodes)


def _check_number_of_inputs(node: Node) -> None:
    known, number = schema(node.op_type, node.opset, node.domain), len(node.inputs)
    if known is None or known.min_input <= number <= known.max_input:
        return
    least, most = known.min_input, known.max_input
    wanted = f"{least}" if least == most else f"{least} to {most}" if most <= _MOST_NODES else f"at least {least}"
    raise node.error(f"expected {wanted} inputs, received {number}.")
