"""The layers at a model's front that run in Python, ahead of its recorded steps, and where the rest begins."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.graph import Function, KerasTensor
from netlet.layers.preprocessing.text.tokens import flattened, holds_texts


def is_host(operation: Any) -> bool:
    return bool(getattr(operation, "runs_on_host", False))


class Front:
    """A graph in two: `head`, the layers that run in Python and need nothing but inputs and each other; and `rest`.

    Args:
        function: the graph.
    """

    def __init__(self, function: Function) -> None:
        ready = {id(t) for t in function.inputs}
        hosted = set()
        for node in function.nodes:
            if is_host(node.operation) and all(id(t) in ready for t in node.input_tensors):
                hosted.add(id(node))
                ready.update(id(t) for t in node.outputs)
        others = (t for node in function.nodes if id(node) not in hosted for t in node.input_tensors)
        border = {id(t): t for t in (*others, *function.outputs) if id(t) in ready}
        self.border = list(border.values())
        self.head = Function(function.inputs, self.border)
        self.rest = Function(self.border, function.outputs_struct)

    @classmethod
    def of(cls, function: Function) -> Front | None:
        """None for a graph that has no such layers."""
        return cls(function) if any(is_host(operation) for operation in function.operations) else None

    def run(self, values: list[Any], model: str) -> Any:
        """What `rest` begins with: one value, or a list."""
        values = [fit_raw(value, t, model) for value, t in zip(values, self.head.inputs, strict=True)]
        found = self.head.run(values, lambda layer, args, kwargs: layer(*args, **kwargs))
        return found[0] if len(found) == 1 else found


def raw_spec(value: Any) -> tuple[tuple[int | None, ...], str]:
    """(shape with any batch size, dtype) of what a model begins with."""
    texts = holds_texts(value)
    shape = flattened(value)[1] if texts else np.shape(value)
    return (None, *shape[1:]), "string" if texts else "int64"


def fit_raw(value: Any, wanted: KerasTensor, model: str) -> Any:
    """The value with a last axis of 1 added or removed if only that differs from the input's shape."""
    if wanted.dtype == "string" and not holds_texts(value):
        raise ValueError(f"Model '{model}' expects texts for input '{wanted.name}'; given {type(value).__name__}.")
    rest, shape = flattened(value) if holds_texts(value) else (None, np.shape(value))
    rank, target = len(shape), len(wanted.shape)
    if rank == target:
        return value
    if rank == target - 1 and wanted.shape[-1] == 1:
        shape = (*shape, 1)
    elif rank == target + 1 and shape[-1] == 1:
        shape = shape[:-1]
    else:
        raise ValueError(f"Model '{model}' expects shape {wanted.shape} for input '{wanted.name}'; given {shape}.")
    return np.reshape(np.asarray(value) if rest is None else _objects(rest), shape)


def _objects(items: Any) -> np.ndarray:
    out = np.empty(len(items), object)
    out[:] = items
    return out
