"""Resizing of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.config import is_float
from netlet.ops.image.resizing import centre, cropped_size
from netlet.ops.spatial import resampling
from netlet.ops.spatial.data_format import standardize

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .convolution import image_in, image_out, spatial


@op("resize")
def _resize(
    e: Exporter,
    out: Any,
    images: Any,
    size: Any,
    interpolation: str,
    antialias: bool,
    crop_to_aspect_ratio: bool,
    pad_to_aspect_ratio: bool,
    fill_mode: str,
    fill_value: float,
    data_format: str | None,
) -> Value:
    if len(images.shape) != 4:
        raise Unsupported("one image without a batch axis")
    if pad_to_aspect_ratio:
        raise Unsupported("pad_to_aspect_ratio=True")
    g, sizes, target = e.graph, spatial(images, data_format), spatial(out, data_format)
    inner = out.dtype if is_float(out.dtype) else "float32"
    name = image_in(e, images, data_format, inner)
    if crop_to_aspect_ratio:
        if None in sizes or None in target:
            raise Unsupported("crop_to_aspect_ratio=True of images of unknown size")
        h, w = (int(n) for n in sizes)  # type: ignore[arg-type]
        part = cropped_size((h, w), tuple(int(n) for n in target))  # type: ignore[arg-type]
        low = [centre(n, p) for n, p in zip((h, w), part)]
        name = g.op("Slice", name, g.ints(*low), g.ints(*(a + b for a, b in zip(low, part))), g.ints(2, 3))
        sizes = part
    name = resized(e, name, sizes, target, size, interpolation.lower(), antialias, inner)
    if inner != out.dtype:
        limits = np.iinfo(out.dtype)
        name = g.op("Round", name)
        name = g.op("Clip", name, g.constant(float(limits.min), inner), g.constant(float(limits.max), inner))
        name = e.cast_name(name, inner, out.dtype)
    return image_out(out, name, standardize(data_format))


def resized(
    e: Exporter, name: str, sizes: Any, target: Any, size: Any, method: str, antialias: bool, dtype: str
) -> str:
    """Adds the operators that resize channels-first images: a Resize, or a matrix product for each axis."""
    g = e.graph
    if sizes == target and None not in sizes:
        return name
    shrinks = antialias and any(m is None or n is None or m < n for n, m in zip(sizes, target))
    modes: dict[str, dict[str, Any]] = {
        "nearest": {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
        "bilinear": {"mode": "linear"},
        "bicubic": {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1},
    }
    # ONNX Runtime's cubic kernels only enlarge.
    known = None not in sizes and None not in target
    smaller = known and method == "bicubic" and any(m < n for n, m in zip(sizes, target))
    if method in modes and not shrinks and not smaller:
        fixed = g.op("Shape", name, start=0, end=2)
        goal = g.op("Concat", fixed, e.shape(size), axis=0)
        how = {"coordinate_transformation_mode": "half_pixel", **modes[method]}
        return g.op("Resize", name, None, None, goal, **how)
    if not known:
        raise Unsupported(f"{method} with antialias={antialias} of images of unknown size")
    for axis, (n, m) in enumerate(zip(sizes, target)):
        if n == m:
            continue
        matrix = np.zeros((m, n))
        for row, (first, count, weights) in enumerate(zip(*resampling.interpolation(n, m, method, antialias))):
            matrix[row, first : first + count] = weights[:count]
        if axis == 0:
            name = g.op("MatMul", g.constant(matrix, dtype), name)
        else:
            name = g.op("MatMul", name, g.constant(matrix.T, dtype))
    return name
