"""Scaling and translation of arrays along any axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import axis_in, concrete, known_values, nearest_dtype, op, shape_from, shape_of
from ..spatial import resampling
from .coordinates import in_floats

__all__ = ["scale_and_translate"]

METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


@op
def scale_and_translate(
    images: Any,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Any:
    """An array scaled and translated along some axes, with gradients for the array.

    Entries are areas: entry i covers [i, i + 1). Position x along an axis moves to x * scale + translation. Entries
    whose middle comes from outside the array are 0.

    Args:
        images: an array of any rank; integers are cast to floatx.
        output_shape: shape of the result, of the same rank; sizes of axes that are not in `spatial_dims` stay.
        scale: (K,): factor along each axis of `spatial_dims`. Values must be known: they choose the weights.
        translation: (K,): distance along each axis, in entries of the result.
        spatial_dims: the K axes.
        method: "linear" (or "bilinear", "trilinear", "triangle"), "cubic" (or "bicubic", "tricubic"), "lanczos3" or
            "lanczos5".
        antialias: whether the filter gets wider when the array shrinks, so that every entry counts; True by default.

    Returns:
        Tensor of shape `output_shape`.

    Raises:
        ValueError: shapes that do not fit, or an unknown method.
        NotImplementedError: scale or translation is computed inside a recorded step.

    Source: JAX, `jax.image.scale_and_translate`.

    >>> scale_and_translate(np.array([1.0, 3.0]), (4,), [2.0], [0.0], (0,), "linear").numpy()
    array([1. , 1.5, 2.5, 3. ])
    """
    name = "ops.image.scale_and_translate"
    if method not in METHODS:
        raise ValueError(f"{name}: expected `method` to be one of {', '.join(METHODS)}, received {method!r}.")
    shape, target = shape_of(images), shape_from(output_shape, name)
    axes = [axis_in(axis, len(shape), name) for axis in spatial_dims]
    scales, distances = (known_values(v, name).astype("float64").ravel() for v in (scale, translation))
    if len(set(axes)) != len(axes) or not len(axes) == len(scales) == len(distances):
        raise ValueError(
            f"{name}: expected one scale and one translation for each of the axes {tuple(spatial_dims)}, received "
            f"{len(scales)} and {len(distances)}."
        )
    if len(target) != len(shape) or any(m != n for i, (m, n) in enumerate(zip(target, shape)) if i not in axes):
        raise ValueError(
            f"{name}: expected an output shape that equals {shape} but for the axes {tuple(axes)}, received {target}."
        )
    y = in_floats(images, nearest_dtype(images))
    for axis, factor, distance in zip(axes, scales, distances):
        if shape[axis] == 0 or target[axis] == 0:
            empty = list(shape_of(y))
            empty[axis] = target[axis]
            y = _core.broadcast_to(np.zeros((), nearest_dtype(y)), empty)
            continue
        bands = _bands(shape[axis], target[axis], METHODS[method], bool(antialias), float(factor), float(distance))
        y = _core.resample(y, axis, *bands)
    return y if axes else _core.identity(concrete(y))


def _bands(n: int, m: int, method: str, antialias: bool, scale: float, translation: float) -> resampling.Bands:
    """The weights of m entries, each computed from n."""
    radius, kernel = resampling.FILTERS[method]
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.float64(1.0) / scale
        width = max(inverse, 1.0) if antialias else 1.0
        at = (np.arange(m) + 0.5) * inverse - translation * inverse - 0.5
        inside = (at >= -0.5) & (at <= n - 0.5)  # False for NaN
        at = np.where(inside, at, 0.0)
        reach = radius * width if math.isfinite(width) else float(n)
        low = np.maximum(np.ceil(at - reach - 1e-9), 0).astype("int64")
        high = np.minimum(np.floor(at + reach + 1e-9), n - 1).astype("int64")
        taps = int((high - low).max(initial=0)) + 1
        entries = low[:, None] + np.arange(taps)
        weights = np.where(entries <= high[:, None], kernel(np.abs(at[:, None] - entries) / width), 0.0)
        total = weights.sum(1, keepdims=True)
        some = np.abs(total) > 1000 * np.finfo("float32").eps
        weights = np.where(some & inside[:, None], weights / np.where(total != 0, total, 1), 0.0)
    return resampling.trimmed(low.astype("int32"), weights)
