"""Bringing the inputs of a graph to the form that it begins with."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import ops
from netlet.base import tree
from netlet.config import is_float
from netlet.engine.graph import Function, KerasTensor, is_symbolic
from netlet.layers.base import masks
from netlet.layers.core.input_layer import InputLayer


def from_input_layers(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The same graph with every input an InputLayer's: a model may begin at tensors inside of another one."""
    if isinstance(inputs, dict):
        for key, t in inputs.items():
            if isinstance(t, KerasTensor) and t._keras_history.operation.name != key:
                name = t._keras_history.operation.name
                warnings.warn(f"Model(inputs={{'{key}': ...}}): that input is named '{name}'.", stacklevel=5)
    if all(isinstance(t._keras_history.operation, InputLayer) for t in tree.flatten(inputs)):
        return inputs, outputs
    graph = Function(inputs, outputs)
    new = [
        t
        if isinstance(t._keras_history.operation, InputLayer)
        else InputLayer(batch_shape=t.shape, dtype=t.dtype).output
        for t in graph.inputs
    ]
    return tree.pack_like(inputs, new), graph.run(new, lambda operation, args, kwargs: operation(*args, **kwargs))


def fit_to(value: Any, wanted: KerasTensor, model: str) -> Any:
    """The value in an input's dtype, with its mask, and with a last axis of 1 added or removed if only that differs."""
    if value is None:
        return None
    return masks.keep(value, _in_form(value, wanted, model))


def _in_form(value: Any, wanted: KerasTensor, model: str) -> Any:
    rank, target = len(value.shape), len(wanted.shape)
    if rank == target + 1 and value.shape[-1] == 1:
        value = ops.squeeze(value, axis=-1)
    elif rank == target - 1 and wanted.shape[-1] == 1:
        value = ops.expand_dims(value, axis=-1)
    elif rank != target:
        raise ValueError(
            f"Model '{model}' expects shape {wanted.shape} for input '{wanted.name}'; given {tuple(value.shape)}."
        )
    if is_symbolic(value) or str(value.dtype) == wanted.dtype:
        return value
    return ops.cast(value, wanted.dtype) if is_float(wanted.dtype) or not is_float(str(value.dtype)) else value


def shapes_of(structure: Any) -> Any:
    shapes = tree.map_structure(lambda t: t.shape, structure)
    return shapes[0] if isinstance(shapes, list) and len(shapes) == 1 else shapes
