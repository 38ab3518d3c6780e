"""What a picture of a model shows: boxes for the calls of its layers, and edges between them."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from typing import Any, NamedTuple

from netlet.base import tree


class Options(NamedTuple):
    """What the boxes show; the arguments of `model_picture`."""

    show_shapes: bool = True
    show_dtype: bool = False
    show_layer_activations: bool = False
    show_trainable: bool = True
    expand_nested: bool = False
    show_layer_names: bool = True


@dataclasses.dataclass
class Box:
    """A call of a layer or op.

    Attributes:
        title: the first line; the layer's name.
        rows: the other lines.
        family: the package of the layer's class, such as "convolutional", which chooses the colour.
        state: "frozen", "partly frozen" or "".
        hint: the text that a browser shows above the box.
        inner: the graph of a nested model that is drawn as a frame; else None.
    """

    title: str
    rows: list[str]
    family: str = ""
    state: str = ""
    hint: str = ""
    inner: Graph | None = None


@dataclasses.dataclass
class Graph:
    """The boxes of a model, and edges as pairs of indices of boxes.

    Attributes:
        order: pairs that are drawn one above the other without an edge: layers of a model without a graph.
    """

    boxes: list[Box] = dataclasses.field(default_factory=list)
    edges: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    order: list[tuple[int, int]] = dataclasses.field(default_factory=list)


def describe(model: Any, options: Options) -> Graph:
    """The graph of a model's picture.

    A layer that is called several times has a box for each call. Nothing is built or computed.

    Args:
        model: any Model.
        options: what the boxes show.

    Returns:
        The Graph. A subclassed model has one box, or with `expand_nested` its layers one above the other.
    """
    function = getattr(model, "_function", None)
    if function is not None:
        return _of_function(function, options)
    if is_chain(model):
        return _of_chain(model, options)
    graph = Graph()
    layers = list(getattr(model, "layers", [])) if options.expand_nested else []
    for layer in layers or [model]:
        graph.boxes.append(_box(layer, None, options, inside=layer is not model))
    graph.order = list(itertools.pairwise(range(len(graph.boxes))))
    return graph


def is_chain(op: Any) -> bool:
    """Whether it is a Sequential."""
    return hasattr(op, "pop") and hasattr(op, "layers")


def _is_model(op: Any) -> bool:
    """Whether it is a Model whose layers a frame can show."""
    return hasattr(op, "summary") and bool(getattr(op, "layers", None))


def _of_chain(model: Any, options: Options) -> Graph:
    """Each layer of a Sequential has been called at most once by this model, last by its graph if it has one."""
    graph = Graph()
    symbols = list(getattr(model, "_symbols", []))
    layers = list(model._layers)
    for i, layer in enumerate(layers):
        outputs = [symbols[i]] if i < len(symbols) else None
        graph.boxes.append(_box(layer, outputs, options))
    if not layers:
        graph.boxes.append(_box(model, None, options, inside=False))
    graph.edges = list(itertools.pairwise(range(len(layers))))
    return graph


def _of_function(function: Any, options: Options) -> Graph:
    graph = Graph()
    maker: dict[int, int] = {}  # the box of each symbolic tensor, by id
    own = {id(t) for node in function.nodes for t in node.outputs}
    for tensor in function.inputs:
        if id(tensor) not in own:  # the output of a layer outside
            maker[id(tensor)] = len(graph.boxes)
            rows = ["Input", *_tensors([tensor], options)]
            graph.boxes.append(Box(tensor.name, rows, "core", hint=f"{tensor.name} (input)"))
    calls = Counter(id(node.operation) for node in function.nodes)
    seen: Counter[int] = Counter()
    for node in function.nodes:
        op = node.operation
        seen[id(op)] += 1
        box = _box(op, node.outputs, options)
        if calls[id(op)] > 1:
            box.rows.append(f"shared: call {seen[id(op)]} of {calls[id(op)]}")
        index = len(graph.boxes)
        sources = dict.fromkeys(maker[id(t)] for t in node.input_tensors if id(t) in maker)
        graph.boxes.append(box)
        graph.edges += [(source, index) for source in sources]
        maker.update((id(t), index) for t in node.outputs if id(t) not in maker)
    return graph


def _box(op: Any, outputs: Any, options: Options, inside: bool = True) -> Box:
    """The box of an operation.

    Args:
        op: a layer, model or op.
        outputs: symbolic outputs of this call, or None if unknown.
        options: what the box shows.
        inside: whether it is a part of the model that is drawn, so that a nested model may become a frame.
    """
    kind = "Input" if type(op).__name__ == "InputLayer" else _kind(op)
    title = str(op.name) if options.show_layer_names else kind
    activation = _activation(op) if options.show_layer_activations else ""
    first = kind + (f", {activation}" if activation else "")
    rows = [first] if options.show_layer_names or activation else []
    rows += _tensors(outputs if outputs is not None else _last_outputs(op), options)
    weights = _parameters(op)
    rows += [weights] if weights else []
    state = _state(op) if options.show_trainable else ""
    rows += [state] if state else []
    inner = describe(op, options) if options.expand_nested and inside and _is_model(op) else None
    return Box(title, rows, _family(op), state, f"{op.name} ({kind})", inner)


def _kind(op: Any) -> str:
    """The class of a layer, or the function of an op."""
    function = getattr(op, "fn", None)
    return str(function.__name__) if function is not None and not hasattr(op, "built") else type(op).__name__


def _family(op: Any) -> str:
    """The package of netlet.layers that a layer's class comes from; "" for ops and other classes."""
    if hasattr(op, "summary"):
        return "model"
    for base in type(op).__mro__:
        parts = base.__module__.split(".")
        if parts[:2] == ["netlet", "layers"] and len(parts) > 2 and parts[2] != "base":
            return parts[2]
    return ""


def _activation(op: Any) -> str:
    found = getattr(op, "activation", None)
    if found is None:
        return ""
    return str(getattr(found, "__name__", None) or getattr(found, "name", type(found).__name__))


def _last_outputs(op: Any) -> Any:
    nodes = getattr(op, "_inbound_nodes", None)
    return nodes[-1].outputs if nodes else []


def _tensors(tensors: Any, options: Options) -> list[str]:
    """A row with the shapes and dtypes of symbolic tensors; equal ones are counted."""
    parts = []
    for t in tree.flatten(tensors):
        shape = str(tuple(t.shape)) if options.show_shapes else ""
        parts.append(" ".join(part for part in (shape, str(t.dtype) if options.show_dtype else "") if part))
    counts = Counter(part for part in parts if part)
    rows = [part if count == 1 else f"{count} × {part}" for part, count in counts.items()]
    return rows if len(rows) <= 4 else [*rows[:3], f"and {len(rows) - 3} more"]


def _parameters(op: Any) -> str:
    """The number of weights as text; "" for an operation without any."""
    if not hasattr(op, "built"):
        return ""
    if not op.built:
        return "" if type(op).__name__ == "InputLayer" else "not built"
    count = op.count_params() if op.weights else 0
    return f"{count:,} parameter{'s' if count != 1 else ''}" if count else ""


def _state(op: Any) -> str:
    """Whether an optimizer may change the weights: "frozen", "partly frozen" or ""."""
    inner = getattr(op, "_flatten_layers", None)
    leaves = [layer for layer in inner() if layer.weights] if inner is not None else []
    if not leaves:
        return ""
    leaves = [layer for layer in leaves if layer is not op] or leaves
    frozen = [not layer.trainable for layer in leaves]
    if not getattr(op, "trainable", True) or all(frozen):
        return "frozen"
    return "partly frozen" if any(frozen) else ""
