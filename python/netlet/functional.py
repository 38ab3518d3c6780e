"""Model: what can be trained and saved. A graph of layers (`Model(inputs, outputs)`), or a subclass with `call`."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping
from typing import Any

from . import _core, ops
from .config import is_float
from .graph import Function, KerasTensor, OpCall, is_symbolic
from .layers.input_layer import InputLayer
from .layers.input_spec import InputSpec
from .layers.layer import Layer
from .trainer import Trainer
from .utils import summary, tree


class Model(Trainer, Layer):
    """A network with `compile`, `fit`, `evaluate`, `predict` and `save`.

    Args:
        inputs, outputs: symbolic tensors (`Input`, and what layers gave for them), or lists or dicts of them. Without
            them: a subclass with its own `call`.
        name: of the model.
        trainable: whether an optimizer may change its weights.

    Raises:
        ValueError: an output that does not depend on the inputs alone; two layers of one name.

    Example:

    >>> import netlet
    >>> x = netlet.Input((4,))
    >>> model = Model(x, netlet.layers.Dense(2)(x))
    >>> model.output_shape, model.count_params()
    ((None, 2), 10)
    """

    _untracked_attributes = Layer._untracked_attributes | {
        "_steps",
        "_predictors",
        "_repeaters",
        "_compile_config",
        "_compile_loss",
        "_compile_metrics",
        "_metrics_given",
        "_weighted_metrics_given",
        "_loss_tracker",
        "_loss_weights",
        "_function",
        "optimizer",
        "loss",
        "history",
    }

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        graph_given = len(args) >= 2 or "outputs" in kwargs
        return super().__new__(Functional if cls is Model and graph_given else cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        inputs, outputs, rest = _graph_arguments(args, kwargs)
        self._function: Function | None = None
        super().__init__(**rest)
        self._init_trainer()
        if outputs is not None:
            self._init_graph(inputs, outputs)
            if not self._trainable:
                self.trainable = False

    _specs: dict[Any, Any]  # shapes and dtypes of inputs -> symbolic outputs

    # ---- the graph -------------------------------------------------------------------------------------------------
    def _init_graph(self, inputs: Any, outputs: Any) -> None:
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            for leaf in tree.flatten(structure):
                if not isinstance(leaf, KerasTensor):
                    raise ValueError(
                        f"Model(inputs, outputs): `{what}` are symbolic tensors, made by `Input` and by calling layers "
                        f"on them; given {type(leaf).__name__}: {leaf!r}."
                    )
        inputs, outputs = _from_input_layers(inputs, outputs)
        self._function = function = Function(inputs, outputs)
        object.__setattr__(self, "_specs", {})
        for operation in function.operations:
            if isinstance(operation, Layer):
                self._track(operation)
        named = isinstance(inputs, dict) and all(isinstance(v, KerasTensor) for v in inputs.values())
        names = sorted(inputs) if named else self.input_names
        self.input_spec = [
            InputSpec(
                shape=(None, *t.shape[1:]),
                allow_last_axis_squeeze=True,
                name=n,
                optional=bool(getattr(t._keras_history.operation, "optional", False)),
            )
            for t, n in zip(function.inputs, names, strict=True)
        ]
        self.built = True

    @property
    def inputs(self) -> list[KerasTensor]:
        """Symbolic inputs, flat; AttributeError for a model without a graph."""
        return self._graph("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        return self._graph("outputs").outputs

    @property
    def input(self) -> Any:
        return self._graph("input").inputs_struct

    @property
    def output(self) -> Any:
        return self._graph("output").outputs_struct

    def _graph(self, what: str) -> Function:
        if self._function is None:
            raise AttributeError(f"Model '{self.name}' has no defined {what}: it is not made of a graph.")
        return self._function

    @property
    def input_shape(self) -> Any:
        return _shapes_of(self.input)

    @property
    def output_shape(self) -> Any:
        return _shapes_of(self.output)

    @property
    def input_names(self) -> list[str]:
        return [t._keras_history.operation.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that give the outputs: the keys of `loss={...}`."""
        return [t._keras_history.operation.name for t in self.outputs]

    @property
    def operations(self) -> list[Any]:
        return list(self._graph("operations").operations)

    # ---- running ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs; a subclass without a graph overrides this."""
        if self._function is None:
            raise NotImplementedError(
                f"Model {type(self).__name__} does not have a `call()` method: give Model(inputs, outputs), or "
                "implement it."
            )
        values = [
            _fit_to(v, t, self.name) for v, t in zip(self._flat_inputs(inputs), self._function.inputs, strict=True)
        ]
        return self._function.run(values, lambda operation, args, kwargs: operation(*args, **kwargs))

    def _flat_inputs(self, inputs: Any) -> list[Any]:
        assert self._function is not None
        wanted = self._function.inputs_struct
        if isinstance(inputs, dict) and not isinstance(wanted, dict):
            missing = [n for n in self.input_names if n not in inputs]
            if missing:
                raise ValueError(f"Model '{self.name}' needs inputs {missing}; given a dict with {sorted(inputs)}.")
            return [inputs[n] for n in self.input_names]
        if isinstance(wanted, dict) and isinstance(inputs, dict):
            missing = sorted(set(wanted) - set(inputs))
            if missing:
                raise ValueError(f"Model '{self.name}' needs inputs {missing}; given a dict with {sorted(inputs)}.")
            inputs = {key: inputs[key] for key in wanted}
        return tree.flatten(inputs)

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self._function is None:
            return super()._converted(args, kwargs)
        convert = self._to_tensor_uncast  # each input is cast to its own InputLayer's dtype
        return tree.map_structure(convert, args), {k: tree.map_structure(convert, v) for k, v in kwargs.items()}

    def _to_tensor_uncast(self, value: Any) -> Any:
        if isinstance(value, _core.Tensor) or not (hasattr(value, "__array__") or hasattr(value, "__dlpack__")):
            return value
        return getattr(value, "_tensor", None) or self._array_to_tensor(value)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self._function is None:
            return super().compute_output_spec(*args, **kwargs)
        inputs = args[0] if args else kwargs["inputs"]
        values = self._flat_inputs(inputs)
        key = tuple(None if v is None else (v.shape, v.dtype) for v in values)
        if key not in self._specs:
            # Remembered: models that call models twice, nested, would else take time exponential in their depth.
            run = self._function.run
            self._specs[key] = run(values, lambda operation, a, k: operation.compute_output_spec(*a, **k))
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype), self._specs[key])

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of a subclassed model by trying `call` on symbolic inputs of this shape."""
        if self._function is not None or input_shape is None:
            return
        if type(self).call is Model.call:
            return
        symbols = tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), input_shape)
        super().compute_output_spec(symbols)

    def _lock_state(self) -> None:
        """A model may get new layers after it is built."""

    def _build_from(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if type(self).build is Model.build:
            self.built = True
            return
        super()._build_from(args, kwargs)

    # ---- its layers ------------------------------------------------------------------------------------------------
    @property
    def layers(self) -> list[Any]:
        """The layers right below this model, in the order of the data's way."""
        if self._function is not None:
            in_graph = [op for op in self._function.operations if isinstance(op, Layer)]
            known = {id(layer) for layer in in_graph}
            return in_graph + [layer for layer in self._layers if id(layer) not in known]
        return list(self._layers)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`layers` of a model is made by netlet; use another name for an attribute of your own.")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of this name, or at this position.

        Raises:
            ValueError: there is none; the message lists the names.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer needs a name or an index, and not both.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"Model '{self.name}' has {len(self.layers)} layers; asked for number {index}.")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name!r}. Model '{self.name}' has {[layer.name for layer in self.layers]}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Prints the table of layers, output shapes and numbers of weights, as Keras does.

        Args:
            line_length: width of the table; by default the terminal's, at most 88.
            positions: where the columns end, as shares of the width.
            print_fn: called with the whole text instead of `print`.
            expand_nested: whether to list the layers of nested models too.
            show_trainable: whether to add a column that tells which layers are trained.
            layer_range: (first, last) layer name or regular expression to list only a part.
        """
        text = summary.table(self, line_length, positions, expand_nested, show_trainable, layer_range)
        (print if print_fn is None else print_fn)(text)

    # ---- files -----------------------------------------------------------------------------------------------------
    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes architecture, weights and training state to one file; see `saving.save_model`."""
        from . import saving

        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Writes the weights alone; see `saving.save_weights`."""
        from . import saving

        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Reads weights that `save_weights` or `save` wrote; see `saving.load_weights`."""
        from . import saving

        saving.load_weights(self, filepath, **kwargs)

    def __reduce__(self) -> Any:
        """Copies and pickles go through the file format: weights, optimizer and all; own classes by reference."""
        return _from_bytes, (_to_bytes(self), {type(layer).__name__: type(layer) for layer in self._flatten_layers()})

    def get_config(self) -> dict[str, Any]:
        if self._function is not None and type(self).__init__ in (Model.__init__, Functional.__init__):
            from .graph_config import graph_config

            return graph_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model of a config that `get_config` gave, with new weights."""
        if {"layers", "input_layers", "output_layers"} <= set(config):
            from .graph_config import graph_from_config
            from .saving.serialization import building

            with building():
                return graph_from_config(cls, config, custom_objects)
        return cls(**config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON; `models.model_from_json` reads it."""
        import json

        from .saving.serialization import serialize_object

        return json.dumps(serialize_object(self), **kwargs)


class Functional(Model):
    """What `Model(inputs, outputs)` makes."""

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)


def _graph_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    names = ("inputs", "outputs", "name")
    if len(args) > len(names):
        raise TypeError(
            f"Model takes at most {len(names)} positional arguments (inputs, outputs, name); given {len(args)}."
        )
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    inputs, outputs = given.pop("inputs", None), given.pop("outputs", None)
    if (inputs is None) != (outputs is None):
        raise ValueError("Model needs `inputs` and `outputs` together, or neither in a subclass with `call`.")
    if given.get("trainable") is None:
        given.pop("trainable", None)
    return inputs, outputs, given


def _to_bytes(model: Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.netlet")
        model.save(path)
        with open(path, "rb") as f:
            return f.read()


def _from_bytes(data: bytes, classes: dict[str, Any]) -> Any:
    from . import saving

    own = {name: cls for name, cls in classes.items() if not cls.__module__.startswith("netlet.")}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.netlet")
        with open(path, "wb") as f:
            f.write(data)
        return saving.load_model(path, custom_objects=own)


def _from_input_layers(inputs: Any, outputs: Any) -> tuple[Any, Any]:
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


def _fit_to(value: Any, wanted: KerasTensor, model: str) -> Any:
    """The value in an input's dtype, and with a last axis of 1 added or removed if only that differs."""
    if value is None:
        return None
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


def _shapes_of(structure: Any) -> Any:
    shapes = tree.map_structure(lambda t: t.shape, structure)
    return shapes[0] if isinstance(shapes, list) and len(shapes) == 1 else shapes


__all__ = ["Functional", "Model", "OpCall"]
