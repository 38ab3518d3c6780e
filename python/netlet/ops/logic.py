"""Comparisons and truth: bool results, through which no gradient flows; and `where`, through which it does."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .dispatch import float_op, op


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

    >>> import numpy as np
    >>> greater(np.array([1.0, 3.0]), 2.0).numpy()
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

    >>> import numpy as np
    >>> where(np.array([True, False]), np.array([1.0, 1.0]), 0.0).numpy()
    array([1., 0.])
    """
    if x1 is None or x2 is None:
        raise NotImplementedError("ops.where with one argument has a result whose shape depends on values.")
    return _core.where(condition, x1, x2)
