"""Normalization by mean and variance over rows, channels or groups of channels."""

from __future__ import annotations

import math
import warnings
from typing import Any

from netlet import _core
from netlet.config import epsilon as default_epsilon
from netlet.config import floatx, is_float

from ..core.dispatch import axis_in, concrete, float_op, nearest_dtype, shape_of
from ..numpy.reduce import axes_of

__all__ = ["batch_normalization", "layer_normalization", "moments", "normalize", "rms_normalization"]

Axis = int | tuple[int, ...] | list[int]


def _moved_last(x: Any, axes: list[int]) -> tuple[Any, list[int] | None]:
    """x with the given axes last, and the order of axes that reverses it (None if they were last already)."""
    rank = len(shape_of(x))
    order = [i for i in range(rank) if i not in axes] + axes
    if order == list(range(rank)):
        return x, None
    return _core.transpose(x, order), [order.index(i) for i in range(rank)]


def _over_last(normalise: Any, x: Any, axes: list[int], vectors: list[Any]) -> Any:
    """normalise(x (..., C), *vectors (C,)) with the given axes of x as its last axis C, and the result in x's shape."""
    moved, back = _moved_last(x, axes)
    shape = shape_of(moved)
    extents = shape[len(shape) - len(axes) :]
    count = math.prod(extents)
    flat = moved if len(axes) == 1 else _core.reshape(moved, (*shape[: -len(axes)], count))
    y = normalise(flat, *[None if v is None else _vector(v, count, x) for v in vectors])
    if len(axes) != 1:
        y = _core.reshape(y, shape)
    return y if back is None else _core.transpose(y, back)


def _vector(v: Any, count: int, x: Any) -> Any:
    """A vector of `count` entries, flat and in x's dtype. The kernel raises for another size."""
    v = concrete(v)
    if math.prod(v.shape) == count and len(v.shape) != 1:
        v = _core.reshape(v, (count,))
    dtype = concrete(x).dtype
    return v if v.dtype == dtype else _core.cast(v, dtype if isinstance(dtype, str) else dtype.name)


@float_op
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with one of each for every entry of an axis.

    Args:
        x: array or Tensor; C is its size along `axis`.
        mean: (C,).
        variance: (C,).
        axis: the axis of the channels.
        offset: (C,); None (the default): 0.
        scale: (C,); None (the default): 1.
        epsilon: 0.001 by default.

    Returns:
        Tensor of x's shape.

    Raises:
        ValueError: a vector of another length.

    Source: Ioffe and Szegedy, 2015; Keras 3, `ops.batch_normalization`.

    >>> import numpy as np
    >>> mean, variance = np.array([1.0, 2.0]), np.array([1.0, 4.0])
    >>> batch_normalization(np.array([[1.0, 4.0]]), mean, variance, axis=-1, epsilon=0.0).numpy()
    array([[0., 1.]])
    """
    axes = [axis_in(axis, len(shape_of(x)), "ops.batch_normalization")]

    def normalise(x: Any, mean: Any, variance: Any, scale: Any, offset: Any) -> Any:
        return _core.given_norm(x, mean, variance, scale, offset, float(epsilon))

    return _over_last(normalise, x, axes, [mean, variance, scale, offset])


@float_op
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axis = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with mean and variance over the given axes.

    Args:
        x: array or Tensor.
        gamma: of the axes' sizes, in increasing order of the axes; None (the default): 1.
        beta: like gamma; None (the default): 0.
        axis: axis or axes; -1 by default.
        epsilon: None (the default): `config.epsilon()`.
        **kwargs: `rms_scaling`, deprecated in Keras: True multiplies by gamma / sqrt(variance + epsilon) without
            subtracting the mean.

    Returns:
        Tensor of x's shape.

    Source: Ba et al., 2016; Keras 3, `ops.layer_normalization`.

    Raises:
        ValueError: an axis is out of range or named twice.
        TypeError: an argument that it does not have.

    >>> import numpy as np
    >>> layer_normalization(np.array([[1.0, 3.0]]), epsilon=0.0).numpy()
    array([[-1.,  1.]])
    """
    rms_scaling = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise TypeError(f"ops.layer_normalization: received unknown arguments {sorted(kwargs)}.")
    axes = sorted(axes_of(x, axis, "layer_normalization"))
    eps = float(default_epsilon() if epsilon is None else epsilon)
    if not rms_scaling:
        return _over_last(lambda x, g, b: _core.layer_norm(x, g, b, eps), x, axes, [gamma, beta])
    warnings.warn("`rms_scaling=True` divides by the standard deviation; use ops.rms_normalization.", stacklevel=3)

    def scaled(x: Any, g: Any) -> Any:
        y = _core.multiply(x, _core.rsqrt(_core.add(moments(x, [-1], True)[1], eps)))
        return y if g is None else _core.multiply(y, g)

    return _over_last(scaled, x, axes, [gamma])


@float_op
def rms_normalization(x: Any, scale: Any = None, axis: Axis = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean(x**2) + epsilon) * scale, with the mean over the given axes.

    Args:
        x: array or Tensor.
        scale: of the axes' sizes, in increasing order of the axes; None (the default): 1.
        axis: axis or axes; -1 by default.
        epsilon: None (the default): `config.epsilon()`.

    Returns:
        Tensor of x's shape.

    Source: Zhang and Sennrich, 2019; Keras 3, `ops.rms_normalization`.

    Raises:
        ValueError: an axis is out of range or named twice.

    >>> import numpy as np
    >>> rms_normalization(np.array([[3.0, 3.0]]), epsilon=0.0).numpy()
    array([[1., 1.]])
    """
    axes = sorted(axes_of(x, axis, "rms_normalization"))
    eps = float(default_epsilon() if epsilon is None else epsilon)
    return _over_last(lambda x, s: _core.layer_norm(x, s, None, eps, False), x, axes, [scale])


@float_op
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Mean and population variance over axes.

    Args:
        x: array or Tensor.
        axes: axis or axes.
        keepdims: whether the reduced axes stay with size 1; False by default.
        synchronized: False, the default; there is one process.

    Returns:
        (mean, variance): Tensors without the reduced axes.

    Raises:
        NotImplementedError: synchronized is True.
        ValueError: an axis is out of range or named twice.

    >>> import numpy as np
    >>> mean, variance = moments(np.array([[1.0, 3.0]]), axes=[1])
    >>> mean.item(), variance.item()
    (2.0, 1.0)
    """
    if synchronized:
        raise NotImplementedError("ops.moments: synchronized=True is not supported: there is one process.")
    over = axes_of(x, axes, "moments")
    centred = _core.subtract(x, _core.mean(x, over, True))
    return _core.mean(x, over, keepdims), _core.mean(_core.square(centred), over, keepdims)


@float_op
def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm (sum of |x|**order)**(1 / order) over the given axes. Integers are cast to floatx first.

    Args:
        x: array or Tensor.
        axis: axis or axes; -1 by default.
        order: an integer of at least 1; 2 by default.
        epsilon: smallest divisor; None (the default): `config.epsilon()`.

    Returns:
        Tensor of x's shape; a number becomes (1,).

    Raises:
        ValueError: another order.

    >>> import numpy as np
    >>> normalize(np.array([3.0, 4.0])).numpy()
    array([0.6, 0.8])
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"ops.normalize: expected an integer order of at least 1, received {order!r}.")
    if not is_float(nearest_dtype(x)):
        x = _core.cast(concrete(x), floatx())  # integers: their squares would not fit
    if not shape_of(x):
        x = _core.reshape(x, (1,))
    axes = axes_of(x, axis, "normalize")
    floor = float(default_epsilon() if epsilon is None else epsilon)
    if order == 2:
        return _core.multiply(x, _core.rsqrt(_core.maximum(_core.sum(_core.square(x), axes, True), floor * floor)))
    if order == 1:
        norm = _core.sum(_core.abs(x), axes, True)
    else:
        norm = _core.power(_core.sum(_core.power(_core.abs(x), float(order)), axes, True), 1.0 / order)
    return _core.divide(x, _core.maximum(norm, floor))


# ---- functions for layers only; they are not ops and do not take symbolic tensors ------------------------------------
def normalize_batch(
    x: Any, gamma: Any, beta: Any, axis: int, epsilon: float, activation: str = "linear"
) -> tuple[Any, Any, Any]:
    """Batch normalization with the statistics of this batch.

    Args:
        x: (..., C, ...).
        gamma: (C,) or None.
        beta: (C,) or None.
        axis: the axis of the channels.
        epsilon: added to the variance.
        activation: the name of an element-wise activation without parameters, applied to the result.

    Returns:
        (y, mean, variance): y of x's shape; mean and variance (C,), without a gradient.

    >>> import numpy as np
    >>> normalize_batch(np.array([[1.0], [3.0]]), None, None, -1, 0.0)[0].ravel().numpy()
    array([-1.,  1.])
    """
    moved, back = _moved_last(x, [axis % len(shape_of(x))])
    y, mean, variance = _core.batch_norm(moved, gamma, beta, epsilon, activation)
    return (y if back is None else _core.transpose(y, back)), mean, variance


def normalize_groups(x: Any, groups: int, gamma: Any, beta: Any, axis: int, epsilon: float) -> Any:
    """Group normalization: mean and variance over each sample's groups of channels.

    Args:
        x: (N, ..., C, ...).
        groups: number of groups, a divisor of C.
        gamma: (C,) or None.
        beta: (C,) or None.
        axis: the axis of the channels.
        epsilon: added to the variance.

    Returns:
        Tensor of x's shape.

    >>> import numpy as np
    >>> normalize_groups(np.array([[1.0, 3.0]]), 1, None, None, -1, 0.0).numpy()
    array([[-1.,  1.]])
    """
    moved, back = _moved_last(x, [axis % len(shape_of(x))])
    y = _core.group_norm(moved, groups, gamma, beta, epsilon)
    return y if back is None else _core.transpose(y, back)
