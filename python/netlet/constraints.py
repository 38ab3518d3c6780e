"""Projections of a weight, applied after each update of the optimizer. Each maps a weight to a weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import config, ops
from .saving.identifiers import Table, names_of


class Constraint:
    """Base: subclass with `__call__(w)` giving the projected weight, and `get_config`."""

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Columns (along `axis`) scaled down to a Euclidean norm of at most `max_value`.

    >>> import numpy as np
    >>> MaxNorm(1.0)(np.array([[3.0], [4.0]])).round(5).tolist()
    [[0.6], [0.8]]
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        desired = ops.clip(norms, 0, self.max_value)
        return ops.multiply(w, ops.divide(desired, ops.add(norms, config.epsilon())))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Negative weights become 0.

    >>> import numpy as np
    >>> NonNeg()(np.array([-1.0, 2.0])).numpy()
    array([0., 2.])
    """

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Columns (along `axis`) scaled to a Euclidean norm of 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return ops.divide(w, ops.add(_norms(w, self.axis), config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Columns scaled towards a norm in [min_value, max_value]; rate 1 at once, less by that share each step."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        clipped = ops.clip(norms, self.min_value, self.max_value)
        desired = ops.add(ops.multiply(clipped, float(self.rate)), ops.multiply(norms, 1.0 - self.rate))
        return ops.multiply(w, ops.divide(desired, ops.add(norms, config.epsilon())))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


OBJECTS = names_of([Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm])
_table = Table("constraint", OBJECTS)


def serialize(constraint: Any) -> Any:
    """The config dict of a constraint."""
    return _table.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a config dict or name."""
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """A constraint from a name ("non_neg"), config, class or callable.

    >>> import numpy as np
    >>> get("non_neg")(np.array([-1.0])).numpy()
    array([0.])
    """
    return _table.get(identifier)


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
