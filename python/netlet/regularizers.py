"""Regularizers: penalties on weights or layer outputs that are added to the loss. Each maps a tensor to a scalar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.base.missing import explain_missing

from . import ops
from .saving.identifiers import Table, names_of


class Regularizer:
    """Base class: a penalty on a weight or an output that is added to the loss.

    A subclass defines `__call__(x)`, which returns a scalar tensor, and `get_config`.

    Source: Keras 3, `keras.regularizers.Regularizer`.

    >>> class Mean(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.mean(ops.abs(x))
    ...     def get_config(self):
    ...         return {}
    >>> float(Mean()(np.array([1.0, -2.0])))
    1.5
    """

    def __call__(self, x: Any) -> Any:
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}.

        Raises:
            NotImplementedError: a subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config().")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Makes a regularizer from its config.

        Args:
            config: the dict that `get_config` returned.

        Returns:
            Regularizer of this class.
        """
        return cls(**config)


def _factor(value: Any, name: str) -> float:
    ok = isinstance(value, (int, float, np.number)) and math.isfinite(float(value)) and value >= 0
    if not ok:
        raise ValueError(f"Argument `{name}`: expected a non-negative float, received {value!r}.")
    return float(value)


class L1L2(Regularizer):
    """The penalty l1 * sum(|x|) + l2 * sum(x**2), without a factor 1/2.

    Args:
        l1: factor of the absolute values; default 0 (also for None).
        l2: factor of the squares; default 0 (also for None).

    Raises:
        ValueError: a factor is negative, infinite or not a number.

    >>> float(L1L2(l1=0.5, l2=1.0)(np.array([1.0, -2.0])))
    6.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(0.0 if l1 is None else l1, "l1")
        self.l2 = _factor(0.0 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        penalty: Any = None
        if self.l1:
            penalty = ops.multiply(ops.sum(ops.abs(x)), self.l1)
        if self.l2:
            square = ops.multiply(ops.sum(ops.square(x)), self.l2)
            penalty = square if penalty is None else ops.add(penalty, square)
        return ops.zeros((), ops.dtype(x)) if penalty is None else penalty

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """The penalty l1 * sum(|x|).

    Args:
        l1: factor; default 0.01 (also for None).

    Raises:
        ValueError: the factor is negative, infinite or not a number.

    >>> float(L1(0.5)(np.array([1.0, -2.0])))
    1.5
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor(0.01 if l1 is None else l1, "l1")

    def __call__(self, x: Any) -> Any:
        return ops.multiply(ops.sum(ops.abs(x)), self.l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """The penalty l2 * sum(x**2), without a factor 1/2.

    Args:
        l2: factor; default 0.01 (also for None).

    Raises:
        ValueError: the factor is negative, infinite or not a number.

    >>> float(L2(0.5)(np.array([1.0, -2.0])))
    2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        return ops.multiply(ops.sum(ops.square(x)), self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """The penalty factor * mean(|cos|), where cos is the cosine between each two rows (or columns) of a matrix.

    Args:
        factor: factor; default 0.01.
        mode: "rows" (default) or "columns".

    Raises:
        ValueError: another mode; the factor is negative, infinite or not a number; or the weight is not a matrix.

    >>> float(OrthogonalRegularizer(0.5)(np.array([[1.0, 0.0], [1.0, 0.0]])))
    0.5
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ValueError(f'Argument `mode`: expected "rows" or "columns", received {mode!r}.')
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        shape = ops.shape(inputs)
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, received shape {shape}.")
        rows = inputs if self.mode == "rows" else ops.transpose(inputs)
        unit = ops.normalize(rows, axis=1)
        size = int(rows.shape[0])
        others = np.asarray(1 - np.eye(size), ops.dtype(inputs))
        pairs = size * (size - 1) / 2
        total = ops.sum(ops.abs(ops.multiply(ops.matmul(unit, ops.transpose(unit)), others)))
        return ops.multiply(total, self.factor * 0.5 / pairs)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


OBJECTS = names_of([Regularizer, L1, L2, L1L2, OrthogonalRegularizer], l1=L1, l2=L2, l1_l2=L1L2)
_table = Table("regularizer", OBJECTS)


def serialize(regularizer: Any) -> Any:
    """Returns the config of a regularizer.

    Args:
        regularizer: an object or a function.

    Returns:
        Config dict {"module": ..., "class_name": ..., "config": ...} of plain values, which JSON can store.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return _table.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a regularizer of a config.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: {name: class or function}, in addition to netlet's own and registered ones; None by default.

    Returns:
        Regularizer, or a function.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns a regularizer.

    Args:
        identifier: a name ("l2"), a config dict, a class, a callable, or None.

    Returns:
        Regularizer, or the callable; None for None.

    Raises:
        ValueError: an unknown name. The message has the nearest known name.

    >>> get("l2").l2
    0.01
    """
    return _table.get(identifier)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer


explain_missing(__name__)
