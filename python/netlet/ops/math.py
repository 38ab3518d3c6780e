"""Arithmetic, comparisons and reductions, with NumPy's broadcasting and Keras's names.

Every op takes Tensors, Variables, arrays, numbers, and symbolic tensors. Arrays in, arrays out; if any argument is a
Tensor or Variable the result is a Tensor; if any is symbolic the result is symbolic. All are differentiable where the
mathematics is. ValueError: shapes that do not broadcast; TypeError: two different dtypes, or an unsupported one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core
from .dispatch import axis_in, concrete, float_op, is_native, op, shape_of

_INTEGERS = ("int8", "uint8", "int32", "int64", "bool")
Axis = int | tuple[int, ...] | list[int] | None


# ---- two arguments ---------------------------------------------------------------------------------------------------
@op
def add(x1: Any, x2: Any) -> Any:
    """x1 + x2.

    >>> add(np.array([1.0, 2.0]), 1.0)
    array([2., 3.])
    """
    return _core.add(x1, x2)


@op
def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2.

    >>> subtract(np.array([1.0, 2.0]), 1.0)
    array([0., 1.])
    """
    return _core.subtract(x1, x2)


@op
def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2.

    >>> multiply(np.array([1.0, 2.0]), np.array([[2.0], [3.0]]))
    array([[2., 4.],
           [3., 6.]])
    """
    return _core.multiply(x1, x2)


@op
def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2; division by zero gives an infinity or NaN.

    >>> divide(np.array([1.0, 2.0]), 2.0)
    array([0.5, 1. ])
    """
    return _core.divide(x1, x2)


true_divide = divide


@op
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0 (its gradient too).

    >>> divide_no_nan(np.array([1.0, 2.0]), np.array([0.0, 2.0]))
    array([0., 1.])
    """
    zero = _core.equal(x2, 0.0)
    return _core.where(zero, 0.0, _core.divide(x1, _core.where(zero, 1.0, x2)))


@op
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair; NaN if either is NaN.

    >>> maximum(np.array([1.0, 3.0]), 2.0)
    array([2., 3.])
    """
    return _core.maximum(x1, x2)


@op
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of each pair; NaN if either is NaN.

    >>> minimum(np.array([1.0, 3.0]), 2.0)
    array([1., 2.])
    """
    return _core.minimum(x1, x2)


@op
def power(x1: Any, x2: Any) -> Any:
    """x1 to the power x2.

    >>> power(np.array([2.0, 3.0]), 2.0)
    array([4., 9.])
    """
    return _core.power(x1, x2)


@op
def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2)**2.

    >>> squared_difference(np.array([1.0, 4.0]), 2.0)
    array([1., 4.])
    """
    return _core.square(_core.subtract(x1, x2))


@op
def matmul(x1: Any, x2: Any) -> Any:
    """Matrix product over the last two axes; leading axes broadcast. (..., M, K) @ (..., K, N) -> (..., M, N).

    Raises:
        ValueError: the inner extents differ, or an argument has rank 0.

    >>> matmul(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 2.],
           [3., 4.]])
    """
    a, b = concrete(x1), concrete(x2)
    if str(a.dtype) in _INTEGERS and str(b.dtype) in _INTEGERS:  # exact up to 2**53
        wide = "int64" if "int64" in (a.dtype, b.dtype) else "int32"
        return _core.cast(_core.matmul(_core.cast(a, "float64"), _core.cast(b, "float64")), wide)
    return _core.matmul(x1, x2)


@op
def dot(x1: Any, x2: Any) -> Any:
    """NumPy's dot for numbers, vectors and a matrix or tensor times a vector or matrix.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])).item()
    11.0
    """
    a, b = shape_of(x1), shape_of(x2)
    if not a or not b:
        return _core.multiply(x1, x2)
    if len(b) > 2:
        raise NotImplementedError(f"ops.dot: the second argument has rank 1 or 2; given shape {b}. See ops.matmul.")
    if a[-1] != b[0]:
        raise ValueError(f"ops.dot: last axis of {a} and first axis of {b} differ.")
    rows = _core.reshape(x1, (int(np.prod(a[:-1], dtype=int)), a[-1]))
    columns = _core.reshape(x2, (b[0], b[1] if len(b) == 2 else 1))
    return _core.reshape(_core.matmul(rows, columns), a[:-1] + b[1:])


# ---- one argument ----------------------------------------------------------------------------------------------------
@op
def negative(x: Any) -> Any:
    """-x."""
    return _core.negative(x)


@op
def abs(x: Any) -> Any:
    """|x|; its derivative at 0 is 0."""
    return _core.abs(x)


absolute = abs


@float_op
def exp(x: Any) -> Any:
    """e**x, within 1 ULP.

    >>> exp(np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """
    return _core.exp(x)


@float_op
def expm1(x: Any) -> Any:
    """e**x - 1, accurate for small x."""
    return _core.expm1(x)


@float_op
def log(x: Any) -> Any:
    """Natural logarithm: -inf at 0, NaN below."""
    return _core.log(x)


@float_op
def log1p(x: Any) -> Any:
    """log(1 + x), accurate for small x."""
    return _core.log1p(x)


@float_op
def log2(x: Any) -> Any:
    """Logarithm to base 2."""
    return _core.multiply(_core.log(x), float(1 / np.log(2.0)))


@float_op
def log10(x: Any) -> Any:
    """Logarithm to base 10."""
    return _core.multiply(_core.log(x), float(1 / np.log(10.0)))


@float_op
def sqrt(x: Any) -> Any:
    """Square root: NaN below 0."""
    return _core.sqrt(x)


@float_op
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return _core.rsqrt(x)


@op
def square(x: Any) -> Any:
    """x * x."""
    return _core.square(x)


@float_op
def reciprocal(x: Any) -> Any:
    """1 / x."""
    return _core.reciprocal(x)


@float_op
def sin(x: Any) -> Any:
    """Sine of radians."""
    return _core.sin(x)


@float_op
def cos(x: Any) -> Any:
    """Cosine of radians."""
    return _core.cos(x)


@float_op
def tan(x: Any) -> Any:
    """Tangent of radians."""
    return _core.tan(x)


@float_op
def erf(x: Any) -> Any:
    """The error function 2/sqrt(pi) * integral of exp(-t**2) from 0 to x."""
    return _core.erf(x)


@op
def sign(x: Any) -> Any:
    """-1, 0 or 1; no gradient flows."""
    return _core.sign(x)


@op
def floor(x: Any) -> Any:
    """The largest integer that is not above x."""
    return _core.floor(x)


@op
def ceil(x: Any) -> Any:
    """The smallest integer that is not below x."""
    return _core.ceil(x)


@op
def round(x: Any, decimals: int = 0) -> Any:
    """Half to even, as NumPy does."""
    if decimals == 0:
        return _core.round(x)
    scale = 10.0**decimals
    return _core.divide(_core.round(_core.multiply(x, scale)), scale)


@op
def clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    """x limited to [x_min, x_max]; None is no limit.

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    return _core.clip(x, None if x_min is None else float(x_min), None if x_max is None else float(x_max))


# ---- comparisons: bool results, no gradient --------------------------------------------------------------------------
@op
def equal(x1: Any, x2: Any) -> Any:
    """x1 == x2, element by element."""
    return _core.equal(x1, x2)


@op
def not_equal(x1: Any, x2: Any) -> Any:
    """x1 != x2, element by element."""
    return _core.not_equal(x1, x2)


@op
def less(x1: Any, x2: Any) -> Any:
    """x1 < x2, element by element."""
    return _core.less(x1, x2)


@op
def less_equal(x1: Any, x2: Any) -> Any:
    """x1 <= x2, element by element."""
    return _core.less_equal(x1, x2)


@op
def greater(x1: Any, x2: Any) -> Any:
    """x1 > x2, element by element.

    >>> greater(np.array([1.0, 3.0]), 2.0)
    array([False,  True])
    """
    return _core.greater(x1, x2)


@op
def greater_equal(x1: Any, x2: Any) -> Any:
    """x1 >= x2, element by element."""
    return _core.greater_equal(x1, x2)


@op
def logical_and(x1: Any, x2: Any) -> Any:
    """Both are true (not 0)."""
    return _core.logical_and(x1, x2)


@op
def logical_or(x1: Any, x2: Any) -> Any:
    """At least one is true (not 0)."""
    return _core.logical_or(x1, x2)


@op
def logical_xor(x1: Any, x2: Any) -> Any:
    """Exactly one is true (not 0)."""
    return _core.logical_xor(x1, x2)


@op
def logical_not(x: Any) -> Any:
    """True where x is 0."""
    return _core.logical_not(x)


@float_op
def isfinite(x: Any) -> Any:
    """Neither NaN nor an infinity."""
    return _core.isfinite(x)


@float_op
def isnan(x: Any) -> Any:
    """NaN."""
    return _core.isnan(x)


@float_op
def isinf(x: Any) -> Any:
    """Plus or minus infinity."""
    return _core.isinf(x)


@op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2.

    >>> where(np.array([True, False]), np.array([1.0, 1.0]), 0.0)
    array([1., 0.])
    """
    if x1 is None or x2 is None:
        raise NotImplementedError("ops.where with one argument has a result whose shape depends on values.")
    return _core.where(condition, x1, x2)


# ---- reductions ------------------------------------------------------------------------------------------------------
def _axes(x: Any, axis: Axis, name: str) -> Any:
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

    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return _core.sum(x, _axes(x, axis, "sum"), keepdims)


@op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean over the axes (all if None).

    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([1.5, 3.5])
    """
    return _core.mean(x, _axes(x, axis, "mean"), keepdims)


@op
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over the axes (all if None)."""
    return _core.prod(x, _axes(x, axis, "prod"), keepdims)


@op
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Maximum over the axes (all if None); ties share the gradient.

    >>> max(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([2., 4.])
    """
    return _core.max(x, _axes(x, axis, "max"), keepdims)


@op
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Minimum over the axes (all if None); ties share the gradient."""
    return _core.min(x, _axes(x, axis, "min"), keepdims)


amax, amin = max, min


@float_op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population variance: mean of (x - mean)**2.

    >>> var(np.array([1.0, 3.0])).item()
    1.0
    """
    axes = _axes(x, axis, "var")
    return _core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims)


@float_op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Population standard deviation."""
    axes = _axes(x, axis, "std")
    return _core.sqrt(_core.mean(_core.square(_core.subtract(x, _core.mean(x, axes, True))), axes, keepdims))


@float_op
def moments(x: Any, axes: Axis, keepdims: bool = False) -> Any:
    """(mean, population variance) over the axes."""
    over = _axes(x, axes, "moments")
    centred = _core.subtract(x, _core.mean(x, over, True))
    return _core.mean(x, over, keepdims), _core.mean(_core.square(centred), over, keepdims)


@op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first maximum along the axis (of the flattened input if None), int32.

    >>> argmax(np.array([[1.0, 5.0, 2.0]]), axis=-1)
    array([1], dtype=int32)
    """
    return _core.argmax(x, axis, keepdims)


@op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index of the first minimum along the axis (of the flattened input if None), int32."""
    return _core.argmin(x, axis, keepdims)


@op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether some element along the axes is true (not 0)."""
    return _core.any(x, _axes(x, axis, "any"), keepdims)


@op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether every element along the axes is true (not 0)."""
    return _core.all(x, _axes(x, axis, "all"), keepdims)


@float_op
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over the axes, stable for large x.

    >>> logsumexp(np.array([1000.0, 1000.0])).round(4).item()
    1000.6931
    """
    if axis is None or isinstance(axis, int):
        return _core.logsumexp(x, axis, keepdims)
    axes = _axes(x, axis, "logsumexp")
    top = _core.max(x, axes, True)
    top = _core.where(_core.isfinite(top), top, 0.0)
    top = _core.view(top, top.shape) if is_native(top) else top  # a constant for the gradient: it cancels out
    total = _core.log(_core.sum(_core.exp(_core.subtract(x, top)), axes, True))
    result = _core.add(total, top)
    if keepdims:
        return result
    shape = shape_of(x)
    kept = tuple(d for i, d in enumerate(shape) if i not in axes)
    return _core.reshape(result, kept)


@float_op
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Euclidean norm over the axes (ord None or 2), sum of |x| (1), or largest |x| (inf).

    >>> norm(np.array([3.0, 4.0])).item()
    5.0
    """
    axes = _axes(x, axis, "norm")
    if ord is None or (ord == 2 and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1))):
        return _core.sqrt(_core.sum(_core.square(x), axes, keepdims))
    if ord == 1 and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1)):
        return _core.sum(_core.abs(x), axes, keepdims)
    if ord == np.inf and (len(shape_of(x)) == 1 or (axes is not None and len(axes) == 1)):
        return _core.max(_core.abs(x), axes, keepdims)
    raise NotImplementedError(f"ops.norm: ord={ord!r} with axis={axis!r} is not supported.")


@op
def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """Mean over the axes, or with weights of x's shape sum(weights * x) / sum(weights)."""
    axes = _axes(x, axis, "average")
    if weights is None:
        return _core.mean(x, axes, False)
    return _core.divide(_core.sum(_core.multiply(x, weights), axes, False), _core.sum(weights, axes, False))
