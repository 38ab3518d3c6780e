"""Penalties on weights or activities, added to the loss. Each maps a tensor to a scalar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import ops
from .saving.identifiers import Table, names_of


class Regularizer:
    """Base: subclass with `__call__(x)` giving a scalar, and `get_config`."""

    def __call__(self, x: Any) -> Any:
        return 0.0

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config().")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        return cls(**config)


def _factor(value: Any, name: str) -> float:
    ok = isinstance(value, (int, float, np.number)) and math.isfinite(float(value)) and value >= 0
    if not ok:
        raise ValueError(f"Invalid value for argument {name}: expected a non-negative float; given {value!r}.")
    return float(value)


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x**2) (no factor 1/2).

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
    """l1 * sum(|x|).

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
    """l2 * sum(x**2) (no factor 1/2).

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
    """factor times the mean |cosine| between different rows (or columns) of a matrix."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ValueError(f'Invalid value for argument `mode`: expected "rows" or "columns"; given {mode!r}.')
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        shape = ops.shape(inputs)
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer expects a matrix; given shape {shape}.")
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
    """The config dict of a regularizer."""
    return _table.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a config dict or name."""
    return _table.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """A regularizer from a name ("l2"), config, class or callable.

    >>> get("l2").l2
    0.01
    """
    return _table.get(identifier)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
