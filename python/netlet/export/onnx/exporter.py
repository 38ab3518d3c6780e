"""Exporter: runs a model on Values, tensors of an ONNX graph, and writes the operators of every call to the graph."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.config import is_float
from netlet.engine.graph import Function, KerasTensor, OpCall
from netlet.engine.needs_values import NeedsValues
from netlet.layers.base import call_context, masks
from netlet.layers.base.layer import Layer
from netlet.layers.quantized.weight_only.weight_only_layer import reading_codes

from ..tracing import Size, Untraceable, Varying, trace
from .registry import OPS, Unsupported, layer_converter
from .sizes import SizeFormulas
from .values import Value


class Exporter(SizeFormulas):
    """Writes the calls of layers and ops to a graph.

    Args:
        quantized: form of quantized layers: "qdq" or "qoperator".
        opset: version of the standard operators.

    Attributes:
        opsets: {domain: version} of the operators that are written.
        unsupported: {name of a layer or op: why it cannot be exported}.
    """

    def __init__(self, quantized: str = "qdq", opset: int = 21) -> None:
        super().__init__()
        self.opsets = {"": opset}
        self.quantized = quantized
        self.unsupported: dict[str, str] = {}
        self._outermost = True

    # ---- calls -----------------------------------------------------------------------------------------------------
    def call(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any = None) -> Any:
        """Writes the call of a layer, an op or another operation.

        Args:
            operation: what is called.
            args, kwargs: its arguments, with Values.
            out: KerasTensors of an op's results; None: they are inferred.

        Returns:
            The outputs as Values.
        """
        if isinstance(operation, Layer):
            return self.call_layer(operation, args, kwargs)
        if isinstance(operation, OpCall):
            return self._call_op(operation, args, kwargs, out)
        if isinstance(operation, Function):
            return operation.run(tree.flatten(args), self.call)
        return self.run_traced(operation.name, operation.call, args, kwargs, [])

    def call_layer(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Writes the call of a layer, as `Layer.__call__` would make it at inference."""
        cast = lambda v: self._for_layer(layer, v)  # noqa: E731
        args, kwargs = tree.map_structure(cast, args), {k: tree.map_structure(cast, v) for k, v in kwargs.items()}
        kwargs = {k: v for k, v in masks.fill(layer, args, kwargs).items() if k != "training"}
        before = masks.previous(args, kwargs)
        with self._inside(layer):
            try:
                outputs = self._outputs_of(layer, args, kwargs)
            except (Unsupported, Untraceable, NeedsValues, _core.SymbolicArgument) as error:
                self._refuse(f"'{layer.name}' ({type(layer).__name__})", error)
                outputs = self._placeholders(layer.compute_output_spec(*args, **kwargs))
            if layer.supports_masking or layer._computes_masks:
                self._hand_on_masks(layer, masks.first(args, kwargs), outputs, before)
        return outputs

    def _for_layer(self, layer: Any, value: Any) -> Any:
        if isinstance(value, Value) and layer.autocast and is_float(value.dtype) and value.dtype != "string":
            return value if self._is_graph(layer) else self.cast(value, layer.compute_dtype)
        return value

    @staticmethod
    def _is_graph(layer: Any) -> bool:
        return getattr(layer, "_function", None) is not None or getattr(layer, "_is_chain", False)

    @contextmanager
    def _inside(self, layer: Any) -> Iterator[None]:
        scope, outermost = self.graph.scope, self._outermost
        self._outermost = False
        if not outermost:  # the model's own name would only make all names longer
            scope.append(layer.name)
        try:
            with call_context.entered(layer, False):
                yield
        finally:
            if not outermost:
                scope.pop()

    def _outputs_of(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if getattr(layer, "_is_chain", False):
            x = args[0] if args else kwargs["inputs"]
            x = tree.flatten(x)[0] if len(tree.flatten(x)) == 1 else x
            if layer._symbols:
                x = self._fit(x, layer._symbols[0])
            for part in layer.layers:
                x = self.call_layer(part, (x,), {})
            return x
        if getattr(layer, "_function", None) is not None:
            inputs = args[0] if args else kwargs["inputs"]
            values = [self._fit(v, t) for v, t in zip(layer._flat_inputs(inputs), layer._function.inputs, strict=True)]
            return layer._function.run(values, self.call)
        convert = layer_converter(layer)
        if convert is not None:
            out = layer.compute_output_spec(*args, **kwargs)
            return self._wrapped(convert(self, layer, out, *args, **kwargs), out)
        if layer._takes_training:
            kwargs = {**kwargs, "training": False}
        with reading_codes(self.coded):
            return self.run_traced(layer.name, layer.call, args, kwargs, layer._flatten_layers())

    def _fit(self, x: Any, symbol: KerasTensor) -> Any:
        """An input of a model, cast and reshaped as the model's Input says."""
        if not isinstance(x, Value):
            return x
        if x.dtype != symbol.dtype and symbol.dtype != "string":
            x = self.cast(x, symbol.dtype)
        if len(x.shape) == len(symbol.shape) - 1:
            like = KerasTensor((*x.shape, 1), x.dtype)
            x = Value(like, self.graph.op("Unsqueeze", self.name(x), self.graph.ints(-1)))
        elif len(x.shape) == len(symbol.shape) + 1 and x.shape[-1] == 1:
            like = KerasTensor(x.shape[:-1], x.dtype)
            x = Value(like, self.graph.op("Squeeze", self.name(x), self.graph.ints(-1)))
        return x

    def run_traced(self, name: str, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], parts: list[Any]) -> Any:
        """Writes the ops and layers that a function of Values calls; returns its outputs as Values."""
        try:
            calls, outputs = trace(fn, args, kwargs, parts)
        except _core.SymbolicArgument:
            raise
        except (TypeError, ValueError) as error:
            raise Unsupported(f"its `call` cannot run on symbolic tensors: {error}") from error
        outer = self._traced, self._of_batch
        self._traced = [v for v in tree.flatten([list(args), kwargs]) if isinstance(v, Value)]
        self._of_batch = {id(v) for v in self._traced if v.shape and v.shape[0] is None}
        known: dict[int, Any] = {id(v): v for v in self._traced}
        try:
            for call in calls:
                args, kwargs = _replaced((call.args, call.kwargs), known)
                made = self.call(call.operation, args, kwargs, call.outputs)
                for t, v in zip(tree.flatten(call.outputs), tree.flatten(made), strict=True):
                    known[id(t)] = v
                    if t.of_batch:
                        self._of_batch.add(id(v))
            return tree.map_structure(lambda v: self._result(_replaced(v, known)), outputs)
        finally:
            self._traced, self._of_batch = outer

    def _result(self, value: Any) -> Any:
        """A result of a traced function as a Value; constants become tensors."""
        if value is None or isinstance(value, Value):
            return value
        array = value.first if isinstance(value, Varying) else self.constant_of(value)[0]
        shape = array.shape
        if isinstance(value, Varying):
            shape = tuple(m if m == n else None for m, n in zip(shape, value.second.shape, strict=True))
        return Value(KerasTensor(shape, array.dtype.name), self.name(value))

    def _call_op(self, operation: OpCall, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
        name = operation.get_config()["op"]
        convert = OPS.get(name)
        signature = inspect.signature(operation.fn)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        out = operation.compute_output_spec(*args, **kwargs) if out is None else out
        try:
            if convert is None:
                raise Unsupported("netlet exports no ONNX operators for it")
            given = dict(bound.arguments)
            for parameter in signature.parameters.values():
                if parameter.kind is parameter.VAR_KEYWORD:
                    given.update(given.pop(parameter.name))
            try:
                return self._wrapped(convert(self, out, **given), out)
            except (TypeError, AttributeError) as error:
                if any(isinstance(leaf, (Size, Varying)) for leaf in tree.flatten(list(given.values()))):
                    raise Unsupported("an argument depends on sizes of the input that are not known") from error
                raise
        except Unsupported as error:
            if self._traced:
                raise Unsupported(f"op '{name}': {error}") from error
            self._refuse(f"op '{name}'", error)
            return self._placeholders(out)

    def _hand_on_masks(self, layer: Any, inputs: Any, outputs: Any, before: Any) -> None:
        def computed() -> Any:
            return self.run_traced(layer.name, layer.compute_mask, (inputs, before), {}, [])

        flat = tree.flatten(outputs)
        if any(m is not None for m in tree.flatten(before)) or layer._computes_masks:
            if all(getattr(v, "_keras_mask", None) is not None for v in flat):
                return
            masks.attach(flat, computed())

    def _wrapped(self, made: Any, out: Any) -> Any:
        """What a converter returned as Values, in the structure of `out`."""
        if isinstance(out, KerasTensor):
            return made if isinstance(made, Value) else Value(out, made)
        found = [m if isinstance(m, Value) or m is None else Value(o, m) for m, o in zip(made, tree.flatten(out))]
        return tree.pack_like(out, found)

    def _refuse(self, what: str, error: Exception) -> None:
        reason = str(error)
        if isinstance(error, (NeedsValues, _core.SymbolicArgument)):
            reason = "it runs in Python, on values"
        self.unsupported.setdefault(what, reason)

    def _placeholders(self, out: Any) -> Any:
        """Values in place of what cannot be exported, so that the rest of the model can be looked at."""
        return tree.map_structure(lambda t: Value(t, self.graph.unique("unsupported")), out)


def _replaced(structure: Any, known: dict[int, Any]) -> Any:
    """The structure with Values in place of traced tensors."""
    if isinstance(structure, KerasTensor):
        return known.get(id(structure), structure)
    if isinstance(structure, dict):
        return {k: _replaced(v, known) for k, v in structure.items()}
    if isinstance(structure, (list, tuple)):
        items = [_replaced(v, known) for v in structure]
        return tuple(items) if isinstance(structure, tuple) else items
    return structure
