"""Operation: what a node of a graph calls."""

from __future__ import annotations

import inspect
from typing import Any

from netlet.base import tree
from netlet.base.naming import auto_name

from .infer import infer_spec
from .symbols import Node, is_symbolic


class Operation:
    """Base of what can be called on symbolic tensors: layers, ops and functions with a name.

    A subclass defines `call`. Called on values, an operation runs `call`; on symbolic tensors, it adds a node to their
    graph, and a functional model calls it in its place.

    Args:
        name: unique in a model; None (the default): the class name in snake case, numbered.

    Raises:
        ValueError: the name is no string or contains "/".

    Example:

    Source: Keras 3, `keras.Operation`.

    >>> import numpy as np
    >>> import netlet
    >>> class Scale(netlet.Operation):
    ...     def __init__(self, factor, name=None):
    ...         super().__init__(name)
    ...         self.factor = factor
    ...     def call(self, x):
    ...         return x * self.factor
    >>> x = netlet.Input((2,))
    >>> model = netlet.Model(x, Scale(3.0)(x))
    >>> model(np.ones((1, 2), "float32")).tolist()
    [[3.0, 3.0]]
    """

    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        object.__setattr__(instance, "_init_arguments", (args, kwargs))
        return instance

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"Argument `name`: expected a string without '/', received {name!r}.")
        self.name: str = name or auto_name(type(self).__name__)
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "_inbound_nodes" not in self.__dict__:
            raise RuntimeError(
                f"In operation '{type(self).__name__}', call `super().__init__()` as the first statement in "
                "`__init__()`."
            )
        if is_symbolic(args) or is_symbolic(kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a call with symbolic arguments to the graph.

        Args:
            *args: what `call` takes; at least one argument is or contains a KerasTensor.

        Returns:
            The KerasTensors of its result.
        """
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation, with `netlet.ops`; a subclass defines it.

        Args:
            *args: Tensors, arrays and anything else that the subclass takes, with keyword arguments of its choice.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not have a `call()` method implemented.")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The KerasTensors of the result, without adding a node. By default, `call` is tried with two batch sizes.

        Args:
            *args: what `call` takes.

        Returns:
            A structure of KerasTensors, as `call` returns Tensors.
        """
        return infer_spec(self.call, args, kwargs)

    # ---- its config ------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, from which `from_config` makes the operation again.

        Returns:
            dict of the arguments by name.

        Raises:
            NotImplementedError: a subclass has arguments that are not plain values and does not override this.
        """
        config: dict[str, Any] = {"name": self.name}
        if type(self).get_config is Operation.get_config:
            config.update(self._plain_init_arguments(["name"]))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes an operation from a config of `get_config`.

        Args:
            config: the constructor's arguments by name.

        Returns:
            An operation of this class, without the weights of the other one.
        """
        return cls(**config)

    def _plain_init_arguments(self, without: list[str]) -> dict[str, Any]:
        """The arguments that the constructor was given, except those `without`."""
        args, kwargs = self._init_arguments
        bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs)
        given: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                given.update(value)
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                given[name] = value
        own = {k: v for k, v in given.items() if k not in without}
        for key, value in own.items():
            if not all(isinstance(leaf, (str, int, float, bool, type(None))) for leaf in tree.flatten(value)):
                raise NotImplementedError(
                    f"{type(self).__name__} was constructed with {key}={value!r}, which is not a plain value. "
                    "Override `get_config()` (and, if needed, `from_config()`) to save it."
                )
        return own

    # ---- its calls -------------------------------------------------------------------------------------------------
    @property
    def input(self) -> Any:
        """The input tensors of its only call."""
        return self._only_node("input").input_tensors_struct

    @property
    def output(self) -> Any:
        """The output tensors of its only call."""
        return self._only_node("output").outputs_struct

    def _only_node(self, what: str) -> Node:
        if len(self._inbound_nodes) != 1:
            count = len(self._inbound_nodes)
            reason = "has not been called on symbolic inputs" if count == 0 else f"was called {count} times"
            raise AttributeError(f"Layer '{self.name}' {reason}, so it has no single `{what}`.")
        return self._inbound_nodes[0]
