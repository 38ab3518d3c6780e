"""SizeFormulas: sizes that a traced call has computed, as formulas of the sizes of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import Size, probe_sizes
from .registry import Unsupported
from .tensor_names import TensorNames
from .values import Value


class SizeFormulas(TensorNames):
    """Finds the formula of a `Size` from its values in the two runs of the trace: factor * size + offset."""

    def __init__(self) -> None:
        super().__init__()
        self._traced: list[Value] = []  # the tensors among the arguments of the call that is traced
        self._of_batch: set[int] = set()  # ids of Values of the traced call whose axis 0 is the batch

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
        found = []
        for axis in axes:
            m, n = probe_sizes(axis)
            factor, rest = divmod(b - a, n - m)
            if not rest:
                found.append((abs(a - factor * m), abs(factor), axis, factor, a - factor * m))
        product = self._batch_times(a, b, axes)
        if found and (product is None or min(found)[0] == 0):
            _, _, axis, factor, offset = min(found)
            part = self.shape_part(self._only(axes[axis], axis), axis)
            part = part if factor == 1 else g.op("Mul", part, g.ints(factor))
            return part if offset == 0 else g.op("Add", part, g.ints(offset))
        if product is None:
            raise Unsupported(f"a size that is {a} and {b} for two sizes of the input is no simple formula of them")
        axis, factor = product
        both = g.op("Mul", self.shape_part(axes[0][0], 0), self.shape_part(self._only(axes[axis], axis), axis))
        return both if factor == 1 else g.op("Mul", both, g.ints(factor))

    @staticmethod
    def _batch_times(a: int, b: int, axes: Any) -> tuple[int, int] | None:
        """(axis, factor) if a size is the batch size times that of the axis times the factor."""
        m0, n0 = probe_sizes(0)
        for axis in axes:
            m, n = probe_sizes(axis)
            if axis and 0 in axes and a % (m * m0) == 0 and a // (m * m0) * n * n0 == b:
                return axis, a // (m * m0)
        return None

    def _only(self, tensors: list[Value], axis: int) -> Value:
        """The tensor whose axis has a size; Unsupported if several may have different ones."""
        others = [
            t for t in tensors[1:] if t.dtype != "bool" and t is not tensors[0]
        ]  # masks are of their tensor's size
        if axis and others:
            raise Unsupported(f"a size depends on axis {axis}, which several inputs have")
        return tensors[0]

    def is_batch(self, x: Any) -> bool:
        """Whether axis 0 of a tensor of the traced call is the batch."""
        return id(x) in self._of_batch

    def shape(self, values: Any) -> str:
        """The name of a shape (list of int64) from integers and Sizes."""
        values = list(values)
        if all(isinstance(v, (int, np.integer)) for v in values):
            return self.graph.ints(*map(int, values))
        found: str = self.graph.op("Concat", *(self.size(v) for v in values), axis=0)
        return found

    def formula(self, x: Any, dtype: str | None) -> str:
        """The name of a Size or of a Varying.

        A Varying can be a size as a number, all of one value, or evenly spaced numbers along one axis.
        """
        if isinstance(x, Size):
            return self.cast_name(self.size(x), "int64", dtype)
        a, b = x.first, x.second
        dtype = dtype or a.dtype.name
        dims = [m if m == n else Size(m, n) for m, n in zip(a.shape, b.shape, strict=True)]
        if a.size and b.size and a.ndim == b.ndim and np.all(a == a.flat[0]) and np.all(b == a.flat[0]):
            filled: str = self.graph.op("Expand", self.graph.constant(a.flat[0], dtype), self.shape(dims))
            return filled
        if a.size == b.size == 1 and a.shape == b.shape and a == int(a) and b == int(b):  # a size as a number
            number = self.graph.op("Reshape", self.size(Size(int(a), int(b))), self.graph.ints(*a.shape))
            return self.cast_name(number, "int64", dtype)
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
