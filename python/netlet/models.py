"""Models, and what reads, writes and copies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .functional import Functional, Model
from .graph import KerasTensor
from .layers.input_layer import InputLayer
from .layers.layer import Layer
from .sequential import Sequential
from .utils import tree

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Same as `model.save(filepath)`; see `saving.save_model`."""
    from . import saving

    saving.save_model(model, filepath, overwrite=overwrite, **kwargs)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, **kwargs: Any
) -> Any:
    """The model in a file; see `saving.load_model`."""
    from . import saving

    return saving.load_model(filepath, custom_objects=custom_objects, compile=compile, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model (with new weights) whose `to_json` this is."""
    import json

    from .saving.serialization import deserialize_object

    return deserialize_object(json.loads(json_string), custom_objects)


def clone_model(
    model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None, **kwargs: Any
) -> Any:
    """A model of the same architecture with new weights.

    Args:
        model: Sequential, or Model(inputs, outputs); of another class if it has `get_config`.
        input_tensors: an `Input` that the copy of a Sequential shall begin with.
        clone_function: called with each layer (but InputLayers); its result takes the layer's place.

    Raises:
        ValueError: `clone_function` for a model whose layers are not known.

    Example:

    >>> import netlet
    >>> model = Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> clone_model(model).count_params()
    8
    """
    if kwargs:
        raise NotImplementedError(f"clone_model: {sorted(kwargs)} are not supported.")
    copy: Callable[[Any], Any] = _clone if clone_function is None else clone_function
    if isinstance(model, Sequential) and (clone_function is not None or input_tensors is not None):
        layers: list[Any] = [copy(layer) for layer in model.layers]
        if input_tensors is not None:
            layers.insert(0, input_tensors[0] if isinstance(input_tensors, (list, tuple)) else input_tensors)
        elif model._layers and isinstance(model._layers[0], InputLayer):
            layers.insert(0, _clone(model._layers[0]))
        return type(model)(layers, name=model.name)
    if clone_function is None and input_tensors is None:
        return type(model).from_config(model.get_config())
    if model._function is None:
        raise ValueError(f"clone_model: '{model.name}' is not made of a graph, so its layers cannot be replaced.")
    copies = {id(op): copy(op) for op in model.operations if isinstance(op, Layer) and not isinstance(op, InputLayer)}
    given = tree.flatten(input_tensors) if input_tensors is not None else [_clone_input(t) for t in model.inputs]
    outputs = model._function.run(given, lambda op, args, kw: copies.get(id(op), op)(*args, **kw))
    return type(model)(tree.pack_like(model.input, given), outputs, name=model.name)


def _clone(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _clone_input(tensor: KerasTensor) -> KerasTensor:
    symbol: KerasTensor = _clone(tensor._keras_history.operation).output
    return symbol
