"""Values that are computed from shapes alone, such as the second argument of most Reshapes in a file.

While a Model is made, the batch size and other dimensions are unknown, so these values are unknown too; but they are
arrays as soon as the model runs or a step is recorded. The nodes that compute them are collected, and become part of
the `OnnxOperator` of the node that computes tensors with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .node import Node


@dataclass(frozen=True, eq=False)
class Deferred:
    """A value that nodes compute from the shapes of tensors.

    Attributes:
        name: its name among the outputs of `nodes`.
        nodes: {name of an output: node}, each after those that it reads. All names are unique in the model.
        leaves: {name: KerasTensor} whose shapes they read.
        constants: {name: array} that they read.
    """

    name: str
    nodes: dict[str, Node]
    leaves: dict[str, Any]
    constants: dict[str, np.ndarray]

    def is_zero(self) -> bool:
        """Whether it is known to be zeros of some shape, such as the initial states of a recurrent node."""
        name = self.name
        while name in self.nodes:
            node = self.nodes[name]
            if node.op_type == "ConstantOfShape":
                value = node.attribute("value")
                return value is None or not value.any()
            if node.op_type not in ("Expand", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Unsqueeze"):
                return False
            name = node.inputs[0]
        return name in self.constants and not self.constants[name].any()


class Collection:
    """The nodes of one OnnxOperator, collected from the node that needs it and what its inputs are computed by.

    Args:
        unique: makes a name that no other value has.
    """

    def __init__(self, unique: Any) -> None:
        self._unique = unique
        self.nodes: dict[str, Node] = {}
        self.leaves: dict[str, Any] = {}
        self.constants: dict[str, np.ndarray] = {}

    def add(self, node: Node, values: list[Any], captured: dict[str, Any]) -> list[str]:
        """Adds a node. Returns the names of its outputs, "" for those that are not wanted.

        Args:
            node: the node.
            values: its inputs: arrays, KerasTensors, Deferreds and None.
            captured: {name: value} of what its subgraphs read.
        """
        inputs = [self._named(node, value) for value in values]
        for name, value in captured.items():
            if (held := self._named(node, value, name)) != name:
                alias = Node.made(node, "Identity", [held], [name])
                self.nodes[name] = alias
        outputs = [self._unique(name) if name else "" for name in node.outputs]
        renamed = node.renamed(inputs, outputs)
        self.nodes.update({name: renamed for name in outputs if name})
        return outputs

    def _named(self, node: Node, value: Any, name: str | None = None) -> str:
        """The name of a value, which is added to the leaves, constants or nodes."""
        if value is None:
            return ""
        if isinstance(value, Deferred):
            self.nodes.update({n: v for n, v in value.nodes.items() if n not in self.nodes})
            self.leaves.update(value.leaves)
            self.constants.update(value.constants)
            return value.name
        if isinstance(value, list):
            return self._sequence(node, value)
        if isinstance(value, (np.ndarray, np.generic)):
            name = name or self._unique("constant")
            self.constants[name] = np.asarray(value)
            return name
        for known, leaf in self.leaves.items():
            if leaf is value:
                return known
        name = name or self._unique("input")
        self.leaves[name] = value
        return name

    def _sequence(self, node: Node, values: list[Any]) -> str:
        """The name of a list of tensors, which a node makes of them."""
        name = self._unique("sequence")
        if values:
            made = Node.made(node, "SequenceConstruct", [self._named(node, v) for v in values], [name])
        else:
            made = Node.made(node, "SequenceEmpty", [], [name])
        self.nodes[name] = made
        return name

    def deferred(self, name: str) -> Deferred:
        """One of the outputs as a value."""
        return Deferred(name, self.nodes, self.leaves, self.constants)

    @property
    def ordered(self) -> list[Node]:
        """The nodes."""
        return list({id(node): node for node in self.nodes.values()}.values())
