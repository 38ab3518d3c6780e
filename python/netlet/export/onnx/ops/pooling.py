"""Poolings over windows, and adaptive poolings."""

from __future__ import annotations

from typing import Any

from netlet.ops.spatial.data_format import standardize
from netlet.ops.spatial.windows import Window, per_axis

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .convolution import image_in, image_out, placement, spatial


def _pooled(kind: str) -> Any:
    def convert(
        e: Exporter, out: Any, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None
    ) -> Value:
        rank = len(inputs.shape) - 2
        size = per_axis(pool_size, rank, "pool_size")
        step = size if strides is None else per_axis(strides, rank, "strides")
        window = Window(size, step, (1,) * rank, padding)
        y = e.graph.op(
            kind,
            image_in(e, inputs, data_format, out.dtype),
            kernel_shape=size,
            strides=step,
            **placement(window, spatial(inputs, data_format)),
        )
        return image_out(out, y, data_format)

    return convert


op("max_pool")(_pooled("MaxPool"))
op("average_pool")(_pooled("AveragePool"))


def _adaptive(reduction: str) -> Any:
    """Window i of n covers floor(i size / n) to ceil((i + 1) size / n); along each axis, slices are reduced."""

    def convert(e: Exporter, out: Any, inputs: Any, output_size: Any, data_format: str | None) -> Value:
        sizes = spatial(inputs, data_format)
        if any(n is None for n in sizes):
            raise Unsupported("its windows depend on the size of the image, which is not known")
        g, first_axis = e.graph, 2
        wanted = spatial(out, data_format)
        name = image_in(e, inputs, data_format, out.dtype)
        for i, (size, n) in enumerate(zip(sizes, wanted, strict=True)):
            axis = first_axis + i
            if size == n:
                continue
            parts = []
            for k in range(n):  # type: ignore[arg-type]
                low, high = k * size // n, -(-(k + 1) * size // n)  # type: ignore[operator]
                part = g.op("Slice", name, g.ints(low), g.ints(high), g.ints(axis))
                parts.append(g.op(reduction, part, g.ints(axis), keepdims=1))
            name = parts[0] if len(parts) == 1 else g.op("Concat", *parts, axis=axis)
        return image_out(out, name, standardize(data_format))

    return convert


op("adaptive_max_pool")(_adaptive("ReduceMax"))
op("adaptive_average_pool")(_adaptive("ReduceMean"))
