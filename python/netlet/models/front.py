"""Splits a model into its front and the rest.

The front is the first layers that run in Python (text and lookup layers), and layers without trained weights that feed
them. It runs before the recorded step; the rest of the model is recorded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.graph import Function, KerasTensor
from netlet.layers.preprocessing.text.tokens import flattened, holds_texts


def is_host(operation: Any) -> bool:
    """Whether the operation runs in Python and is not recorded."""
    return bool(getattr(operation, "runs_on_host", False))


class Front:
    """A graph in two parts: `head` runs in Python, `rest` is recorded.

    Args:
        function: the graph.

    Attributes:
        head: the layers that run in Python, with the untrained layers that feed them; they depend only on inputs and on
            each other.
        border: the symbolic tensors that `rest` or the model's outputs read from `head` or from the inputs.
        rest: all other layers, from `border` to the graph's outputs.
    """

    def __init__(self, function: Function) -> None:
        ready = {id(t) for t in function.inputs}
        hosted = set()
        fed = _feeding_hosts(function)
        for node in function.nodes:
            if (is_host(node.operation) or id(node) in fed) and all(id(t) in ready for t in node.input_tensors):
                hosted.add(id(node))
                ready.update(id(t) for t in node.outputs)
        others = (t for node in function.nodes if id(node) not in hosted for t in node.input_tensors)
        border = {id(t): t for t in (*others, *function.outputs) if id(t) in ready}
        self.border = list(border.values())
        self.head = Function(function.inputs, self.border)
        self.rest = Function(self.border, function.outputs_struct)

    @classmethod
    def of(cls, function: Function) -> Front | None:
        """The split of this graph, or None if no layer of the graph runs in Python."""
        return cls(function) if any(is_host(operation) for operation in function.operations) else None

    def run(self, values: list[Any], model: str) -> Any:
        """Runs `head`.

        Args:
            values: one value for each input of the graph.
            model: the model's name, for errors.

        Returns:
            The inputs of `rest`: one value, or a list of several.

        Raises:
            ValueError: a value does not fit its input (see `fit_raw`).
        """
        values = [fit_raw(value, t, model) for value, t in zip(values, self.head.inputs, strict=True)]
        found = self.head.run(values, lambda layer, args, kwargs: layer(*args, **kwargs))
        return found[0] if len(found) == 1 else found


def _feeding_hosts(function: Function) -> set[int]:
    """The ids of nodes without trained weights whose outputs reach a layer that runs in Python."""
    wanted: set[int] = set()  # ids of tensors that such a layer needs
    found = set()
    for node in reversed(function.nodes):
        untrained = not getattr(node.operation, "trainable_weights", None)
        if is_host(node.operation) or (untrained and any(id(t) in wanted for t in node.outputs)):
            wanted.update(id(t) for t in node.input_tensors)
            found.add(id(node))
    return found


def raw_spec(value: Any) -> tuple[tuple[int | None, ...], str]:
    """(shape, dtype) of the input of a model that begins with texts or with integers.

    Args:
        value: texts (str, nested lists or an array of them) or an array of integers.

    Returns:
        The shape with None as batch size, and "string" or "int64".
    """
    texts = holds_texts(value)
    shape = flattened(value)[1] if texts else np.shape(value)
    return (None, *shape[1:]), "string" if texts else "int64"


def fit_raw(value: Any, wanted: KerasTensor, model: str) -> Any:
    """Adds or removes a last axis of size 1 where only that axis differs from the input's shape.

    Args:
        value: texts or an array.
        wanted: the symbolic input.
        model: the model's name, for errors.

    Returns:
        The value itself, or an array with the input's rank.

    Raises:
        ValueError: no texts for an input of texts, or another rank.
    """
    if wanted.dtype == "string" and not holds_texts(value):
        raise ValueError(f"Model '{model}': expected texts for input '{wanted.name}', received {type(value).__name__}.")
    rest, shape = flattened(value) if holds_texts(value) else (None, np.shape(value))
    rank, target = len(shape), len(wanted.shape)
    if rank == target:
        return value
    if rank == target - 1 and wanted.shape[-1] == 1:
        shape = (*shape, 1)
    elif rank == target + 1 and shape[-1] == 1:
        shape = shape[:-1]
    else:
        raise ValueError(f"Model '{model}': expected shape {wanted.shape} for input '{wanted.name}', received {shape}.")
    return np.reshape(np.asarray(value) if rest is None else _objects(rest), shape)


def _objects(items: Any) -> np.ndarray:
    """A 1-D object array of the items."""
    out = np.empty(len(items), object)
    out[:] = items
    return out
