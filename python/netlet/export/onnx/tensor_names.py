"""TensorNames: by which names and in which layout operators read Values, weights and constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float
from netlet.engine.graph import KerasTensor
from netlet.engine.variable import Variable
from netlet.layers.base import call_context, masks

from ..tracing import Size, Varying
from .codes import dequantized
from .graph import Graph, onnx_type
from .values import CodedValue, Value, to_first, to_last


class TensorNames:
    """The tensors of a graph. Layouts, casts and constants are added where an operator asks for a name.

    Attributes:
        graph: the graph; the body of a loop while that is written.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self._coded: dict[tuple[int, str], CodedValue] = {}

    def formula(self, x: Any, dtype: str | None) -> str:
        """The name of a Size or a Varying."""
        raise NotImplementedError

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
        if isinstance(x, (Size, Varying)):
            return self.formula(x, dtype)
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
        """Adds a Transpose between the two layouts; a Reshape where all spatial axes, or the channels, have size 1."""
        rank, channels, spatial = len(x.shape), x.shape[-1], x.shape[1:-1]
        if rank < 3:
            return name
        sizes = [n for n in (channels, *spatial) if n is not None]
        if len(sizes) == rank - 1 and (channels == 1 or set(spatial) == {1}):
            shape = sizes if to_the_front else [*sizes[1:], sizes[0]]
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

    def coded(self, layer: Any, name: str) -> Any:
        """A weight of a quantized layer as a CodedValue."""
        key = (id(layer), name)
        if key not in self._coded:
            bits = 4 if layer.quantization_config.mode == "int4" else 8
            floats, hint = np.asarray(layer._floats(name).numpy()), f"{layer.path or layer.name}/{name}"
            codes, scale, zero = layer.coded_weight(name)
            self._coded[key] = CodedValue(codes, scale, zero, floats, bits, hint)
        return self._coded[key]
