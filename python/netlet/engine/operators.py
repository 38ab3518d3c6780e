"""Python's operators for Tensor, Variable and KerasTensor. `netlet.ops` installs the functions that they call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Number
from typing import Any

import numpy as np

from .deferred import deferred


class _Table(dict[str, Callable[..., Any]]):
    """{operator's name: function}. The first use imports `ops`, which fills the table."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        deferred("ops")
        return dict(self)[name]


_table = _Table()


def install(table: dict[str, Callable[..., Any]]) -> None:
    """Adds functions by operator name; called once, by `ops`."""
    _table.update(table)


# The ufunc that NumPy calls for `ndarray + self`, and the op that replaces it.
_UFUNCS = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.true_divide: "divide",
    np.floor_divide: "floor_divide",
    np.remainder: "mod",
    np.power: "power",
    np.matmul: "matmul",
    np.bitwise_and: "bitwise_and",
    np.bitwise_or: "bitwise_or",
    np.bitwise_xor: "bitwise_xor",
    np.left_shift: "left_shift",
    np.right_shift: "right_shift",
    np.less: "less",
    np.less_equal: "less_equal",
    np.greater: "greater",
    np.greater_equal: "greater_equal",
    np.equal: "equal",
    np.not_equal: "not_equal",
}


class Operators:
    """Mixin with the operators +, -, *, ..., which call `netlet.ops`."""

    __array_priority__ = 100

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Replaces `array + self` by `ops.add`; `array += self` and all other NumPy ufuncs compute with the values."""
        if method == "__call__" and not kwargs and ufunc in _UFUNCS:
            return _table[_UFUNCS[ufunc].replace("bitwise", self._bits)](*inputs)
        if any(not isinstance(out, np.ndarray) for out in kwargs.get("out", ())):
            raise TypeError(f"np.{ufunc.__name__}: expected a NumPy array as `out`, received a Tensor or Variable.")
        arrays = [x.__array__() if hasattr(type(x), "_netlet_operators") else x for x in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __array_function__(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions convert Tensors and Variables to ndarrays and return NumPy's types."""
        if function in (np.shape, np.ndim) and not kwargs:
            return self.shape if function is np.shape else len(self.shape)  # known while a step is recorded, too
        return function(*_as_arrays(args), **_as_arrays(kwargs))

    _netlet_operators = True
    _bits = "bitwise"  # which functions &, |, ^ and ~ are: KerasTensor has "logical", as in Keras

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

    def __floordiv__(self, other: Any) -> Any:
        return _table["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _table["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return _table["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return _table["mod"](other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

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

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _table["abs"](self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return _table["round"](self, ndigits or 0)

    def __invert__(self) -> Any:
        return _table[f"{self._bits}_not"](self)

    def __and__(self, other: Any) -> Any:
        return _table[f"{self._bits}_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return _table[f"{self._bits}_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return _table[f"{self._bits}_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return _table[f"{self._bits}_or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return _table[f"{self._bits}_xor"](self, other)

    def __rxor__(self, other: Any) -> Any:
        return _table[f"{self._bits}_xor"](other, self)

    def __lshift__(self, other: Any) -> Any:
        return _table["left_shift"](self, other)

    def __rlshift__(self, other: Any) -> Any:
        return _table["left_shift"](other, self)

    def __rshift__(self, other: Any) -> Any:
        return _table["right_shift"](self, other)

    def __rrshift__(self, other: Any) -> Any:
        return _table["right_shift"](other, self)

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

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return _table["transpose"](self)


def _as_arrays(arguments: Any) -> Any:
    """Replaces every Tensor and Variable in the arguments by an ndarray."""
    if hasattr(type(arguments), "_netlet_operators"):
        return arguments.__array__()
    if type(arguments) in (list, tuple):
        return type(arguments)(_as_arrays(a) for a in arguments)
    if type(arguments) is dict:
        return {name: _as_arrays(a) for name, a in arguments.items()}
    return arguments


def _comparable(other: Any) -> bool:
    return isinstance(other, (Number, list, tuple)) or hasattr(other, "__array__")


def readable_dtype(dtype: str) -> str:
    """Returns float32 for bfloat16 (float32 has all its values and NumPy knows it), else the dtype itself."""
    return "float32" if dtype == "bfloat16" else dtype


class Values:
    """Mixin of Tensors and Variables, which have values: equality, iteration, conversion to Python numbers."""

    def __eq__(self, other: Any) -> Any:
        """Compares elementwise, as NumPy does. `x == None` and `x == "a"` are False."""
        return _table["equal"](self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return _table["not_equal"](self, other) if _comparable(other) else NotImplemented

    __hash__ = object.__hash__  # by identity, so that a Tensor or Variable can be a key of a dict

    def __iter__(self: Any) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self: Any, value: Any) -> bool:
        return value in self.numpy()

    def __index__(self: Any) -> int:
        if self.shape or not self.dtype.startswith(("int", "uint")):
            raise TypeError(
                f"Index: expected a 0-d tensor of integers, received shape {tuple(self.shape)} and dtype {self.dtype}."
            )
        return int(self.numpy())

    def __format__(self: Any, spec: str) -> str:
        """Formats a 0-d tensor like a number, `f"{loss:.4f}"`; without a format, any tensor like `str`."""
        if not spec:
            return str(self)
        if self.shape:
            raise TypeError(f"Format {spec!r}: expected a 0-d tensor, received shape {tuple(self.shape)}.")
        return format(np.asarray(self, readable_dtype(self.dtype)).item(), spec)

    def tolist(self: Any) -> Any:
        """The values as nested lists of Python numbers.

        Returns:
            A list for each axis, nested; a number for a 0-d tensor.
        """
        return np.asarray(self, readable_dtype(self.dtype)).tolist()


_PLAIN = ("__array_priority__", "_bits", "_netlet_operators")  # attributes that are neither methods nor properties


def attach(cls: type, *mixins: type) -> None:
    """Adds the methods and properties of mixins to the native class `cls`, except those that it defines itself."""
    for mixin in mixins:
        for name, value in vars(mixin).items():
            member = callable(value) or isinstance(value, property) or name in _PLAIN
            if member and name not in vars(cls):
                setattr(cls, name, value)
