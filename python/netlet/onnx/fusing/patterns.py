"""The patterns: each looks at one node as the last of a group, and returns the node that replaces the group."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..as_layers.registry import FUSED
from ..graph import Graph
from ..node import Node
from .matching import Matcher

Pattern = Callable[[Matcher, Node], Node | None]


def fuse(graph: Graph) -> Graph:
    """The graph with each group of nodes that a pattern finds replaced by one node.

    Args:
        graph: the graph, with constants folded.
    """
    for pattern in (last_state, layer_norm, gelu, silu, attention, dense):
        matcher = Matcher(graph)
        nodes = [pattern(matcher, node) or node for node in graph.nodes]
        if any(new is not old for new, old in zip(nodes, graph.nodes)):
            graph = graph.replaced(_needed(graph, nodes), graph.constants)
    return graph


def _needed(graph: Graph, nodes: list[Node]) -> list[Node]:
    """The nodes whose outputs are read, directly or not, by the graph's outputs."""
    makers = {name: node for node in nodes for name in node.outputs if name}
    waiting = [v.name for v in graph.outputs]
    kept: set[Node] = set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node not in kept:
            kept.add(node)
            waiting += [*filter(None, node.inputs), *(name for inner in node.graphs for name in inner.free)]
    return [node for node in nodes if node in kept]


def dense(match: Matcher, node: Node) -> Node | None:
    """MatMul with a constant matrix, Add of a constant vector."""
    if node.op_type != "Add" or node.domain:
        return None
    for product_name, bias in match.operands(node):
        product, vector = match.maker(product_name, "MatMul"), match.row(bias)
        matrix = None if product is None else match.constants.get(product.inputs[1])
        if product is None or vector is None or matrix is None or matrix.ndim != 2:
            continue
        if matrix.shape[1] == vector.size and product.inputs[0] not in match.constants:
            inputs = [*product.inputs, bias]
            return Node.made(product, "Dense", inputs, node.outputs, FUSED)
    return None


def last_state(match: Matcher, node: Node) -> Node | None:
    """The last step of all hidden states of a recurrent node: its output Y_h."""
    if node.op_type != "Gather" or node.domain or node.attribute("axis", 0):
        return None
    index, source = match.constants.get(node.inputs[1]), match.maker(node.inputs[0], "LSTM", "GRU", "RNN")
    if source is None or index is None or index.ndim or index != -1 or source.outputs[0] != node.inputs[0]:
        return None
    forward = source.attribute("direction", "forward") == "forward" and not source.attribute("layout", 0)
    if not forward or any(source.outputs[1:]) or (len(source.inputs) > 4 and source.inputs[4]):
        return None
    return source.renamed(source.inputs, ["", node.outputs[0]])


def layer_norm(match: Matcher, node: Node) -> Node | None:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis."""
    if node.op_type != "Add" or node.domain:
        return None
    for scaled_name, beta in match.operands(node):
        scaled = match.maker(scaled_name, "Mul")
        if scaled is None or match.vector(beta) is None:
            continue
        for normal_name, gamma in match.operands(scaled):
            found = _normalized(match, normal_name) if match.vector(gamma) is not None else None
            if found is not None:
                x, epsilon = found
                return Node.made(node, "LayerNormalization", [x, gamma, beta], node.outputs, epsilon=epsilon)
    return None


def _normalized(match: Matcher, name: str) -> tuple[str, float] | None:
    """(x, epsilon) of (x - mean) / sqrt(variance + epsilon)."""
    quotient = match.maker(name, "Div")
    root = None if quotient is None else match.maker(quotient.inputs[1], "Sqrt")
    shifted = None if root is None else match.maker(root.inputs[0], "Add")
    if quotient is None or shifted is None:
        return None
    for variance_name, epsilon_name in match.operands(shifted):
        variance, epsilon = match.maker(variance_name, "ReduceMean"), match.number(epsilon_name)
        square = None if variance is None else match.maker(variance.inputs[0], "Pow", "Mul")
        difference = match.inner_maker(quotient.inputs[0], "Sub")
        if variance is None or square is None or difference is None or epsilon is None:
            continue
        two = square.op_type == "Mul" or match.is_number(square.inputs[1], 2.0)
        inner = match.inner_maker(square.inputs[0], "Sub")
        same = inner is not None and inner.inputs == difference.inputs
        if square.op_type == "Mul" and square.inputs[0] != square.inputs[1]:
            continue
        mean = match.inner_maker(difference.inputs[1], "ReduceMean")
        of_x = mean is not None and mean.inputs[0] == difference.inputs[0]
        if two and same and mean is not None and of_x and match.last_axis(mean) and match.last_axis(variance):
            return difference.inputs[0], epsilon
    return None


def _factors(match: Matcher, node: Node) -> list[str]:
    """The names of the factors of a product of several values."""
    names: list[str] = []
    for name in node.inputs:
        inner = match.maker(name, "Mul")
        names += [name] if inner is None else _factors(match, inner) if len(names) < 3 else [name]
    return names


def gelu(match: Matcher, node: Node) -> Node | None:
    """x * 0.5 * (1 + erf(x / sqrt(2))), in any order."""
    if node.op_type != "Mul" or node.domain or len(names := _factors(match, node)) != 3:
        return None
    half = [name for name in names if match.is_number(name, 0.5)]
    sums = [(name, found) for name in names if (found := match.maker(name, "Add")) is not None]
    if len(half) != 1 or not sums:
        return None
    for name, total in sums:
        x = next((n for n in names if n not in (half[0], name)), None)
        for erf_name, one in match.operands(total):
            erf = match.maker(erf_name, "Erf")
            inner = None if erf is None else match.maker(erf.inputs[0], "Div", "Mul")
            if inner is None or x is None or not match.is_number(one, 1.0) or x not in inner.inputs:
                continue
            factor = math.sqrt(2.0) if inner.op_type == "Div" else math.sqrt(0.5)
            if match.is_number(inner.inputs[1], factor) or (
                inner.op_type == "Mul" and match.is_number(inner.inputs[0], factor)
            ):
                return Node.made(node, "Gelu", [x], node.outputs, FUSED)
    return None


def silu(match: Matcher, node: Node) -> Node | None:
    """x * sigmoid(x)."""
    if node.op_type != "Mul" or node.domain:
        return None
    for x, gate_name in match.operands(node):
        gate = match.maker(gate_name, "Sigmoid")
        if gate is not None and gate.inputs[0] == x and x not in match.constants:
            return Node.made(node, "Silu", [x], node.outputs, FUSED)
    return None


def attention(match: Matcher, node: Node) -> Node | None:
    """softmax(q k * scale + bias) v, where k is already transposed."""
    if node.op_type != "MatMul" or node.domain or node.inputs[1] in match.constants:
        return None
    weights = match.maker(node.inputs[0], "Softmax")
    if weights is None or weights.attribute("axis", -1 if weights.opset >= 13 else 1) not in (-1, 3):
        return None
    name, bias = weights.inputs[0], ""
    added = match.maker(name, "Add")
    if added is not None:
        found = next(((a, b) for a, b in match.operands(added) if match.maker(a, "Div", "Mul", "MatMul")), None)
        if found is None:
            return None
        name, bias = found
    scale, name = _scale(match, name)
    scores = match.maker(name, "MatMul")
    if scores is None or any(n in match.constants for n in scores.inputs):
        return None
    inputs = [*scores.inputs, node.inputs[1], bias]
    return Node.made(node, "Attention", inputs if bias else inputs[:3], node.outputs, FUSED, scale=scale)


def _scale(match: Matcher, name: str) -> tuple[float, str]:
    """The factor of a value, and the value without it."""
    product = match.maker(name, "Div", "Mul")
    if product is None:
        return 1.0, name
    if product.op_type == "Div":
        number = match.number(product.inputs[1])
        return (1.0 / number, product.inputs[0]) if number else (1.0, name)
    for rest, factor in match.operands(product):
        number = match.number(factor)
        if number is not None:
            return number, rest
    return 1.0, name
