"""LSTM, GRU and RNN with constant weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers, ops
from netlet.export.recurrent_gates import PLACES_IN_ONNX

from ..deferred import Deferred
from ..node import Node
from ..operators.values import is_constant
from ..views import View, view
from .registry import layer_of

if TYPE_CHECKING:
    from ..building import Builder

_ACTIVATIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu"}
# Of each operator: the layer, the default activations.
_KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "LSTM": (layers.LSTM, ("sigmoid", "tanh", "tanh")),
    "GRU": (layers.GRU, ("sigmoid", "tanh")),
    "RNN": (layers.SimpleRNN, ("tanh",)),
}
_DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


@layer_of("LSTM", "GRU", "RNN")
def recurrent(
    build: Builder, node: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, *states: Any
) -> Any:
    constants = is_constant(w) and is_constant(r) and (b is None or is_constant(b))
    directions = _DIRECTIONS.get(node.attribute("direction", "forward"), 0)
    if not constants or lengths is not None or not all(map(_is_zero, states)) or len(x.shape) != 3:
        return NotImplemented
    given = _activations(node, directions)
    if given is None or w.ndim != 3 or w.shape[0] != directions or node.attribute("clip") is not None:
        return NotImplemented
    if node.attribute("input_forget", 0):
        return NotImplemented
    weights = [array for d in range(directions) for array in _weights(node, w[d], r[d], None if b is None else b[d])]
    return _Outputs(build, node, x, weights, {**given, "use_bias": b is not None, "units": r.shape[2]}).all()


class _Outputs:
    """Makes the layer and the views of its outputs.

    Args:
        build: the builder.
        node: the node.
        x: the sequences.
        weights: of all directions.
        arguments: of the layer.
    """

    def __init__(
        self, build: Builder, node: Node, x: Any, weights: list[np.ndarray], arguments: dict[str, Any]
    ) -> None:
        self.build, self.node, self.weights, self.units = build, node, weights, arguments["units"]
        self.batch_first = bool(node.attribute("layout", 0))
        self.x = build.plain(x) if self.batch_first else build.held(x, (1, 0, 2))
        wanted = [bool(name) for name in node.outputs] + [False] * 3
        self.every_step, self.last_cell = wanted[0], wanted[2]
        self.states = self.last_cell or (wanted[0] and wanted[1])
        self.backward = node.attribute("direction", "forward") == "reverse"
        self.arguments = arguments | {
            "return_sequences": self.every_step,
            "return_state": self.states,
            "go_backwards": self.backward,
        }

    def all(self) -> tuple[Any, ...]:
        """Y, Y_h and, of an LSTM, Y_c."""
        cls = _KINDS[self.node.op_type][0]
        if self.node.attribute("direction", "forward") == "bidirectional":
            inner = cls(**self.arguments, name=self.build.unique(f"{self.node.name}_direction"))
            result = self.build.layer(self.node, layers.Bidirectional, self.x, self.weights, layer=inner)
            outputs = self._two(list(result) if self.states else [result])
        else:
            result = self.build.layer(self.node, cls, self.x, self.weights, **self.arguments)
            outputs = self._one(list(result) if self.states else [result])
        return outputs[: len(self.node.outputs)]

    def _one(self, results: list[Any]) -> tuple[Any, ...]:
        y = results[0]
        h = results[1] if self.states else y
        c = results[2] if self.last_cell else None
        if self.backward and self.every_step:
            y = ops.flip(y, axis=1)
        last = (0, None, 1) if self.batch_first else (None, 0, 1)
        sequence = View(y, (0, 1, None, 2) if self.batch_first else (1, None, 0, 2)) if self.every_step else None
        return sequence, View(h, last), None if c is None else View(c, last)

    def _two(self, results: list[Any]) -> tuple[Any, ...]:
        def split(tensor: Any, *steps: int) -> Any:
            name = self.build.unique(f"{self.node.name}_directions")
            return layers.Reshape((*steps, 2, self.units), dtype=tensor.dtype, name=name)(tensor)

        last = (0, 1, 2) if self.batch_first else (1, 0, 2)
        if not self.states and not self.every_step:
            return None, view(split(results[0]), last), None
        sequence = None
        if self.every_step:
            sequence = view(split(results[0], -1), (0, 1, 2, 3) if self.batch_first else (1, 2, 0, 3))
        if not self.states:
            return sequence, None, None
        count = (len(results) - 1) // 2
        both = [ops.stack([results[1 + i], results[1 + count + i]], axis=1) for i in range(count)]
        return sequence, view(both[0], last), view(both[1], last) if self.last_cell else None


def _is_zero(state: Any) -> bool:
    """Whether an initial state is absent or zero."""
    if isinstance(state, Deferred):
        return state.is_zero()
    return state is None or (is_constant(state) and not state.any())


def _activations(node: Node, directions: int) -> dict[str, Any] | None:
    """The layer's arguments for the node's activations; None if the layer has none such."""
    default = _KINDS[node.op_type][1]
    names = [name.lower() for name in node.attribute("activations", list(default) * directions)]
    if (
        node.attribute("activation_alpha")
        or node.attribute("activation_beta")
        or len(names) != len(default) * directions
    ):
        return None
    first = names[: len(default)]
    if any(name not in _ACTIVATIONS for name in first) or names != first * directions:
        return None
    if node.op_type == "RNN":
        return {"activation": first[0]}
    if first[1:] != first[1:2] * (len(default) - 1):
        return None
    reset = {"reset_after": bool(node.attribute("linear_before_reset", 0))} if node.op_type == "GRU" else {}
    return {"recurrent_activation": first[0], "activation": first[1], **reset}


def _weights(node: Node, w: np.ndarray, r: np.ndarray, b: np.ndarray | None) -> list[np.ndarray]:
    """kernel, recurrent_kernel and bias of one direction."""
    order, units = PLACES_IN_ONNX[node.op_type], r.shape[1]
    rows = np.concatenate([np.arange(units) + gate * units for gate in order])
    found = [np.ascontiguousarray(w[rows].T), np.ascontiguousarray(r[rows].T)]
    if b is not None:
        halves = b.reshape(2, -1)[:, rows]
        apart = node.op_type == "GRU" and bool(node.attribute("linear_before_reset", 0))
        found.append(halves if apart else halves.sum(axis=0))
    return found
