"""Copies of models: the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor, OpCall
from netlet.layers.base.layer import Layer
from netlet.layers.base.quantization.quantized_parts import quantized_parts, restore_parts
from netlet.layers.core.input_layer import InputLayer

from .functional import Functional, Model
from .sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model of the same architecture with new weights, compiled in the same way.

    Args:
        model: a Sequential, a `Model(inputs, outputs)`, or a subclassed model that has `get_config`.
        input_tensors: symbolic tensors to use as the copy's inputs, in the structure of the model's inputs. By default
            new inputs of the same shapes are made.
        clone_function: called with each layer except InputLayers; the copy uses the layer that it returns. By default
            the layer is made from its config.
        call_function: called with (layer, *args, **kwargs) instead of calling the layer; None (the default): the
            layer is called. Not for a Sequential.
        recursive: whether `clone_function` is also applied to the layers of nested models; False by default.

    Returns:
        The copy, compiled if the model is compiled.

    Raises:
        ValueError: `call_function` with a Sequential; `input_tensors`, `clone_function` or `call_function` with a
            subclassed model; `input_tensors` that do not match the model's inputs.

    Source: Keras 3 `keras.models.clone_model`.

    Example:

    >>> import netlet
    >>> model = Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> clone_model(model).count_params()
    8
    """
    sequential = isinstance(model, Sequential)
    if sequential and call_function is not None:
        raise ValueError("clone_model: expected no `call_function` for a Sequential, received one.")
    if not sequential and getattr(model, "_function", None) is None:
        if clone_function is not None or input_tensors is not None or call_function is not None:
            raise ValueError(
                f"clone_model: model '{model.name}' is not made of a graph, so its layers are not known: expected no "
                "`clone_function`, `call_function` or `input_tensors`, received at least one."
            )
        copy = _clone(model)
    else:
        copies: dict[int, Any] = {}

        def cloned(layer: Any) -> Any:
            if id(layer) not in copies:
                nested = recursive and (isinstance(layer, Sequential) or getattr(layer, "_function", None) is not None)
                inner_call = None if isinstance(layer, Sequential) else call_function
                copies[id(layer)] = (
                    clone_model(layer, None, clone_function, inner_call, True)
                    if nested
                    else (clone_function or _clone)(layer)
                )
            return copies[id(layer)]

        if sequential:
            copy = _clone_sequential(model, input_tensors, cloned)
        else:
            copy = _clone_graph(model, input_tensors, cloned, call_function)
    if copy.built and clone_function is None and (parts := quantized_parts(model)):
        restore_parts(copy, parts)
    if model.compiled:
        _compile_again(copy, model)
    return copy


def _clone_sequential(model: Sequential, input_tensors: Any, cloned: Callable[[Any], Any]) -> Sequential:
    """A Sequential of the cloned layers; `input_tensors` replace its Input."""
    layers = [cloned(layer) for layer in model.layers]
    if input_tensors is not None:
        given = tree.flatten(input_tensors)
        if len(given) != 1 or not isinstance(given[0], KerasTensor):
            raise ValueError(f"clone_model(input_tensors=): expected one symbolic tensor, received {input_tensors!r}.")
        layers.insert(0, given[0])
    elif model._layers and isinstance(model._layers[0], InputLayer):
        layers.insert(0, _clone(model._layers[0]))
    return Sequential(layers, name=model.name, trainable=model.trainable)


def _clone_graph(
    model: Model, input_tensors: Any, cloned: Callable[[Any], Any], call_function: Callable[..., Any] | None
) -> Model:
    """A model from calling the cloned layers as the graph calls the originals."""
    assert model._function is not None
    if input_tensors is None:
        given = [_clone_input(tensor) for tensor in model.inputs]
    else:
        given = tree.flatten(input_tensors)
        alike = len(given) == 1 or isinstance(input_tensors, dict) == isinstance(model.input, dict)
        if len(given) != len(model.inputs) or not all(isinstance(t, KerasTensor) for t in given) or not alike:
            raise ValueError(
                "clone_model: `input_tensors` must have the same structure as model.input: expected symbolic tensors "
                f"like {tree.map_structure(lambda t: t.name, model.input)}, received {input_tensors!r}."
            )

    def run(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(operation, OpCall):
            return OpCall(operation.fn, name=operation.name)(*args, **kwargs)
        if not isinstance(operation, Layer):
            return type(operation).from_config(operation.get_config())(*args, **kwargs)
        layer = cloned(operation)
        return layer(*args, **kwargs) if call_function is None else call_function(layer, *args, **kwargs)

    outputs = model._function.run(given, run)
    inputs = tree.pack_like(model.input, given)
    plain = type(model).__init__ in (Model.__init__, Functional.__init__)
    return (type(model) if plain else Functional)(inputs, outputs, name=model.name, trainable=model.trainable)


def _clone(layer: Any) -> Any:
    """A new layer or other object from the config of this one."""
    return type(layer).from_config(layer.get_config())


def _clone_input(tensor: KerasTensor) -> KerasTensor:
    """The symbolic output of a new InputLayer with the config of this input's."""
    symbol: KerasTensor = _clone(tensor._keras_history.operation).output
    return symbol


def _compile_again(copy: Any, model: Any) -> None:
    """Compiles the copy as the model is. Arguments without a config, such as lambdas, are used themselves."""
    if type(model).get_compile_config is Model.get_compile_config and type(model).compile is Model.compile:
        copy.compile(**{name: _again(value) for name, value in model._compile_config.items()})
    else:
        copy.compile_from_config(model.get_compile_config())


def _again(value: Any) -> Any:
    """A copy of an argument of `compile` that shares no state with it; a value without a config is returned itself."""
    if isinstance(value, (list, tuple)):
        return [_again(item) for item in value]
    if isinstance(value, dict):
        return {key: _again(item) for key, item in value.items()}
    return _clone(value) if hasattr(value, "get_config") and hasattr(type(value), "from_config") else value
