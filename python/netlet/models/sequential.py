"""Sequential: a model whose layers follow each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from netlet.base.all_or_nothing import all_or_nothing
from netlet.base.naming import name_scope
from netlet.base.tree import flatten
from netlet.engine.graph import KerasTensor
from netlet.layers.base import masks
from netlet.layers.base.layer import Layer
from netlet.layers.core.input_layer import InputLayer
from netlet.saving.serialization import building, deserialize_object, serialize_object

from . import folding
from .front import fit_raw, is_host, raw_spec
from .functional import Model
from .graph_inputs import fit_to, shapes_of


class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Args:
        layers: list of layers; the first may be an `Input`. Without one the model is built by its first data.
        trainable: whether an optimizer may change its weights.
        name: of the model.

    Raises:
        ValueError: something that is no layer, two layers of one name, a second Input.

    Example:

    >>> import netlet
    >>> model = Sequential([netlet.Input((784,)), netlet.layers.Dense(16, "relu"), netlet.layers.Dense(10)])
    >>> model.count_params()
    12730
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._names: set[str] = set()
        self._symbols: list[KerasTensor] = []  # input, then the output of each layer: the chain as a graph
        given = [] if layers is None else layers if isinstance(layers, (list, tuple)) else [layers]
        for layer in given:
            self._append(layer)
        self._extend_graph()

    _masks_travel_inside = True

    _untracked_attributes = Model._untracked_attributes | {"_names", "_symbols"}

    # ---- the stack -------------------------------------------------------------------------------------------------
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Puts a layer on top. If that fails, the model is what it was."""

        def whole() -> None:
            self._append(layer)
            if rebuild:
                self._extend_graph()

        all_or_nothing([self], whole)

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only layers can be added to Sequential '{self.name}'; given {type(layer).__name__}: {layer!r}."
            )
        if not self._layers and "_input_shape_arg" in layer.__dict__:
            self._layers.append(InputLayer(shape=layer._input_shape_arg, dtype=layer.compute_dtype))
        if layer.name in self._names:
            raise ValueError(
                f"Sequential '{self.name}' has a layer named '{layer.name}' already; names must be unique."
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(f"Sequential '{self.name}' already begins; an Input must be its first layer.")
        self._layers.append(layer)
        self._names.add(layer.name)
        self._forget_recorded_steps()
        if not self._symbols:
            self.built = False

    def pop(self, rebuild: bool = True) -> Any:
        """Removes the top layer and returns it. `rebuild`: accepted as in Keras; what is left stays built."""
        if not self.layers:
            raise TypeError(f"Sequential '{self.name}' has no layers to remove.")
        layer = self._layers.pop()
        self._names.discard(layer.name)
        if len(self._symbols) > len(self._layers):
            self._symbols.pop()
        if len(self._symbols) <= 1:
            self.built = False
        self._forget_recorded_steps()
        return layer

    def _extend_graph(self) -> None:
        """Calls the layers that are new on the output so far: each layer once, however the model is put together."""
        all_or_nothing([self, *self._layers[max(0, len(self._symbols) - 1) :]], self._call_new_layers)

    def _call_new_layers(self) -> None:
        if not self._symbols:
            if not self._layers:
                return
            first = self._layers[0]
            if isinstance(first, InputLayer):
                self._symbols.append(first.output)
            elif isinstance(first, Model) and _has_input_shape(first):
                self._begin_with(InputLayer(batch_shape=first.input_shape, dtype=first.inputs[0].dtype))
            else:
                return
        with name_scope(self.name, self):
            while len(self._symbols) < len(self._layers):
                layer = self._layers[len(self._symbols)]
                self._symbols.append(self._one_tensor(layer, layer(self._symbols[-1])))
        self.built = len(self._symbols) > 1

    def _begin_with(self, layer: InputLayer) -> None:
        self._layers.insert(0, layer)
        self._symbols.append(layer.output)

    def _one_tensor(self, layer: Any, output: Any) -> KerasTensor:
        if isinstance(output, KerasTensor):
            return output
        raise ValueError(f"A layer in a Sequential has one output; layer '{layer.name}' gives {type(output).__name__}.")

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape (batch axis included, None for any)."""
        if not self.layers:
            raise ValueError(f"Sequential '{self.name}' cannot be built: it has no layers. Call `add(layer)`.")
        if not self._symbols and not isinstance(self._layers[0], InputLayer):
            if input_shape is None:
                raise ValueError(f"Sequential '{self.name}'.build needs an input shape, e.g. (None, 784).")
            first = self._layers[0]
            self._begin_with(InputLayer(batch_shape=tuple(input_shape), dtype=first.compute_dtype))
        elif input_shape is not None and self._layers and isinstance(self._layers[0], InputLayer):
            wanted, given = self._layers[0].batch_shape, tuple(input_shape)
            fits = len(wanted) == len(given) and all(
                a is None or b is None or a == b for a, b in zip(wanted, given, strict=True)
            )
            if not fits:
                raise ValueError(f"Sequential '{self.name}' begins with shape {wanted}; given {given}.")
        self._extend_graph()

    def _build_from(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x = args[0] if args else kwargs["inputs"]
        if not hasattr(x, "shape"):
            raise ValueError(f"Sequential '{self.name}' expects one input; given {type(x).__name__}.")
        self.build((None, *tuple(x.shape)[1:]) if len(x.shape) else ())

    # ---- running ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        front = self._front_layers()
        if mask is not None:
            masks.attach([inputs], mask)
        x = fit_to(inputs, self._symbols[len(front)], self.name) if self._symbols else inputs
        for layer in folding.chain(self.layers[len(front) :]):
            x = layer(x)
        return x

    def _front_layers(self) -> list[Any]:
        """The first layers, as far as they run in Python, ahead of the others."""
        return list(itertools.takewhile(is_host, self.layers))

    @property
    def has_front(self) -> bool:
        return bool(self.layers) and is_host(self.layers[0])

    @property
    def fed_inputs(self) -> list[KerasTensor]:
        return [self._chain("inputs")[len(self._front_layers())]]

    def _run_front(self, inputs: Any) -> Any:
        if not self._symbols:
            if not isinstance(self._layers[0], InputLayer):
                shape, dtype = raw_spec(inputs)
                self._begin_with(InputLayer(batch_shape=shape, dtype=dtype))
            self._extend_graph()
        x = fit_raw(inputs, self._symbols[0], self.name)
        for layer in self._front_layers():
            x = layer(x)
        return x

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args and isinstance(args[0], (list, tuple, dict)) and not self.has_front:
            args = (self._only_input(args[0]), *args[1:])
        if args and hasattr(args[0], "shape"):
            return (self._to_tensor_uncast(args[0]), *args[1:]), dict(kwargs)
        return super()._converted(args, kwargs)

    def _only_input(self, structure: Any) -> Any:
        """The tensor in a list or dict of one, as Keras takes it too; a list of numbers stays what it is."""
        leaves = flatten(structure)
        if not any(hasattr(leaf, "shape") for leaf in leaves):
            return structure
        if len(leaves) != 1:
            raise ValueError(f"Sequential '{self.name}': expected one input, received {len(leaves)}.")
        return leaves[0]

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else kwargs["inputs"]
        for layer in self.layers:
            x = layer.compute_output_spec(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.compute_output_spec(KerasTensor(input_shape, self.compute_dtype)).shape

    # ---- facts -----------------------------------------------------------------------------------------------------
    @property
    def layers(self) -> list[Any]:
        """The layers without the Input."""
        return self._layers[1:] if self._layers and isinstance(self._layers[0], InputLayer) else list(self._layers)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("Use `add` and `pop` to change the layers of a Sequential.")

    def _chain(self, what: str) -> list[KerasTensor]:
        if len(self._symbols) < 2:
            raise AttributeError(f"Sequential '{self.name}' has no defined {what} yet: it is not built.")
        return self._symbols

    @property
    def inputs(self) -> list[KerasTensor]:
        return [self._chain("inputs")[0]]

    @property
    def outputs(self) -> list[KerasTensor]:
        return [self._chain("outputs")[-1]]

    @property
    def input(self) -> Any:
        return self._chain("input")[0]

    @property
    def output(self) -> Any:
        return self._chain("output")[-1]

    @property
    def input_shape(self) -> Any:
        return shapes_of(self._chain("input shape")[0])

    @property
    def output_shape(self) -> Any:
        return shapes_of(self._chain("output shape")[-1])

    # ---- config ----------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        config = {**Layer.get_config(self)}
        config["layers"] = [serialize_object(layer) for layer in self._layers]
        if self._symbols:
            config["build_input_shape"] = self._symbols[0].shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        if "layers" not in config:
            raise ValueError(f"The config of a Sequential has 'name' and 'layers'; given {sorted(config)}.")
        model = cls(name=config.get("name"))
        with building():
            for entry in config["layers"]:
                model._append(deserialize_object(entry, custom_objects))
            model._extend_graph()
        shape = config.get("build_input_shape")
        if not model._symbols and shape:
            model.build(tuple(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model


def _has_input_shape(model: Model) -> bool:
    try:
        return isinstance(model.input_shape, tuple)
    except AttributeError:
        return False
