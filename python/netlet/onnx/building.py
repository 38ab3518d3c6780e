"""Building a graph of netlet's layers and ops from the nodes of an ONNX graph."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core, layers, ops
from netlet.base import tree
from netlet.engine.graph import KerasTensor, OpCall
from netlet.engine.needs_values import NeedsValues
from netlet.engine.variable import blank_variables

from .as_layers import registry as converters
from .deferred import Collection, Deferred
from .folding import RANDOM, can_fold, folded, is_known
from .node import Node
from .operator_layer import OnnxOperator, operator_graph
from .operators import registry
from .operators.values import NeedsConstant, is_constant
from .running import call_operator
from .size_trial import SizeTrial
from .views import Flattened, View, as_view, channels_last, held_order, view

# Operators whose constants of floats are parameters that may be trained; those of other operators are settings.
_WITH_PARAMETERS = set(
    "Add Sub Mul Div Pow Max Min MatMul Gemm Einsum Conv ConvTranspose PRelu Where Concat Expand Gather "
    "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization "
    "LSTM GRU RNN Attention".split()
)

_DRAWING = RANDOM | {"Dropout"}  # they draw when the model runs, not where their shape is known while it is loaded

_SLACK_BYTES = 1 << 20  # what a layer may need beyond its weights: for small ones the shapes make a better error


class Builder:
    """Computes the nodes of a graph on KerasTensors: `run_graph(graph, inputs, builder.call)`.

    Args:
        sizes: of the graph's values, for nodes that depend on shapes.
    """

    def __init__(self, sizes: SizeTrial) -> None:
        self._sizes = sizes
        self._names: set[str] = set()
        self._named: set[OpCall] = set()
        self._node_of: dict[Any, Node] = {}
        self._held: dict[tuple[int, tuple[int, ...]], Any] = {}
        self._count = 0

    # ---- one node ----------------------------------------------------------------------------------------------------
    def call(self, node: Node, values: list[Any]) -> tuple[Any, ...]:
        """The outputs of a node: arrays, KerasTensors, Views and Deferreds."""
        if can_fold(node, values):
            return folded(node, values)
        if all(is_known(v) or isinstance(v, Deferred) for v in [*values, *node.captured.values()]):
            return self._deferred(node, values)
        converter = converters.find(node)
        if converter is not None:
            result = converter(self, node, *values)
            if result is not NotImplemented:
                return result if isinstance(result, tuple) else (result,)
        return self._by_operator(node, values)

    def _by_operator(self, node: Node, values: list[Any]) -> tuple[Any, ...]:
        handler = registry.find(node.domain, node.op_type, node.opset)
        any_layout = handler is not None and handler.any_layout
        scalars = all(v is None or (is_constant(v) and v.size == 1 and v.ndim <= 2) for v in values[1:])
        if any_layout and scalars and isinstance(values[0], Flattened):
            return (values[0].like(self._computed(node, [values[0].tensor, *values[1:]])[0]),)
        axes = _common_axes(values) if any_layout else None
        values = [self.plain(v) if axes is None else self._held_like(v, axes) for v in values]
        outputs = self._computed(node, values)
        if axes is None:
            return outputs
        return tuple(view(v, axes) if isinstance(v, KerasTensor) else v for v in outputs)

    def _computed(self, node: Node, values: list[Any]) -> tuple[Any, ...]:
        """The outputs, by ops where all that the handler needs is known, else by an OnnxOperator."""
        depends = any(isinstance(v, Deferred) for v in values) or any(_is_parameter(node, v) for v in values)
        if (
            depends
            or node.op_type in _DRAWING
            or (node.graphs and not (node.op_type == "If" and is_constant(values[0])))
        ):
            return self.operator(node, values)
        try:
            outputs = call_operator(node, values)
        except (NeedsConstant, NeedsValues, _core.SymbolicArgument):
            return self.operator(node, values)
        except (ValueError, TypeError):
            if not any(None in v.shape for v in tree.flatten(values) if isinstance(v, KerasTensor)):
                raise
            return self.operator(node, values)  # the handler may need shapes that are known when the model runs
        self._name_ops(node, list(outputs))
        return outputs

    def _name_ops(self, node: Node, outputs: list[Any]) -> None:
        """Gives the ops that compute these outputs the node's name, the last one first."""
        waiting = [v for v in outputs if isinstance(v, KerasTensor)]
        while waiting:
            operation, index, _ = waiting.pop(0)._keras_history
            if isinstance(operation, OpCall) and operation not in self._named:
                operation.name = self.name(node)
                self._named.add(operation)
                waiting += operation._inbound_nodes[index].input_tensors

    # ---- nodes that need shapes --------------------------------------------------------------------------------------
    def _deferred(self, node: Node, values: list[Any]) -> tuple[Any, ...]:
        collection = Collection(self._unique_value)
        names = collection.add(node, values, node.captured)
        return tuple(collection.deferred(name) if name else None for name in names)

    def shape_of(self, node: Node, x: Any) -> Any:
        """The shape of a value: an array, or a Deferred if a dimension is unknown."""
        if isinstance(x, Deferred):
            return self._deferred(node, [x])[0]
        if None not in x.shape:
            return np.array(x.shape, np.int64)
        if isinstance(x, Flattened):
            x = x.tensor
        held = as_view(x)
        if not held.is_permutation:
            return self._deferred(node, [self.plain(x)])[0]
        shape = self._deferred(Node.made(node, "Shape", ["x"], ["shape"]), [held.tensor])[0]
        if not isinstance(x, View):
            return shape
        return self._deferred(Node.made(node, "Gather", ["shape", "axes"], ["y"]), [shape, np.array(held.axes)])[0]

    def keeps_batch(self, node: Node) -> bool:
        """Whether the first axis of a node's first input is that of its first output."""
        return self._sizes.same(node.inputs[0], node.outputs[0], 0)

    def operator(self, node: Node, values: list[Any]) -> tuple[Any, ...]:
        """The outputs of a node as those of an OnnxOperator."""
        collection = Collection(self._unique_value)
        captured = {name: self.plain(value) for name, value in node.captured.items()}
        weights: dict[str, np.ndarray] = {}
        given: list[Any] = []
        for value in values:
            if _is_parameter(node, value):
                name = self._unique_value(node.inputs[len(given)] or "weight")
                weights[name] = value
                given.append(KerasTensor(value.shape, str(value.dtype), name=name))
                collection.leaves[name] = given[-1]
            else:
                given.append(value)
        outputs = [name for name in collection.add(node, given, captured) if name]
        leaves = {name: leaf for name, leaf in collection.leaves.items() if name not in weights}
        return self._run_operator(node, collection, outputs, leaves, weights)

    def computed(self, node: Node, value: Deferred) -> Any:
        """A Deferred as a KerasTensor."""
        return self.operator(Node.made(node, "Identity", ["x"], [self._unique_value("computed")]), [value])[0]

    def _run_operator(
        self, node: Node, collection: Collection, outputs: list[str], leaves: dict[str, Any], weights: dict[str, Any]
    ) -> tuple[Any, ...]:
        text = operator_graph(collection.ordered, [*leaves, *weights], outputs, collection.constants)
        specs = {
            name: {"shape": list(w.shape), "dtype": str(w.dtype), "trainable": bool(np.isfinite(w).all())}
            for name, w in weights.items()
        }
        found = [self._sizes.spec(name) for name in node.outputs if name]
        outs = [spec for spec in found if spec is not None]
        layer = OnnxOperator(
            text, dict(node.opsets), specs, outs if len(outs) == len(found) else None, name=self.name(node)
        )
        inputs = list(leaves.values())
        result = layer(inputs[0] if len(inputs) == 1 else inputs)
        for variable, value in zip(layer._values.values(), weights.values(), strict=True):
            variable.assign(value)
        made = iter(result if isinstance(result, (list, tuple)) else [result])
        return tuple(next(made) if name else None for name in node.outputs)

    # ---- orders of axes ----------------------------------------------------------------------------------------------
    def plain(self, value: Any) -> Any:
        """A value with its axes in ONNX's order."""
        if isinstance(value, list):
            return [self.plain(v) for v in value]
        if isinstance(value, Flattened):
            image = layers.Reshape(value.sizes, dtype=value.dtype, name=self.unique("reshape"))(value.tensor)
            image = self.plain(View(image, value.axes))
            return layers.Flatten(dtype=value.dtype, name=self.unique("flatten"))(image)
        if not isinstance(value, View):
            return value
        return self.held(value, tuple(range(len(value.axes))))

    def held(self, value: Any, axes: tuple[int, ...]) -> Any:
        """The tensor that holds a value as a View with `axes`."""
        old = as_view(self.plain(value) if isinstance(value, Flattened) else value)
        its = dict(zip(axes, old.axes, strict=True))
        order = [its[i] for i in range(len(axes))]
        tensor = self._transposed(old.tensor, tuple(a for a in order if a is not None))
        new = [i for i, a in enumerate(order) if a is None]
        return ops.expand_dims(tensor, new) if new else tensor

    def elementwise(self, value: Any, function: Any) -> Any:
        """What a function of one tensor, which computes element by element, makes of a value in any order of axes."""
        if isinstance(value, Flattened):
            return value.like(function(value.tensor))
        return view(function(value.tensor), value.axes) if isinstance(value, View) else function(value)

    def image(self, value: Any) -> Any:
        """The tensor that holds an image (N, C, spatial...) with its channels last."""
        return self.held(value, channels_last(len(value.shape)))

    def _transposed(self, tensor: Any, order: tuple[int, ...]) -> Any:
        if order == tuple(range(len(order))):
            return tensor
        key = id(tensor), order
        if key not in self._held:
            sizes = [tensor.shape[a] for a in order]
            large = [a for a in order[1:] if tensor.shape[a] != 1]
            if order[0] == 0 and large == sorted(large) and None not in sizes[1:]:  # only axes of size 1 move
                made = layers.Reshape(sizes[1:], dtype=tensor.dtype, name=self.unique("reshape"))(tensor)
            elif order[0] == 0:
                made = layers.Permute(order[1:], dtype=tensor.dtype, name=self.unique("permute"))(tensor)
            else:
                made = ops.transpose(tensor, order)
            self._held[key] = tensor, made  # the tensor too, so that its id stays valid
        return self._held[key][1]

    def _held_like(self, value: Any, axes: tuple[int, ...]) -> Any:
        if is_constant(value):
            return held_order(np.asarray(value), axes)
        return value if value is None else self.held(value, axes)

    # ---- layers ------------------------------------------------------------------------------------------------------
    def layer(self, node: Node, cls: Any, x: Any, weights: list[np.ndarray] | None = None, **arguments: Any) -> Any:
        """The output of a new layer.

        Args:
            node: the node, for its name.
            cls: class of the layer.
            x: a KerasTensor or a list of them.
            weights: its weights, in the order of `get_weights`; None: it has none.
            **arguments: of the class.
        """
        first = x[0] if isinstance(x, list) else x
        if first.dtype != "float32":
            arguments.setdefault("dtype", first.dtype)
        layer = cls(name=self.name(node), **arguments)
        with blank_variables(_claim_of(weights or [])):
            y = layer(x)
        self._node_of[layer] = node
        if weights is not None:
            layer.set_weights(weights)
        return y

    def made_for(self, layer: Any, node: Node | None) -> bool:
        """Whether `layer` made this layer for this node.

        A value whose name has one reader can be the output of a layer that more nodes read: an Identity or a Transpose
        gives the same tensor another name.
        """
        return node is not None and self._node_of.get(layer) is node

    def name(self, node: Node) -> str:
        """A name for the layer of a node, made of the node's name; no other layer has it."""
        return self.unique(node.name or node.op_type)

    def unique(self, text: str) -> str:
        """A name for a layer that no other layer has."""
        base = re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.") or "node"
        name, number = base, 0
        while name in self._names:
            number += 1
            name = f"{base}_{number}"
        self._names.add(name)
        return name

    def _unique_value(self, name: str) -> str:
        self._count += 1
        return f"{name}:{self._count}"


def _claim_of(weights: list[np.ndarray]) -> Callable[[int, str], None]:
    """Keeps a layer, which is built for the shape of its input, from needing much more memory than its weights have."""
    left = 2 * sum(array.nbytes for array in weights) + _SLACK_BYTES

    def claim(wanted: int, variable: str) -> None:
        nonlocal left
        left -= wanted
        if left < 0:
            raise ValueError(f"its input needs more weights than the file holds, at '{variable}'.")

    return claim


def _is_parameter(node: Node, value: Any) -> bool:
    """Whether a constant is one of several numbers that may be trained."""
    return (
        is_constant(value)
        and node.op_type in _WITH_PARAMETERS
        and value.size > 1
        and str(value.dtype) in ("float32", "float64", "float16", "bfloat16")
    )


def _common_axes(values: list[Any]) -> tuple[int, ...] | None:
    """The axes of the first View, if all values can be held so; else None."""
    first = next((v for v in values if isinstance(v, View)), None)
    if first is None or not first.is_permutation:
        return None
    rank = len(first.axes)
    for value in values:
        if isinstance(value, (Deferred, list)):
            return None
        fits = value is None or len(value.shape) == rank or (is_constant(value) and len(value.shape) < rank)
        if not fits:
            return None
    return first.permutation
