"""Sums, means, extrema over axes.

Results do not depend on the number of threads: each reduction is a fixed tree, decided by the shape.
"""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import axis_in, float_op, op, shape_of

Axis = int | tuple[int, ...] | list[int] | None


def axes_of(x: Any, axis: Axis, name: str) -> Any:
    if axis is None:
        return None
    rank = len(shape_of(x))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [axis_in(a, rank, f"ops.{name}") for a in given]
    if len(set(axes)) != len(axes):
        raise ValueError(f"ops.{name}: an axis is named twice in {tuple(given)}.")
    return axes


@op
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over the axes (all if None), by a fixed tree: the same bits for any number of threads.

    >>> import numpy as np
    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).numpy()
    array([4., 6.])
    """
    return _core.sum(x, axes_of(x, axis, "sum"), keepdims)


@op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean over the axes (all if None).

    >>> import numpy as np
    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1).numpy()
    array([1.5, 3.5])
    """
    return _core.mean(x, axes_of(x, axis, "mean"), keepdims)


@op
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over the axes (all if None)."""
    return _core.prod(x, axes_of(x, axis, "prod"), keepdims)


@op
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Maximum over the axes (all if None); ties share the gradient.

    >>> import numpy as np
    >>> max(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1).numpy()
    array([2., 4.])
    """
    return _core.max(x, axes_of(x, axis, "max"), keepdims)


@op
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Minimum over the axes (all if None); ties share the gradient."""
    return _core.min(x, axes_of(x, axis, "min"), keepdims)


amax, amin = max, min


@float_op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population variance: mean of (x - mean)**2.

    >>> import numpy as np
    >>> var(np.array([1.0, 3.0])).item()
    1.0
    """
    axes = axes_of(x, axis, "var")
    return _core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims)


@float_op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population standard deviation."""
    axes = axes_of(x, axis, "std")
    return _core.sqrt(_core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims))


@op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first maximum along the axis (of the flattened input if None), int32.

    >>> import numpy as np
    >>> argmax(np.array([[1.0, 5.0, 2.0]]), axis=-1).numpy()
    array([1], dtype=int32)
    """
    return _core.argmax(x, axis, keepdims)


@op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first minimum along the axis (of the flattened input if None), int32."""
    return _core.argmin(x, axis, keepdims)


@op
def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many elements along the axes (all if None) are not 0; int32.

    >>> import numpy as np
    >>> count_nonzero(np.array([[0.0, 2.0], [3.0, 1.0]]), axis=0).numpy()
    array([1, 2], dtype=int32)
    """
    return _core.sum(_core.not_equal(x, 0), axes_of(x, axis, "count_nonzero"), False)


@op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether some element along the axes is true (not 0)."""
    return _core.any(x, axes_of(x, axis, "any"), keepdims)


@op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether every element along the axes is true (not 0)."""
    return _core.all(x, axes_of(x, axis, "all"), keepdims)


@float_op
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the axes, stable for large x.

    >>> import numpy as np
    >>> logsumexp(np.array([1000.0, 1000.0])).round(4).item()
    1000.6931
    """
    if axis is None or isinstance(axis, int):
        return _core.logsumexp(x, axis, keepdims)
    axes = axes_of(x, axis, "logsumexp")
    top = _core.max(x, axes, True)
    top = _core.where(_core.isfinite(top), top, 0.0)
    top = _core.view(top, top.shape)  # a constant for the gradient: it cancels out
    total = _core.log(_core.sum(_core.exp(_core.subtract(x, top)), axes, True))
    result = _core.add(total, top)
    if keepdims:
        return result
    shape = shape_of(x)
    kept = tuple(d for i, d in enumerate(shape) if i not in axes)
    return _core.reshape(result, kept)


@op
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """Mean over the axes, or with weights of x's shape sum(weights * x) / sum(weights)."""
    axes = axes_of(x, axis, "average")
    if weights is None:
        return _core.mean(x, axes, False)
    return _core.divide(_core.sum(_core.multiply(x, weights), axes, False), _core.sum(weights, axes, False))
