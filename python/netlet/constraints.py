"""Constraints: functions that map a weight to its new value after each update of the optimizer.

`axis` is the axis, or tuple of axes, along which norms are computed; the default 0 gives the norm of each column of a
Dense kernel, that is, of the weights of one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.base.missing import explain_missing

from . import config, ops
from .saving.identifiers import Table, names_of


class Constraint:
    """Base class: a function that maps a weight to its new value after each update of the optimizer.

    A subclass defines `__call__(w)`, which returns a tensor of the weight's shape, and `get_config`.

    Source: Keras 3, `keras.constraints.Constraint`.

    >>> class Halve(Constraint):
    ...     def __call__(self, w):
    ...         return ops.multiply(w, 0.5)
    >>> Halve()([2.0]).tolist()
    [1.0]
    """

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}.
        """
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Makes a constraint from its config.

        Args:
            config: the dict that `get_config` returned.

        Returns:
            Constraint of this class.
        """
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Scales vectors whose Euclidean norm exceeds `max_value` down to that norm.

    Args:
        max_value: maximum norm; default 2.
        axis: axis or axes of the norm; default 0, the columns of a matrix.

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
    """Sets negative weights to 0.

    >>> import numpy as np
    >>> NonNeg()(np.array([-1.0, 2.0])).numpy()
    array([0., 2.])
    """

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scales vectors to a Euclidean norm of 1.

    Args:
        axis: axis or axes of the norm; default 0, the columns of a matrix.

    >>> import numpy as np
    >>> UnitNorm()(np.array([[3.0], [4.0]])).round(5).tolist()
    [[0.6], [0.8]]
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return ops.divide(w, ops.add(_norms(w, self.axis), config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Scales vectors to a Euclidean norm between `min_value` and `max_value`, completely or partly.

    The new norm is rate * clip(norm, min_value, max_value) + (1 - rate) * norm.

    Args:
        min_value: minimum norm; default 0.
        max_value: maximum norm; default 1.
        rate: 1 (default) enforces the limits at each update; a smaller rate approaches them.
        axis: axis or axes of the norm; default 0, the columns of a matrix.

    >>> import numpy as np
    >>> MinMaxNorm(max_value=1.0, rate=0.5)(np.array([[3.0], [4.0]])).round(5).tolist()
    [[1.8], [2.4]]
    """

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
    """Returns the config of a constraint.

    Args:
        constraint: an object or a function.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(MaxNorm(3.0))["config"]
    {'max_value': 3.0, 'axis': 0}
    """
    return _table.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a constraint of a config.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: {name: class or function}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Constraint, or a function.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize({"class_name": "MaxNorm", "config": {"max_value": 3.0}}).max_value
    3.0
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns a constraint.

    Args:
        identifier: a name ("non_neg"), a config dict, a class, a callable, or None.

    Returns:
        Constraint, or the callable; None for None.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> import numpy as np
    >>> get("non_neg")(np.array([-1.0])).numpy()
    array([0.])
    """
    return _table.get(identifier)


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


explain_missing(__name__)
