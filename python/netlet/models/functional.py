"""Model: what can be trained and saved. A graph of layers (`Model(inputs, outputs)`), or a subclass with `call`."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from netlet import saving
from netlet.engine.graph import Function, OpCall
from netlet.layers.base.layer import Layer
from netlet.saving.serialization import building, serialize_object
from netlet.training.trainer import Trainer

from . import summary
from .graph_config import graph_config, graph_from_config
from .graph_layer import GraphLayer


class Model(Trainer, GraphLayer):
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
        "_step_state",
        "_compile_config",
        "_compile_loss",
        "_compile_metrics",
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
        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Writes the weights alone; see `saving.save_weights`."""
        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Reads weights that `save_weights` or `save` wrote; see `saving.load_weights`."""
        saving.load_weights(self, filepath, **kwargs)

    def __reduce__(self) -> Any:
        """Copies and pickles go through the file format: weights, optimizer and all; own classes by reference."""
        return _from_bytes, (_to_bytes(self), {type(layer).__name__: type(layer) for layer in self._flatten_layers()})

    def get_config(self) -> dict[str, Any]:
        if self._function is not None and type(self).__init__ in (Model.__init__, Functional.__init__):
            return graph_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The model of a config that `get_config` gave, with new weights."""
        if {"layers", "input_layers", "output_layers"} <= set(config):
            with building():
                return graph_from_config(cls, config, custom_objects)
        return cls(**config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON; `models.model_from_json` reads it."""
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
    own = {name: cls for name, cls in classes.items() if not cls.__module__.startswith("netlet.")}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.netlet")
        with open(path, "wb") as f:
            f.write(data)
        return saving.load_model(path, custom_objects=own)


__all__ = ["Functional", "Model", "OpCall"]
