"""Converts the inputs of a graph to the shapes and dtypes of its symbolic inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from netlet import ops
from netlet.base import tree
from netlet.config import is_float
from netlet.engine.graph import Function, KerasTensor, is_symbolic
from netlet.layers.base import masks
from netlet.layers.core.input_layer import InputLayer


def from_input_layers(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Replaces inputs that another layer computes by new InputLayers.

    A model may use tensors inside of another model as its inputs.

    Args:
        inputs: symbolic inputs: one, a list or a dict.
        outputs: symbolic outputs: one, a list or a dict.

    Returns:
        (inputs, outputs) in the same structure; unchanged if every input belongs to an InputLayer.

    Warns:
        UserWarning: a key of an input dict is not the name of that input.
    """
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


def in_order(inputs: Any, wanted: Any, names: list[str], model: str, warn: Callable[[str], None]) -> list[Any]:
    """The inputs of a call as a list, in the order of the graph's inputs.

    Args:
        inputs: what the model is called with.
        wanted: structure of the symbolic inputs.
        names: names of the InputLayers: the keys of a dict of inputs where `wanted` is no dict.
        model: the model's name, for errors.
        warn: called with a warning for a dict with other keys too, and for a list in place of a dict, whose items are
            used in the order of the sorted keys.

    Raises:
        ValueError: an input is missing; a list in place of a dict whose keys are not in sorted order.
    """
    if isinstance(inputs, dict) and not isinstance(wanted, dict):
        missing = [name for name in names if name not in inputs]
        if missing:
            raise ValueError(f"Model '{model}': expected also inputs {missing}, received {sorted(inputs)}.")
        return [inputs[name] for name in names]
    if isinstance(wanted, dict) and not isinstance(inputs, dict):
        message = (
            f"{_MISMATCH}: model '{model}' expected a dict with {list(wanted)}, received a {type(inputs).__name__}."
        )
        if list(wanted) != sorted(wanted):
            raise ValueError(message)
        warn(message)
    return _pick(inputs, wanted, model, warn)


_MISMATCH = "The structure of `inputs` doesn't match the expected structure"


def _pick(inputs: Any, wanted: Any, model: str, warn: Callable[[str], None]) -> list[Any]:
    """The leaves of the inputs that `wanted` has; ValueError if a dict lacks a key."""
    if isinstance(wanted, dict) and isinstance(inputs, dict):
        missing, more = sorted(set(wanted) - set(inputs)), sorted(set(inputs) - set(wanted))
        if missing:
            raise ValueError(f"Model '{model}': expected also inputs {missing}, received {sorted(inputs)}.")
        if more:
            warn(f"{_MISMATCH}: model '{model}' does not use the inputs {more}.")
        pairs = [(inputs[key], wanted[key]) for key in tree.keys_of(wanted)]
    elif _alike(inputs, wanted):
        pairs = list(zip(inputs, wanted, strict=True))
    else:
        return tree.flatten(inputs)
    return [leaf for pair in pairs for leaf in _pick(*pair, model, warn)]


def _alike(inputs: Any, wanted: Any) -> bool:
    """Whether both are sequences of the same length."""
    both = isinstance(inputs, (list, tuple)) and isinstance(wanted, (list, tuple))
    return both and len(inputs) == len(wanted) > 0


def fit_to(value: Any, wanted: KerasTensor, model: str) -> Any:
    """Casts a value to an input's dtype and keeps its mask. Adds or removes a last axis of size 1 if only that differs.

    Args:
        value: Tensor or symbolic tensor; None for an optional input.
        wanted: the symbolic input.
        model: the model's name, for errors.

    Returns:
        The value in the form of the input; None for None.

    Raises:
        ValueError: the rank differs in another way.
    """
    if value is None:
        return None
    return masks.keep(value, _in_form(value, wanted, model))


def _in_form(value: Any, wanted: KerasTensor, model: str) -> Any:
    """`fit_to` without masks and None. Floats are not cast to an integer input."""
    rank, target = len(value.shape), len(wanted.shape)
    if rank == target + 1 and value.shape[-1] == 1:
        value = ops.squeeze(value, axis=-1)
    elif rank == target - 1 and wanted.shape[-1] == 1:
        value = ops.expand_dims(value, axis=-1)
    elif rank != target:
        raise ValueError(
            f"Model '{model}': expected shape {wanted.shape} for input '{wanted.name}', received {tuple(value.shape)}."
        )
    if is_symbolic(value) or str(value.dtype) == wanted.dtype:
        return value
    return ops.cast(value, wanted.dtype) if is_float(wanted.dtype) or not is_float(str(value.dtype)) else value


def shapes_of(structure: Any) -> Any:
    """The shapes in a structure of tensors; of a list of one, that one shape."""
    shapes = tree.map_structure(lambda t: t.shape, structure)
    return shapes[0] if isinstance(shapes, list) and len(shapes) == 1 else shapes


def has_input_shape(model: Any) -> bool:
    """Whether the model has one input of a known shape."""
    try:
        return isinstance(model.input_shape, tuple)
    except AttributeError:
        return False
