"""Model, which is trained and saved: a graph of layers (`Model(inputs, outputs)`), or a subclass with `call`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlet import saving
from netlet.base.exclusive import alone
from netlet.engine.graph import Function, OpCall
from netlet.layers.base.layer import Layer
from netlet.saving.registry import own_objects
from netlet.saving.serialization import building, serialize_object
from netlet.training.trainer import Trainer

from . import state_tree as state_trees
from . import summary
from .exporting import ExportedModel
from .graph_config import graph_config, graph_from_config
from .graph_layer import GraphLayer
from .pickling import from_bytes, to_bytes
from .quantizing import QuantizedModel


class Model(Trainer, QuantizedModel, ExportedModel, GraphLayer):  # type: ignore[misc]  # a model quantizes its layers
    """A network with `compile`, `fit`, `evaluate`, `predict` and `save`.

    Made from symbolic tensors, it is a graph of layers; a subclass defines `call` instead. Its inputs and outputs are
    tensors, or structures of them, with the batch as their first axis.

    Args:
        *args: the first of the arguments below, by position.
        inputs: symbolic tensor that `Input` returned, or a list or dict of them. None in a subclass with `call`.
        outputs: symbolic tensor that calling layers on `inputs` returned, or a list or dict of them. None if `inputs`
            is None.
        name: of the model; None (the default): the class name in snake case, numbered.
        trainable: whether an optimizer may change its weights; True by default.

    Raises:
        TypeError: more than three positional arguments.
        ValueError: `inputs` without `outputs` or the reverse; one that is not symbolic; an output that depends on other
            inputs; two layers of one name.

    Source: Keras 3, `keras.Model`.

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
        "_quantization_records",
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
        """The layers of this model, without those inside of nested models.

        For a graph they are in topological order; other layers that are attributes come last. A subclass lists its
        attributes in the order of assignment.
        """
        if self._function is not None:
            in_graph = [op for op in self._function.operations if isinstance(op, Layer)]
            known = {id(layer) for layer in in_graph}
            return in_graph + [layer for layer in self._layers if id(layer) not in known]
        return list(self._layers)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`layers` of a model is read-only; use another name for an attribute of your own.")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer with this name, or at this position.

        Args:
            name: of the layer; None by default.
            index: position in `layers`; negative counts from the end. None by default.

        Returns:
            The layer.

        Raises:
            ValueError: both or neither argument; no such layer (the message lists the names).
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: expected a name or an index, received both or neither.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"Model '{self.name}' has {len(self.layers)} layers, received index {index}.")
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
        """Prints a table of the layers with their output shapes and numbers of weights, in Keras's layout.

        Args:
            line_length: width of the table in characters. By default the terminal's width minus 4, at most 88, or 108
                for a graph with branches, plus 12 with `show_trainable`.
            positions: where each column ends, as fractions of the width; the last is 1.0; default None.
            print_fn: called once with the whole text; `print` by default.
            expand_nested: whether to list the layers of nested models too; False by default.
            show_trainable: whether to add a column that shows which layers are trainable; False by default.
            layer_range: (first, last) layer names or regular expressions; only these layers and those between them are
                listed; None (the default): all.

        Raises:
            ValueError: `line_length` is too small for the columns; `layer_range` matches no layer.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")], name="small")
        >>> model.summary(line_length=64, print_fn=lambda text: print(text.splitlines()[0]))
        Model: "small"
        """
        text = summary.table(self, line_length, positions, expand_nested, show_trainable, layer_range)
        (print if print_fn is None else print_fn)(text)

    def _repr_html_(self) -> str:
        """The summary and the picture of the model, for notebooks."""
        from .notebook import model_html  # only notebooks need these modules

        return model_html(self)

    # ---- values ----------------------------------------------------------------------------------------------------
    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The values of all variables as nested dicts, by group and then by the parts of their paths.

        Args:
            value_format: "backend_tensor" for Tensors or "numpy_array"; both are copies. "backend_tensor" by default.

        Returns:
            {"trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables"}.

        Raises:
            ValueError: another format; two variables with one path.

        Example:

        >>> import netlet
        >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")], name="small")
        >>> {name: value.shape for name, value in model.get_state_tree()["trainable_variables"]["small"]["out"].items()}
        {'kernel': (3, 2), 'bias': (2,)}
        """
        return state_trees.state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assigns values to variables.

        Args:
            state_tree: what `get_state_tree` returned, or a part of it.

        Raises:
            ValueError: an unknown group or path, or a value of another shape. Then nothing is assigned.
        """
        state_trees.assign(self, state_tree)

    get_weights = alone(GraphLayer.get_weights)
    set_weights = alone(GraphLayer.set_weights)

    # ---- files -----------------------------------------------------------------------------------------------------
    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes architecture, weights and training state to one file.

        Args:
            filepath: str or path, ending in ".netlet", ".keras" or ".h5" (the file of Keras 2). Missing directories are
                made.
            overwrite: whether an existing file may be replaced; True by default.
            **kwargs: `include_optimizer` (default True): whether to save the compile arguments and the optimizer.

        Raises:
            ValueError: another file extension, or a part that cannot be saved, such as a lambda.
            FileExistsError: the file exists and `overwrite` is False.
            OSError: the file cannot be written.
        """
        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Writes only the weights to a file.

        Args:
            filepath: str or path, ending in ".weights.netlet" or ".weights.h5".
            overwrite: whether an existing file may be replaced; True by default.
            max_shard_size: only None, the default, is supported.

        Raises:
            ValueError: another file extension.
            FileExistsError: the file exists and `overwrite` is False.
            OSError: the file cannot be written.
            NotImplementedError: `max_shard_size` is given.
        """
        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, **kwargs: Any) -> None:
        """Reads weights that `save_weights` or `save` wrote; `saving.load_weights` lists formats and errors.

        Args:
            filepath: str or path of the file.
            **kwargs: options of `saving.load_weights`.

        Raises:
            ValueError: the weights do not fit, or the model is not built.
            OSError: the file cannot be read.
        """
        saving.load_weights(self, filepath, **kwargs)

    def __reduce__(self) -> Any:
        """Copies and pickles the model through the file format: architecture, weights and optimizer.

        Your own classes and functions are copied and pickled by reference.
        """
        with own_objects() as found:
            data = to_bytes(self)
        return from_bytes, (data, found)

    def get_config(self) -> dict[str, Any]:
        """The architecture, without weights; `from_config` reads it.

        Returns:
            Dict of plain values: for a graph its "name", "layers", "input_layers" and "output_layers", for a subclass
                the arguments of its constructor.

        Raises:
            NotImplementedError: a subclass has arguments that are not plain values and does not override this.
        """
        return graph_config(self) if self._saves_its_layers else super().get_config()

    @property
    def _saves_its_layers(self) -> bool:
        """Whether the config has the graph; a subclass with its own constructor makes it again."""
        return self._function is not None and type(self).__init__ in (Model.__init__, Functional.__init__)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Builds a model with new weights from a config.

        Args:
            config: what `get_config` returned, here or in Keras.
            custom_objects: {name: class or function} for your own code that is not registered.

        Returns:
            The model, not compiled.

        Raises:
            ValueError: the config's graph is damaged or names something unknown.
        """
        if {"layers", "input_layers", "output_layers"} <= set(config):
            with building():
                return graph_from_config(cls, config, custom_objects)
        return cls(**config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON text; `models.model_from_json` reads it.

        Args:
            **kwargs: passed to `json.dumps`.

        Returns:
            The text.

        Raises:
            ValueError: a part without a config, such as a lambda.
            TypeError: a `get_config` that returns no dict.
        """
        return json.dumps(serialize_object(self), **kwargs)


class Functional(Model):
    """A graph of layers; `Model(inputs, outputs)` returns an object of this class.

    Args:
        inputs: symbolic tensor that `Input` returned, or a list or dict of them.
        outputs: symbolic tensor that calling layers on `inputs` returned, or a list or dict of them.
        name: of the model; None (the default): "functional", numbered.
        **kwargs: `trainable`, True by default.

    Raises:
        ValueError: as for `Model`.

    >>> import netlet
    >>> a, b = netlet.Input((4,), name="a"), netlet.Input((3,), name="b")
    >>> model = netlet.Model({"a": a, "b": b}, netlet.layers.Concatenate()([a, b]))
    >>> isinstance(model, Functional), model.output_shape
    (True, (None, 7))
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, outputs, name=name, **kwargs)


def _graph_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """(inputs, outputs, the other arguments) of a call of `Model`."""
    names = ("inputs", "outputs", "name")
    if len(args) > len(names):
        raise TypeError(
            f"Model: expected at most {len(names)} positional arguments (inputs, outputs, name), received {len(args)}."
        )
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    inputs, outputs = given.pop("inputs", None), given.pop("outputs", None)
    if (inputs is None) != (outputs is None):
        raise ValueError("Model: expected `inputs` and `outputs` together, or neither in a subclass; received one.")
    if given.get("trainable") is None:
        given.pop("trainable", None)
    return inputs, outputs, given


__all__ = ["Functional", "Model", "OpCall"]
