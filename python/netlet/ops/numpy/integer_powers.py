"""Powers of integers, by squaring: exact modulo the range of the dtype, where a float would round."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core
from netlet.config import is_float
from netlet.engine.needs_values import values_if_known

from ..core.dispatch import concrete, nearest_dtype

BITS = {"int8": 7, "uint8": 8, "int32": 31, "int64": 63}  # of a number that is not negative


def integer_type(x1: Any, x2: Any) -> str | None:
    """The dtype of a product of two integer arguments; None if one has floats.

    Args:
        x1, x2: arrays, Tensors or numbers. A Python integer has the type of the other argument.

    >>> import numpy as np
    >>> integer_type(np.ones(2, "int8"), 3), integer_type(2, 0.5)
    ('int8', None)
    """
    if _holds_floats(x1) or _holds_floats(x2):
        return None
    weak = [x for x in (x1, x2) if not isinstance(x, int)] or [x1]
    empty = [_core.full([0], nearest_dtype(x), 0) for x in weak]
    dtype: str = _core.multiply(empty[0], empty[-1]).dtype
    return "int32" if dtype == "bool" else dtype


def _holds_floats(x: Any) -> bool:
    """Whether x is of floats. The name of an array's dtype costs microseconds; numbers and most arrays avoid it."""
    if isinstance(x, _core.Tensor):
        return is_float(x.dtype)
    if isinstance(x, (int, float)):
        return isinstance(x, float)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return True
    return is_float(nearest_dtype(x))


def integer_power(x: Any, n: Any, dtype: str) -> Any:
    """x to the power n. A negative power is rounded toward 0: of 1 and -1 it is 1 or -1, of all others 0.

    Args:
        x: base, integers.
        n: exponent, integers of a shape that broadcasts with x's.
        dtype: of the result, as `integer_type` returns it.

    >>> integer_power([3, -2, 2], [21, 3, -1], "int64").tolist()
    [10460353203, -8, 0]
    """
    known = values_if_known(concrete(n))
    large = known is not None and int(known.max(initial=0)).bit_length() > BITS[dtype]
    base, exponent = _core.cast(concrete(x), dtype), _core.cast(concrete(n), "int64" if large else dtype)
    some_negative = dtype != "uint8" and (known is None or bool((known < 0).any()))
    bits = BITS[dtype] if known is None else int(known.max(initial=0)).bit_length()
    ones = _core.add(_core.multiply(base, 0), _core.add(_core.multiply(exponent, 0), 1))  # broadcast
    result = _core.cast(ones, dtype)
    square = base
    for bit in range(bits):
        counts = _core.not_equal(_core.bitwise_and(_core.right_shift(exponent, bit), 1), 0)
        result = _core.where(counts, _core.multiply(result, square), result)
        square = _core.multiply(square, square) if bit < bits - 1 else square
    if not some_negative:
        return result
    odd = _core.not_equal(_core.bitwise_and(exponent, 1), 0)
    unit = _core.equal(_core.multiply(base, base), 1)
    inverse = _core.where(unit, _core.where(odd, base, 1), 0)
    return _core.where(_core.less(exponent, 0), inverse, result)
