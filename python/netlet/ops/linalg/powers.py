"""Powers of square matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op
from ..core.host_floats import floats
from ..core.properties import cast_if_needed
from .lapack import matrices, product
from .solving import inverse

__all__ = ["matrix_power"]


@op
def matrix_power(x: Any, n: int) -> Any:
    """Square matrices multiplied by themselves, by repeated squaring. A negative power is one of the inverses.

    NumPy has this function (`numpy.linalg.matrix_power`), Keras has not.

    Args:
        x: (..., M, M). Integers are cast to floatx.
        n: the power, an integer.

    Returns:
        Tensor of x's shape; identity matrices for n = 0.

    Raises:
        TypeError: n is not an integer.
        ValueError: the matrices are not square, or a power is negative and a matrix is singular.

    >>> matrix_power([[1.0, 1.0], [1.0, 0.0]], 10)[0, 0].item()  # the eleventh Fibonacci number
    89.0
    """
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"ops.matrix_power: expected an integer as `n`, received {type(n).__name__}.") from None
    (base,), dtype = floats(x)
    shape = matrices("matrix_power", base, square=True)
    if n == 0:
        return cast_if_needed(_core.as_tensor(np.broadcast_to(np.eye(shape[-1], dtype=base.dtype), shape)), dtype)
    if n < 0:
        base, n = inverse(base), -n
    power: Any = None
    while True:
        if n & 1:
            power = base if power is None else product(power, base)
        n >>= 1
        if not n:
            return cast_if_needed(power, dtype)
        base = product(base, base)
