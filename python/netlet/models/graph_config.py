"""The config of a functional model, in Keras's form: its layers, how each was called, and its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base import tree
from netlet.base.untrusted import damaged_config_named
from netlet.engine.graph import Function, KerasTensor, Node, OpCall, Operation
from netlet.ops.core.dispatch import REGISTRY
from netlet.saving.foreign import in_netlets_form
from netlet.saving.serialization import deserialize_object, serialize_object


def graph_config(model: Any) -> dict[str, Any]:
    """The config of a model that is a graph.

    Args:
        model: a `Model(inputs, outputs)`.

    Returns:
        {"name", "trainable", "layers": [...], "input_layers": ..., "output_layers": ...}. An input or output is
        [layer name, index of the layer's call in this model, index of that call's output].
    """
    function: Function = model._function
    own = {id(node) for node in function.nodes}
    number = {}  # id of a node -> its index among the calls of its operation in this model
    layers = []
    for operation in function.operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in own]
        number.update({id(node): i for i, node in enumerate(nodes)})
    for operation in function.operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in own]
        entry = _operation_config(operation)
        entry["name"] = operation.name
        entry["inbound_nodes"] = [_call_config(node, number) for node in nodes if not node.is_input]
        layers.append(entry)

    def place(tensor: KerasTensor) -> list[Any]:
        """[layer name, call index, output index] of a tensor."""
        history = tensor._keras_history
        return [history.operation.name, number[id(history.operation._inbound_nodes[history.node_index])], history[2]]

    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": tree.map_structure(place, function.inputs_struct),
        "output_layers": tree.map_structure(place, function.outputs_struct),
    }


def _operation_config(operation: Operation) -> dict[str, Any]:
    """The config of one layer or op."""
    if isinstance(operation, OpCall):
        name = getattr(operation.fn, "op_name", operation.fn.__name__)
        if REGISTRY.get(name) is not operation.fn:
            raise ValueError(
                f"The model calls the function '{name}', which files cannot describe. Call it in a layer of your own."
            )
        return {"module": "netlet.ops", "class_name": "Op", "config": operation.get_config(), "registered_name": None}
    config: dict[str, Any] = serialize_object(operation)
    return config


def _call_config(node: Node, number: dict[int, int]) -> dict[str, Any]:
    """The arguments of one call; symbolic tensors become references to the call that made them."""

    def encode(value: Any) -> Any:
        if isinstance(value, KerasTensor):
            operation, index, tensor = value._keras_history
            where = [operation.name, number[id(operation._inbound_nodes[index])], tensor]
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": list(value.shape), "dtype": value.dtype, "keras_history": where},
            }
        if isinstance(value, tuple):  # JSON has no tuples, and the index x[:, 1] needs one
            return {"class_name": "__tuple__", "config": [encode(v) for v in value]}
        if isinstance(value, list):
            return [encode(v) for v in value]
        if isinstance(value, dict):
            return {key: encode(v) for key, v in value.items()}
        return serialize_object(value)

    return {"args": [encode(v) for v in node.args], "kwargs": encode(node.kwargs)}


@damaged_config_named("a functional model")
def graph_from_config(cls: Any, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Rebuilds the model of a config by calling its layers again.

    A call is made once its arguments exist. Shared layers can need several passes over the list of calls.

    Args:
        cls: class of the model.
        config: what `graph_config` returned, here or in Keras.
        custom_objects: {name: class or function} for code that is not registered.

    Returns:
        The model, with new weights.

    Raises:
        ValueError: a reference to a layer, a call or an output that does not exist; a cycle; a call without a symbolic
            tensor.
    """
    config = in_netlets_form(config)
    made: dict[str, Any] = {}
    waiting: list[tuple[str, list[Any]]] = []
    first: dict[str, int] = {}  # calls that a layer had before those made here; a nested model has some
    for entry in config["layers"]:
        operation = _operation_from_config(entry, custom_objects)
        made[entry["name"]] = operation
        calls = entry.get("inbound_nodes") or []
        first[entry["name"]] = len(operation._inbound_nodes) if calls else 0
        if calls:
            waiting.append((entry["name"], list(calls)))
    while waiting:
        progress = False
        for name, calls in waiting:
            while calls and _ready(calls[0], made, first):
                call = calls.pop(0)
                if not _has_symbol(call):
                    # `graph_config` writes no such call. An op on constants alone would run while loading, on any
                    # sizes that the file names.
                    raise ValueError(f"The config calls {name!r} without a symbolic tensor.")
                fill = _Fill(made, first)
                made[name](*fill(call["args"]), **fill(call["kwargs"]))
                progress = True
        waiting = [(name, calls) for name, calls in waiting if calls]
        if waiting and not progress:
            raise ValueError(f"The config's graph is damaged: the calls of {[n for n, _ in waiting]} cannot be made.")
    find = _Fill(made, first).find
    arguments = {k: v for k, v in config.items() if k not in ("layers", "input_layers", "output_layers")}
    return cls(inputs=_at(config["input_layers"], find), outputs=_at(config["output_layers"], find), **arguments)


def _operation_from_config(entry: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """The layer or op of one entry of `layers`."""
    if entry.get("module") == "netlet.ops" and entry.get("class_name") == "Op":
        inner = entry["config"]
        if inner.get("op") not in REGISTRY:
            raise ValueError(f"The config names the op {inner.get('op')!r}, which netlet.ops does not have.")
        return OpCall(REGISTRY[inner["op"]], name=inner["name"])
    operation = deserialize_object({k: v for k, v in entry.items() if k != "inbound_nodes"}, custom_objects)
    if not isinstance(operation, Operation):
        raise ValueError(f"Config, entry {entry.get('name')!r}: expected a layer, received {type(operation).__name__}.")
    return operation


def _is_symbol(value: Any) -> bool:
    """Whether the value is the config of a symbolic tensor."""
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _has_symbol(value: Any) -> bool:
    """Whether the value contains the config of a symbolic tensor."""
    if isinstance(value, dict):
        return _is_symbol(value) or any(_has_symbol(v) for v in value.values())
    return isinstance(value, (list, tuple)) and any(_has_symbol(v) for v in value)


def _ready(value: Any, made: dict[str, Any], first: dict[str, int]) -> bool:
    """Whether all symbolic tensors that the value refers to exist already."""
    if _is_symbol(value):
        name, node, _ = value["config"]["keras_history"]
        if name not in made:
            raise ValueError(f"The config's graph refers to layer {name!r}, which does not exist.")
        return len(made[name]._inbound_nodes) > first[name] + int(node)
    if isinstance(value, dict):
        return all(_ready(v, made, first) for v in value.values())
    if isinstance(value, (list, tuple)):
        return all(_ready(v, made, first) for v in value)
    return True


class _Fill:
    """Replaces the configs in a call's arguments by the symbolic tensors and other objects that they describe.

    Args:
        made: layers by name.
        first: number of calls that each layer had before those of this model.
    """

    def __init__(self, made: dict[str, Any], first: dict[str, int]) -> None:
        self.made, self.first = made, first

    def find(self, name: str, node: int, tensor: int) -> KerasTensor:
        """Output `tensor` of call `node` of a layer; ValueError if it does not exist."""
        try:
            found: KerasTensor = self.made[name]._inbound_nodes[self.first[name] + int(node)].outputs[int(tensor)]
        except (KeyError, IndexError):
            raise ValueError(
                f"The config's graph refers to output {tensor} of call {node} of {name!r}, which does not exist."
            ) from None
        return found

    def __call__(self, value: Any) -> Any:
        if _is_symbol(value):
            return self.find(*value["config"]["keras_history"])
        if isinstance(value, dict) and value.get("class_name") == "__tuple__":
            return tuple(self(v) for v in value["config"])
        if isinstance(value, dict) and "class_name" not in value:
            return {k: self(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(v) for v in value]
        return deserialize_object(value)


def _at(structure: Any, find: Any) -> Any:
    """The symbolic tensors for a structure of [layer name, call index, output index]."""
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        return find(*structure)
    if isinstance(structure, dict):
        return {k: _at(v, find) for k, v in structure.items()}
    parts = [_at(v, find) for v in structure]
    return tuple(parts) if isinstance(structure, tuple) else parts
