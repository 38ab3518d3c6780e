"""The part of Model without training: a layer that is a graph of layers."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine.graph import Function, KerasTensor, is_symbolic
from netlet.layers.base import masks
from netlet.layers.base.input_spec import InputSpec
from netlet.layers.base.layer import Layer
from netlet.training.own_step import standard

from . import folding
from .front import Front
from .graph_inputs import fit_to, from_input_layers, in_order, shapes_of


class _Fed(threading.local):
    """The models that this thread called `fed` of.

    A thread that prepares batches runs the layers in front while another one runs a step inside of `fed`.
    """

    models: tuple[GraphLayer, ...] = ()


_fed = _Fed()


class GraphLayer(Layer):
    """A layer that runs the operations between symbolic inputs and outputs.

    Without symbolic inputs it is the base of a subclass with its own `call`.
    """

    _function: Function | None = None
    _specs: dict[Any, Any]  # shapes and dtypes of inputs -> symbolic outputs
    _warned: set[str]  # warnings that were given
    _front: Front | None = None
    _is_chain = False  # True in Sequential: its layers are called one after the other
    layers: list[Any]

    @property
    def _masks_travel_inside(self) -> bool:  # type: ignore[override]
        """Whether the layers inside pass masks to each other."""
        return self._function is not None

    # ---- the graph -------------------------------------------------------------------------------------------------
    def _init_graph(self, inputs: Any, outputs: Any) -> None:
        """Makes the graph between these symbolic tensors; ValueError if one is not symbolic."""
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            for leaf in tree.flatten(structure):
                if not (isinstance(leaf, KerasTensor) and hasattr(leaf, "_keras_history")):
                    raise ValueError(
                        f"Model({what}=): expected symbolic tensors, which `Input` and calls of layers on them return, "
                        f"received {type(leaf).__name__}: {leaf!r}."
                    )
        inputs, outputs = from_input_layers(inputs, outputs)
        self._function = function = Function(inputs, outputs)
        object.__setattr__(self, "_specs", {})
        object.__setattr__(self, "_warned", set())
        object.__setattr__(self, "_front", Front.of(function))
        for operation in function.operations:
            if isinstance(operation, Layer):
                self._track(operation)
        self.built = True
        if self._front is not None:
            return  # the layers in front check the inputs
        named = isinstance(inputs, dict) and all(isinstance(v, KerasTensor) for v in inputs.values())
        if isinstance(inputs, dict) and not named:
            return  # deeper structures have no keys that an InputSpec could name
        names = sorted(inputs) if named else self.input_names
        self.input_spec = [
            InputSpec(
                shape=(None, *t.shape[1:]) if t.shape else (),
                allow_last_axis_squeeze=True,
                name=n,
                optional=bool(getattr(t._keras_history.operation, "optional", False)),
            )
            for t, n in zip(function.inputs, names, strict=True)
        ]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat; AttributeError for a model without a graph."""
        return self._graph("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat; AttributeError for a model without a graph."""
        return self._graph("outputs").outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs in their structure; AttributeError for a model without a graph."""
        return self._graph("input").inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs in their structure; AttributeError for a model without a graph."""
        return self._graph("output").outputs_struct

    def _graph(self, what: str) -> Function:
        """The graph; AttributeError, which names `what`, if there is none."""
        if self._function is None:
            raise AttributeError(f"Model '{self.name}' has no defined {what}: it is not made of a graph.")
        return self._function

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the structure of the inputs' shapes; None for any size."""
        return shapes_of(self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the structure of the outputs' shapes; None for any size."""
        return shapes_of(self.output)

    @property
    def input_names(self) -> list[str]:
        """Names of the InputLayers, in the order of `inputs`."""
        return [t._keras_history.operation.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that compute the outputs: the keys of `loss={...}`."""
        return [t._keras_history.operation.name for t in self.outputs]

    @property
    def operations(self) -> list[Any]:
        """The layers and ops of the graph, in topological order."""
        return list(self._graph("operations").operations)

    def calls(self) -> list[Any]:
        """The operations that the model calls, in their order; a shared layer occurs once for each call.

        Returns:
            List of layers and ops; empty for a model with its own `call`.
        """
        if self._is_chain:
            return self.layers
        return [] if self._function is None else [operation for operation, _, _ in self._function.steps]

    def followers(self) -> dict[int, int]:
        """Which call reads the output of which other call, for calls with one input, no other arguments and one output.

        Returns:
            {index of a call in `calls`: index of the only call that reads its output}.
        """
        if self._is_chain:
            return {i: i + 1 for i in range(len(self.layers) - 1)}
        return {} if self._function is None else self._function.followers()

    # ---- layers that run in Python, ahead of the others ------------------------------------------------------------
    @property
    def has_front(self) -> bool:
        """Whether the model begins with layers that run in Python (text and lookup layers)."""
        return self._front is not None

    @property
    def fed_inputs(self) -> list[KerasTensor]:
        """The symbolic inputs of the recorded step: the outputs of the layers in front, or the model's inputs."""
        return self.inputs if self._front is None else self._front.border

    def run_ahead(self, inputs: Any) -> Any:
        """Runs the layers in front, if there are some and they have not run.

        Args:
            inputs: what the model is called with.

        Returns:
            What the recorded step receives; `inputs` if nothing is to run.
        """
        if not self.has_front or any(model is self for model in _fed.models) or is_symbolic(inputs):
            return inputs
        if any(isinstance(leaf, _core.Tensor) and leaf.recorded for leaf in tree.flatten(inputs)):
            return inputs
        return self._run_front(inputs)

    def _run_front(self, inputs: Any) -> Any:
        """Runs the layers in front on inputs in the structure of the model's."""
        assert self._front is not None
        wanted = self._graph("inputs").inputs_struct
        if isinstance(inputs, dict):
            values = [inputs[n] for n in (sorted(wanted) if isinstance(wanted, dict) else self.input_names)]
        elif len(self.inputs) == 1:
            alone = isinstance(inputs, (list, tuple)) and len(inputs) == 1 and hasattr(inputs[0], "shape")
            values = [inputs[0] if alone else inputs]
        else:
            values = list(inputs)
        return self._front.run(values, self.name)

    @contextlib.contextmanager
    def fed(self) -> Iterator[None]:
        """Context manager: calls of the model in this thread do not run the layers in front.

        They receive what those layers returned (see `run_ahead`).

        Yields:
            None.
        """
        before = _fed.models
        _fed.models = (*before, self)
        try:
            yield
        finally:
            _fed.models = before

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.has_front and args:
            args = (self.run_ahead(args[0]), *args[1:])
        return super().__call__(*args, **kwargs)

    # ---- running ---------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the graph. A subclass without a graph overrides this.

        Args:
            inputs: Tensors in the structure of the model's inputs; a dict may use the inputs' names.
            training: unused here; layers read it from the call that surrounds them.
            mask: mask or masks of the inputs, or None.

        Returns:
            The outputs, in the structure of the model's outputs.

        Raises:
            NotImplementedError: a subclass without a graph and without `call`.
            ValueError: an input is missing, or its shape does not fit.
        """
        if self._function is None:
            raise NotImplementedError(
                f"Model {type(self).__name__} does not have a `call()` method: give Model(inputs, outputs), or "
                "implement it."
            )
        if self._front is None:
            function, given = self._function, self._flat_inputs(inputs)
        else:
            function, given = self._front.rest, tree.flatten(inputs)
        if mask is not None:
            masks.attach(given, mask)
        if len(given) != len(function.inputs):
            raise ValueError(f"Model '{self.name}': expected {len(function.inputs)} inputs, received {len(given)}.")
        values = [fit_to(v, t, self.name) for v, t in zip(given, function.inputs, strict=True)]
        call: Any = lambda operation, args, kwargs: operation(*args, **kwargs)  # noqa: E731
        return function.run(values, call, folding.steps(function))

    def _flat_inputs(self, inputs: Any) -> list[Any]:
        """The inputs as a list in the order of `self.inputs`; ValueError if one is missing."""
        assert self._function is not None
        return in_order(inputs, self._function.inputs_struct, self.input_names, self.name, self._warn_once)

    def _warn_once(self, message: str) -> None:
        """Warns, unless this model has given the same warning before."""
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, stacklevel=2)

    def _converted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call with arrays as Tensors of their own dtype."""
        if self._function is None:
            return super()._converted(args, kwargs)
        convert = self._to_tensor_uncast  # each input is cast to its own InputLayer's dtype
        return tree.map_structure(convert, args), {k: tree.map_structure(convert, v) for k, v in kwargs.items()}

    def _to_tensor_uncast(self, value: Any) -> Any:
        """A Tensor of the array's own dtype; other values unchanged."""
        if isinstance(value, (_core.Tensor, KerasTensor)) or not (
            hasattr(value, "__array__") or hasattr(value, "__dlpack__")
        ):
            return value
        tensor = getattr(value, "_tensor", None)  # set if value is a Variable
        return self._array_to_tensor(value) if tensor is None else tensor

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic outputs for inputs of these shapes and dtypes; computes no values.

        Args:
            *args: symbolic inputs, in the structure of the model's.
            **kwargs: `inputs`, if not the first of `args`.

        Returns:
            Symbolic tensors in the structure of the model's outputs.
        """
        if self._function is None:
            return super().compute_output_spec(*args, **kwargs)
        inputs = args[0] if args else kwargs["inputs"]
        values = self._flat_inputs(inputs)
        key = tuple(None if v is None else (v.shape, v.dtype) for v in values)
        if key not in self._specs:
            # Without this cache, nested models that each call the next one twice take time exponential in their depth.
            run = self._function.run
            self._specs[key] = run(values, lambda operation, a, k: operation.compute_output_spec(*a, **k))
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype), self._specs[key])

    @standard
    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of a subclassed model by trying `call` on symbolic inputs.

        A model with a graph is built already; nothing happens.

        Args:
            input_shape: shape of the input with its batch axis (None for any), or a structure of shapes.
        """
        if self._function is not None or input_shape is None:
            return
        if type(self).call is GraphLayer.call:
            return
        symbols = tree.map_shapes(lambda s: KerasTensor(s, self.compute_dtype), input_shape)
        super().compute_output_spec(symbols)

    def _lock_state(self) -> None:
        """Does nothing: a model may get new layers after it is built."""

    @property
    def _builds_by_call(self) -> bool:
        """Whether a first call builds the model, since it has neither a graph nor its own `build`."""
        return self._function is None and type(self).build is GraphLayer.build
