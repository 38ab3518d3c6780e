"""Sequential: a model whose layers follow each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from netlet.base.all_or_nothing import all_or_nothing
from netlet.base.naming import name_scope
from netlet.base.tree import flatten, is_nested, is_shape, map_shapes, map_structure
from netlet.base.untrusted import damaged_config_named
from netlet.engine.graph import KerasTensor
from netlet.layers.base import masks
from netlet.layers.base.layer import Layer
from netlet.layers.core.input_layer import InputLayer
from netlet.saving.foreign import in_netlets_form
from netlet.saving.serialization import building, deserialize_object, serialize_object

from . import folding
from .chain_ends import ChainEnds
from .front import fit_raw, is_host, raw_spec
from .functional import Model
from .graph_inputs import fit_to, has_input_shape


class Sequential(ChainEnds, Model):  # type: ignore[misc]  # a model quantizes its layers
    """A stack of layers, each with one input and one output.

    Input and output are those of the first and the last layer, with the batch as their first axis.

    Args:
        layers: a layer or a list of layers; the first may be an `Input`. Without an `Input` the first batch builds the
            model. None (the default): no layers yet; see `add`.
        trainable: whether an optimizer may change its weights; True by default.
        name: of the model; None (the default): "sequential", numbered.

    Raises:
        ValueError: something that is not a layer; two layers of one name; an Input that is not first.

    Source: Keras 3, `keras.Sequential`.

    Example:

    >>> import netlet
    >>> model = Sequential([netlet.Input((784,)), netlet.layers.Dense(16, "relu"), netlet.layers.Dense(10)])
    >>> model.count_params()
    12730
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._names: set[str] = set()
        self._symbols: list[KerasTensor] = []  # the symbolic input, then the output of each layer
        self._structure: Any = None  # shapes of the inputs of a first layer that takes several
        given = [] if layers is None else layers if isinstance(layers, (list, tuple)) else [layers]
        for layer in given:
            self._append(layer)
        self._extend_graph()

    _masks_travel_inside = _is_chain = _saves_its_layers = True

    _untracked_attributes = Model._untracked_attributes | {"_names", "_symbols", "_structure"}

    # ---- the stack -------------------------------------------------------------------------------------------------
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Adds a layer on top. If that fails, the model does not change.

        Args:
            layer: the layer, or an `Input` for the bottom.
            rebuild: whether to call the layer on the output so far, where that is known, which makes its weights; True
                by default.

        Raises:
            ValueError: not a layer; a name that another layer has; an Input that is not first; several outputs.
        """

        def whole() -> None:
            self._append(layer)
            if rebuild:
                self._extend_graph()

        all_or_nothing([self], whole)

    def _append(self, layer: Any) -> None:
        """Adds a layer to the list without calling it."""
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        if not isinstance(layer, Layer):
            raise ValueError(f"Sequential '{self.name}': expected a layer, received {type(layer).__name__}: {layer!r}.")
        if not self._layers and "_input_shape_arg" in layer.__dict__:
            self._layers.append(InputLayer(shape=layer._input_shape_arg, dtype=layer.compute_dtype))
        if layer.name in self._names:
            raise ValueError(
                f"Sequential '{self.name}': expected layers with unique names, received a second '{layer.name}'."
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(f"Sequential '{self.name}': expected an Input only as its first layer, received another.")
        self._layers.append(layer)
        self._names.add(layer.name)
        self._forget_recorded_steps()
        if not self._symbols:
            self.built = False

    def pop(self, rebuild: bool = True) -> Any:
        """Removes the top layer.

        Args:
            rebuild: accepted for compatibility with Keras; the other layers stay built.

        Returns:
            The layer.

        Raises:
            TypeError: the model has no layers.
        """
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
        """Calls each layer that has not been called on the symbolic output so far; each layer is called once."""
        all_or_nothing([self, *self._layers[max(0, len(self._symbols) - 1) :]], self._call_new_layers)

    def _call_new_layers(self) -> None:
        """`_extend_graph` without the rollback after an error."""
        if not self._symbols:
            if not self._layers:
                return
            first = self._layers[0]
            if isinstance(first, InputLayer):
                self._symbols.append(first.output)
            elif isinstance(first, Model) and has_input_shape(first):
                self._begin_with(InputLayer(batch_shape=first.input_shape, dtype=first.inputs[0].dtype))
            else:
                return
        with name_scope(self.name, self):
            while len(self._symbols) < len(self._layers):
                layer = self._layers[len(self._symbols)]
                self._symbols.append(self._one_tensor(layer, layer(self._symbols[-1])))
        self.built = len(self._symbols) > 1

    def _begin_with(self, layer: InputLayer) -> None:
        """Puts an InputLayer at the bottom."""
        self._layers.insert(0, layer)
        self._symbols.append(layer.output)

    def _one_tensor(self, layer: Any, output: Any) -> KerasTensor:
        """The output of a layer; ValueError if it is not one tensor."""
        if isinstance(output, KerasTensor):
            return output
        raise ValueError(f"Sequential, layer '{layer.name}': expected one output, received {type(output).__name__}.")

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of all layers.

        Args:
            input_shape: shape of the input with its batch axis (None for any size), or a list or dict of shapes if the
                first layer takes several inputs. Not needed after an `Input`.

        Raises:
            ValueError: no layers; no shape where there is no `Input`; a shape that does not fit the `Input`.
        """
        if not self.layers:
            raise ValueError(f"Sequential '{self.name}' cannot be built: it has no layers. Call `add(layer)`.")
        if is_nested(input_shape) and not is_shape(input_shape):
            self._build_for_structure(input_shape)
            return
        if not self._symbols and not isinstance(self._layers[0], InputLayer):
            if input_shape is None:
                raise ValueError(f"Sequential '{self.name}'.build: expected a shape, e.g. (None, 784), received None.")
            first = self._layers[0]
            self._begin_with(InputLayer(batch_shape=tuple(input_shape), dtype=first.compute_dtype))
        elif input_shape is not None and self._layers and isinstance(self._layers[0], InputLayer):
            wanted, given = self._layers[0].batch_shape, tuple(input_shape)
            fits = len(wanted) == len(given) and all(
                a is None or b is None or a == b for a, b in zip(wanted, given, strict=True)
            )
            if not fits:
                raise ValueError(f"Sequential '{self.name}': expected input shape {wanted}, received {given}.")
        self._extend_graph()

    def _build_for_structure(self, shapes: Any) -> None:
        """Builds the layers where the first takes several inputs. Such a model has no symbolic input and output."""
        x = map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)
        with name_scope(self.name, self):
            for layer in self._layers:
                x = layer(x)
        self._structure, self.built = shapes, True

    def _build_from(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Builds the model for the shape of the first argument of a call."""
        x = args[0] if args else kwargs["inputs"]
        if not hasattr(x, "shape"):
            if not is_nested(x) or not all(hasattr(leaf, "shape") for leaf in flatten(x)):
                raise ValueError(f"Sequential '{self.name}': expected one input, received {type(x).__name__}.")
            self.build(map_structure(lambda leaf: (None, *tuple(leaf.shape)[1:]), x))
            return
        self.build((None, *tuple(x.shape)[1:]) if len(x.shape) else ())

    # ---- running ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the layers, one after the other. Layers that run in Python are not run here (see `run_ahead`).

        Args:
            inputs: one Tensor, batch first.
            training: unused here; layers read it from the call that surrounds them.
            mask: mask of the input, or None.

        Returns:
            The output of the last layer.
        """
        front = self._front_layers()
        if mask is not None:
            masks.attach([inputs], mask)
        x = fit_to(inputs, self._symbols[len(front)], self.name) if self._symbols else inputs
        for layer in folding.chain(self.layers[len(front) :]):
            x = layer(x)
        return x

    def _front_layers(self) -> list[Any]:
        """The first layers, up to the first one that does not run in Python."""
        return list(itertools.takewhile(is_host, self.layers))

    @property
    def has_front(self) -> bool:
        """Whether the model begins with layers that run in Python (text and lookup layers)."""
        return bool(self.layers) and is_host(self.layers[0])

    @property
    def fed_inputs(self) -> list[KerasTensor]:
        """The symbolic input of the recorded step: the output of the layers in front, or the model's input."""
        return [self._chain("inputs")[len(self._front_layers())]]

    def _run_front(self, inputs: Any) -> Any:
        """Runs the layers in front; the first call without an `Input` makes one for these inputs."""
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
        """The arguments of a call with the input as a Tensor of its own dtype."""
        if args and isinstance(args[0], (list, tuple, dict)) and not self.has_front:
            args = (self._only_input(args[0]), *args[1:])
        if args and hasattr(args[0], "shape"):
            return (self._to_tensor_uncast(args[0]), *args[1:]), dict(kwargs)
        return super()._converted(args, kwargs)

    def _only_input(self, structure: Any) -> Any:
        """The tensor in a list or dict of one; numbers, and several inputs of a first layer, are returned unchanged."""
        leaves = flatten(structure)
        if not any(hasattr(leaf, "shape") for leaf in leaves) or (len(leaves) != 1 and not self._symbols):
            return structure
        if len(leaves) != 1:
            raise ValueError(f"Sequential '{self.name}': expected one input, received {len(leaves)}.")
        return leaves[0]

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic output for a symbolic input (the first argument, or `inputs`); computes no values."""
        x = args[0] if args else kwargs["inputs"]
        for layer in self.layers:
            x = layer.compute_output_spec(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input of this shape; both include the batch axis, None for any size."""
        return self.compute_output_spec(KerasTensor(input_shape, self.compute_dtype)).shape

    # ---- facts -----------------------------------------------------------------------------------------------------
    @property
    def layers(self) -> list[Any]:
        """The layers, without the Input."""
        return self._layers[1:] if self._layers and isinstance(self._layers[0], InputLayer) else list(self._layers)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`layers` of a Sequential is read-only. Use `add` and `pop` to change its layers.")

    # ---- config ----------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """The layers' configs and, if known, the input's shape, as a dict; `from_config` reads it."""
        config = {**Layer.get_config(self)}
        config["layers"] = [serialize_object(layer) for layer in self._layers]
        shape = self._symbols[0].shape if self._symbols else self._structure
        if shape is not None:
            config["build_input_shape"] = shape
        return config

    @classmethod
    @damaged_config_named("Sequential")
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Builds a Sequential with new weights from a config; built if the config knows the input's shape.

        Args:
            config: what `get_config` returned, here or in Keras.
            custom_objects: {name: class or function} for your own code that is not registered.

        Raises:
            ValueError: the config has no "layers", or names something unknown.
        """
        if "layers" not in config:
            raise ValueError(f"Config of a Sequential: expected 'name' and 'layers', received {sorted(config)}.")
        config = in_netlets_form(config)
        model = cls(name=config.get("name"))
        with building():
            for entry in config["layers"]:
                model._append(deserialize_object(entry, custom_objects))
            model._extend_graph()
        shape = config.get("build_input_shape")
        if not model._symbols and shape:
            model.build(shape if isinstance(shape, dict) or not is_shape(shape) else tuple(shape))
        if config.get("trainable") is False:
            model.trainable = False
        return model
