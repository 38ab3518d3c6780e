"""Exporter: runs a model on Values, tensors of an ONNX graph, and writes the operators of every call to the graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from netlet import _core
from netlet.base import tree
from netlet.config import is_float
from netlet.engine.graph import Function, KerasTensor, OpCall
from netlet.engine.needs_values import NeedsValues
from netlet.engine.variable import Variable
from netlet.layers.base import call_context, masks
from netlet.layers.base.layer import Layer
from netlet.layers.quantized.weight_only.weight_only_layer import reading_codes

from ..tracing import Size, Untraceable, Varying, probe_sizes, trace
from .codes import dequantized
from .graph import Graph, onnx_type
from .registry import OPS, Unsupported, layer_converter
from .values import CodedValue, Value, to_first, to_last


class Exporter:
    """Writes the calls of layers and ops to a graph.

    Args:
        quantized: form of quantized layers: "qdq" or "qoperator".

    Attributes:
        graph: the graph; the body of a loop while that is written.
        unsupported: {name of a layer or op: why it cannot be exported}.
    """

    def __init__(self, quantized: str = "qdq") -> None:
        self.graph = Graph()
        self.quantized = quantized
        self.unsupported: dict[str, str] = {}
        self._outermost = True
        self._coded: dict[tuple[int, str], CodedValue] = {}
        self._traced: list[Value] = []  # the tensors among the arguments of the calls that are being traced

    # ---- names of tensors ------------------------------------------------------------------------------------------
    def name(self, x: Any, dtype: str | None = None) -> str:
        """The name of a tensor with its axes in netlet's order.

        Args:
            x: Value, Variable, array, number, Size or Varying.
            dtype: the dtype that is read; None: its own.
        """
        if isinstance(x, CodedValue):
            return self.weight(x, dtype or "float32")
        if isinstance(x, Value):
            return self.cast_name(self._last(x), x.dtype, dtype)
        if isinstance(x, Varying):
            return self._varying(x, dtype)
        if isinstance(x, Size):
            return self.cast_name(self.size(x), "int64", dtype)
        array, hint = self.constant_of(x)
        if dtype is None and not hasattr(x, "dtype") and array.dtype == np.float64:
            dtype = "float32"  # a Python number: Keras's default float type
        return self.graph.constant(array, dtype, hint)

    def first(self, x: Any, dtype: str | None = None) -> str:
        """The name of a tensor (batch, ..., channels) with its channels behind the batch."""
        if not isinstance(x, Value):
            array, hint = self.constant_of(x)
            return self.graph.constant(array.transpose(to_first(array.ndim)), dtype, hint)
        if x.first is None:
            last = self._last(x)
            x.first = self._moved(x, last, True)
        return self.cast_name(x.first, x.dtype, dtype)

    def _last(self, x: Value) -> str:
        if x.last is None and x.flattened is not None:
            count = -1 if x.shape[1] is None else x.shape[1]
            x.last = self.graph.op("Reshape", self._last(x.flattened), self.graph.ints(0, count))
        if x.last is None:
            assert x.first is not None
            x.last = self._moved(x, x.first, False)
        return x.last

    def _moved(self, x: Value, name: str, to_the_front: bool) -> str:
        """Adds a Transpose between the two layouts; a Reshape where all spatial axes have size 1."""
        rank, channels = len(x.shape), x.shape[-1]
        if rank < 3:
            return name
        if set(x.shape[1:-1]) == {1} and channels is not None:
            ones = [1] * (rank - 2)
            shape = [channels, *ones] if to_the_front else [*ones, channels]
            reshaped: str = self.graph.op("Reshape", name, self.graph.ints(0, *shape))
            return reshaped
        perm = to_first(rank) if to_the_front else to_last(rank)
        transposed: str = self.graph.op("Transpose", name, perm=perm)
        return transposed

    def constant_of(self, x: Any) -> tuple[np.ndarray, str]:
        """(values, name) of a Variable, an array or a number; a Variable counts as the layer's half."""
        if isinstance(x, CodedValue):
            return x.floats, x.hint
        if isinstance(x, Variable):
            half = call_context.current.half
            array = np.asarray(x.numpy())
            if half is not None and x.autocast and is_float(x.dtype):
                array = np.asarray(_core.cast(x.value, half))
            return array, x.path or x.name
        return np.asarray(x), "constant"

    def weight(self, kernel: Any, dtype: str, arrange: Callable[[np.ndarray], np.ndarray] | None = None) -> str:
        """The name of a weight in the order in which an operator reads it.

        Args:
            kernel: Variable, array or CodedValue, which becomes a DequantizeLinear of its codes where that is possible.
            dtype: in which it is read.
            arrange: moves the elements of an array of the weight's shape; None: not at all.
        """
        arrange = arrange or (lambda array: array)
        if isinstance(kernel, CodedValue):
            name = dequantized(self.graph, kernel, arrange)
            if name is not None:
                return self.cast_name(name, "float32", dtype)
        array, hint = self.constant_of(kernel)
        return self.graph.constant(arrange(array), dtype, hint)

    def cast_name(self, name: str, own: str, dtype: str | None) -> str:
        """Adds a Cast of a tensor from its own dtype to another; None: no other."""
        if dtype is None or own == dtype:
            return name
        cast: str = self.graph.op("Cast", name, to=onnx_type(dtype))
        return cast

    def cast(self, x: Value, dtype: str) -> Value:
        """The Value in another dtype, in the same layout, with the same mask."""
        if x.dtype == dtype:
            return x
        like = KerasTensor(x.shape, dtype)
        made = Value(like, first=self.first(x, dtype)) if x.only_first else Value(like, self.name(x, dtype))
        return masks.keep(x, made)

    # ---- sizes -----------------------------------------------------------------------------------------------------
    def shape_part(self, x: Value, axis: int) -> str:
        """The name of a list of one int64: the tensor's size along an axis."""
        known = x.shape[axis]
        if known is not None:
            return self.graph.ints(known)
        rank, axis = len(x.shape), axis % len(x.shape)
        if x.only_first:
            name, axis = x.first, 0 if axis == 0 else 1 if axis == rank - 1 else axis + 1
        else:
            name = self._last(x)
        part: str = self.graph.op("Shape", name, start=axis, end=axis + 1)
        return part

    def size(self, value: Any) -> str:
        """The name of an int64 list of one: an integer, or a Size as a formula of the sizes of traced tensors."""
        if isinstance(value, (int, np.integer)):
            return self.graph.ints(int(value))
        if isinstance(value, Value):
            flat: str = self.graph.op("Reshape", self.name(value, "int64"), self.graph.ints(1))
            return flat
        g, (a, b) = self.graph, (value.first, value.second)
        axes: dict[int, list[Value]] = {}
        for tensor in self._traced:
            for axis, n in enumerate(tensor.shape):
                if n is None:
                    axes.setdefault(axis, []).append(tensor)
        for axis, tensors in axes.items():
            m, n = probe_sizes(axis)
            factor, rest = divmod(b - a, n - m)
            if rest:
                continue
            if axis and len({id(t) for t in tensors}) > 1 and not self._same_size(tensors, axis):
                raise Unsupported(f"a size depends on axis {axis}, which several inputs have")
            part, offset = self.shape_part(tensors[0], axis), a - factor * m
            part = part if factor == 1 else g.op("Mul", part, g.ints(factor))
            return part if offset == 0 else g.op("Add", part, g.ints(offset))
        for axis, tensors in axes.items():  # the batch times another axis
            if axis and 0 in axes:
                m, n = probe_sizes(axis)
                m0, n0 = probe_sizes(0)
                if a % (m * m0) == 0 and a // (m * m0) * n * n0 == b:
                    both = g.op("Mul", self.shape_part(axes[0][0], 0), self.shape_part(tensors[0], axis))
                    factor = a // (m * m0)
                    return both if factor == 1 else g.op("Mul", both, g.ints(factor))
        raise Unsupported(f"a size that is {a} and {b} for two sizes of the input is no simple formula of them")

    def _same_size(self, tensors: list[Value], axis: int) -> bool:
        """Whether the tensors can only have one size along the axis: one is the mask of another."""
        names = {t.last or t.first for t in tensors}
        return len(names) == 1 or all(len(t.shape) <= 2 for t in tensors[1:])

    def shape(self, values: Any) -> str:
        """The name of a shape (list of int64) from integers and Sizes."""
        values = list(values)
        if all(isinstance(v, (int, np.integer)) for v in values):
            return self.graph.ints(*map(int, values))
        found: str = self.graph.op("Concat", *(self.size(v) for v in values), axis=0)
        return found

    def _varying(self, x: Varying, dtype: str | None) -> str:
        """A constant whose size depends on the input's: all of one value, or the integers up to a size."""
        a, b = x.first, x.second
        dtype = dtype or a.dtype.name
        dims = [m if m == n else Size(m, n) for m, n in zip(a.shape, b.shape, strict=True)]
        if a.size and b.size and a.ndim == b.ndim and np.all(a == a.flat[0]) and np.all(b == a.flat[0]):
            filled: str = self.graph.op("Expand", self.graph.constant(a.flat[0], dtype), self.shape(dims))
            return filled
        steps = _evenly_spaced(a, b)
        if steps is not None:
            g, (axis, start, step) = self.graph, steps
            numbers = g.op(
                "Range", g.constant(0, "int64"), g.op("Squeeze", self.size(dims[axis])), g.constant(1, "int64")
            )
            name = self.cast_name(numbers, "int64", dtype)
            if (start, step) != (0, 1):
                name = g.op("Add", g.op("Mul", name, g.constant(step, dtype)), g.constant(start, dtype))
            if a.ndim > 1:
                name = g.op("Reshape", name, g.ints(*(-1 if i == axis else 1 for i in range(a.ndim))))
            return name
        raise Unsupported("its `call` computes an array whose values depend on the sizes of the input, without ops")

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

    def coded(self, layer: Any, name: str) -> Any:
        """A weight of a quantized layer as a CodedValue."""
        key = (id(layer), name)
        if key not in self._coded:
            bits = 4 if layer.quantization_config.mode == "int4" else 8
            floats, hint = np.asarray(layer._floats(name).numpy()), f"{layer.path or layer.name}/{name}"
            codes, scale, zero = layer.coded_weight(name)
            self._coded[key] = CodedValue(codes, scale, zero, floats, bits, hint)
        return self._coded[key]

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
        outer, self._traced = self._traced, [v for v in tree.flatten([list(args), kwargs]) if isinstance(v, Value)]
        known: dict[int, Any] = {id(v): v for v in self._traced}
        try:
            for call in calls:
                args, kwargs = _replaced((call.args, call.kwargs), known)
                made = self.call(call.operation, args, kwargs, call.outputs)
                known.update({id(t): v for t, v in zip(tree.flatten(call.outputs), tree.flatten(made), strict=True)})
            return tree.map_structure(lambda v: self._result(_replaced(v, known)), outputs)
        finally:
            self._traced = outer

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
            return self._wrapped(convert(self, out, **given), out)
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


def _evenly_spaced(a: np.ndarray, b: np.ndarray) -> tuple[int, Any, Any] | None:
    """(axis, first value, step) if two arrays hold the same evenly spaced numbers along their only long axis."""
    axes = [i for i, (m, n) in enumerate(zip(a.shape, b.shape)) if m != n]
    if a.ndim != b.ndim or len(axes) != 1 or a.size != a.shape[axes[0]] or a.size < 2 or a.dtype.kind not in "iuf":
        return None
    start, step = a.flat[0], a.flat[1] - a.flat[0]
    for x in (a.ravel(), b.ravel()):
        if not np.array_equal(x, (start + step * np.arange(x.size)).astype(x.dtype)):
            return None
    return axes[0], start.item(), step.item()
