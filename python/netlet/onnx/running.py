"""Running an ONNX graph: each node in its order, on whatever values a function of nodes can compute with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netlet import _core

from .functions import body_graph, definition
from .graph import Graph
from .node import Node
from .operators import registry
from .operators.element_types import conform

Call = Callable[[Node, list[Any]], tuple[Any, ...]]


class Scope:
    """The values that have names while a graph runs.

    Args:
        values: those of the graph itself.
        outer: the scope of the graph around it; None for a model's graph.
    """

    def __init__(self, values: dict[str, Any], outer: Scope | None = None) -> None:
        self.values, self.outer = values, outer

    def __getitem__(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        raise ValueError(f"ONNX: nothing defines the value '{name}'.")


def run_graph(graph: Graph, inputs: Mapping[str, Any], call: Call, outer: Scope | None = None) -> list[Any]:
    """Runs a graph.

    Args:
        graph: the graph.
        inputs: {name: value} of its inputs. An initializer may be replaced.
        call: computes the outputs of one node from its inputs: `call(node, values)`.
        outer: the names that the graph around it defines.

    Returns:
        The values of the graph's outputs. A value is freed after its last use.

    Raises:
        ValueError: an input is missing, or a name is not defined.
    """
    scope = Scope({**graph.constants, **inputs}, outer)
    missing = [v.name for v in graph.inputs if v.name not in scope.values]
    if missing:
        raise ValueError(f"ONNX graph '{graph.name}': expected also inputs {missing}, received {sorted(inputs)}.")

    def run_inner(inner: Graph, values: Sequence[Any]) -> list[Any]:
        names = [v.name for v in inner.inputs]
        if len(values) > len(names):
            raise ValueError(f"ONNX graph '{inner.name}': expected {len(names)} inputs, received {len(values)}.")
        return run_graph(inner, dict(zip(names, values, strict=False)), call, scope)

    for node in graph.nodes:
        run_node(node, scope, call, run_inner)
        for name in graph.last_use[node]:
            scope.values.pop(name, None)
    return [scope[v.name] if v.name else None for v in graph.outputs]


def run_node(node: Node, scope: Scope, call: Call, run_inner: Any) -> None:
    """Computes one node and adds its outputs to the scope."""
    values = [scope[name] if name else None for name in node.inputs]
    if node.graphs:
        node = node.within(run_inner, {name: scope[name] for graph in node.graphs for name in graph.free})
    outputs = guarded(node, values, call)
    wanted = [name for name in node.outputs if name]
    if len(outputs) < len(node.outputs) and any(node.outputs[len(outputs) :]):
        raise node.error(f"it has outputs {wanted}, of which netlet computes {len(outputs)}.")
    scope.values.update({name: value for name, value in zip(node.outputs, outputs, strict=False) if name})


def guarded(node: Node, values: list[Any], call: Call) -> tuple[Any, ...]:
    """`call(node, values)`, with a ValueError in place of errors that a user does not expect.

    Args:
        node: the node.
        values: its inputs.
        call: computes its outputs.
    """
    try:
        return call(node, values)
    except (NotImplementedError, OSError, MemoryError, _core.SymbolicArgument):
        raise
    except (ValueError, TypeError) as error:
        if "ONNX" in str(error):  # it names a node
            raise
        raise node.error(f"{error}") from error
    except Exception as error:  # a damaged file can make a handler fail in any way
        received = ", ".join(_described(value) for value in values) or "none"
        raise node.error(
            f"its inputs or attributes do not fit the operator. Inputs: {received} ({type(error).__name__}: {error})."
        ) from error


def _described(value: Any) -> str:
    """The dtype and shape of an input of a node."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{getattr(value, 'dtype', '?')} {tuple(shape)}"


def call_operator(node: Node, values: list[Any]) -> tuple[Any, ...]:
    """The outputs of a node, computed by the handler of its operator, or by the operator's definition in ONNX.

    Args:
        node: the node.
        values: its inputs.

    Raises:
        NotImplementedError: neither exists.
    """
    handler = registry.find(node.domain, node.op_type, node.opset)
    if handler is None:
        function = definition(node, values)
        if function is None:
            raise NotImplementedError(f"{node}: netlet has no operator of this name in opset {node.opset}.")
        return call_function(function, node, values, call_operator)
    try:
        result = handler.function(node, *values)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:  # the call itself failed
            raise node.error(f"the number of its inputs, {len(values)}, does not fit: {error}") from error
        raise
    return conform(node, values, result if isinstance(result, tuple) else (result,))


def call_function(function: Any, node: Node, values: list[Any], call: Call) -> tuple[Any, ...]:
    """The outputs of a node, computed by the nodes of a function.

    Args:
        function: the FunctionProto.
        node: the node, which gives the function's attributes.
        values: its inputs.
        call: computes the function's nodes.
    """
    graph = body_graph(function, node)
    names = [v.name for v in graph.inputs]
    if len(values) > len(names):
        raise node.error(f"expected at most {len(names)} inputs, received {len(values)}.")
    return tuple(run_graph(graph, dict.fromkeys(names) | dict(zip(names, values, strict=False)), call))
