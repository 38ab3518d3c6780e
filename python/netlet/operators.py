"""Python's operators for Variable and KerasTensor; `ops` installs their meaning, so that neither imports it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_table: dict[str, Callable[..., Any]] = {}


def install(table: dict[str, Callable[..., Any]]) -> None:
    """Called once by `ops`: operator name -> function."""
    _table.update(table)


class Operators:
    """What a + b and its relatives do; `__array_priority__` makes `ndarray + self` come here as well."""

    __array_priority__ = 100

    def __add__(self, other: Any) -> Any:
        return _table["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return _table["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return _table["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return _table["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return _table["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return _table["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return _table["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _table["divide"](other, self)

    def __pow__(self, other: Any) -> Any:
        return _table["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return _table["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return _table["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _table["matmul"](other, self)

    def __neg__(self) -> Any:
        return _table["negative"](self)

    def __abs__(self) -> Any:
        return _table["abs"](self)

    def __lt__(self, other: Any) -> Any:
        return _table["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return _table["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return _table["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return _table["greater_equal"](self, other)

    def __getitem__(self, index: Any) -> Any:
        return _table["getitem"](self, index)


def attach(cls: type) -> None:
    """Gives `cls` these operators too: `_core.Tensor`, whose class is native."""
    for name, value in vars(Operators).items():
        if name.startswith("__") and (callable(value) or name == "__array_priority__") and name not in vars(cls):
            setattr(cls, name, value)
