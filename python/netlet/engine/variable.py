"""Variable: a named array that training changes.

Its bytes live in a `_core.Tensor`. Where they lie may change (`_rebind`: the optimizer gathers parameters into one flat
segment), so `storage_epoch()` counts such moves: a plan recorded under an older epoch points at old memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.naming import auto_name, current_path
from netlet.config import is_float, numpy_dtype, standardize_dtype

from .deferred import deferred
from .operators import Operators, Values

_epoch = itertools.count(1)
_current_epoch = 0
_claim: ContextVar[Callable[[int, str], None] | None] = ContextVar("netlet_variable_claim", default=None)


@contextmanager
def blank_variables(claim: Callable[[int, str], None]) -> Iterator[None]:
    """Inside, initializers are not run: variables are zeros, for a file's values to replace.

    Args:
        claim: called with (bytes wanted, the variable's path) before they are taken; may refuse by raising.
    """
    token = _claim.set(claim)
    try:
        yield
    finally:
        _claim.reset(token)


def checked_aggregation(value: str | None) -> str:
    """The name itself; ValueError if Keras knows none such."""
    if value not in (None, "none", "mean", "sum", "only_first_replica"):
        raise ValueError(
            f'aggregation: expected None, "none", "mean", "sum" or "only_first_replica"; received {value!r}.'
        )
    return value or "none"


def storage_epoch() -> int:
    """How many times any Variable has been moved to other memory."""
    return _current_epoch


class Variable(Operators, Values):
    """A named array that can be assigned to, and trained if it is a float.

    Args:
        initializer: array, scalar, callable `initializer(shape, dtype)`, or an initializer's name.
        shape: needed with a callable initializer; every entry known.
        dtype: defaults to the array's dtype where one is given, else to `config.floatx()`.
        trainable: whether gradients are wanted (floats only).
        autocast: kept for Keras's sake: a Variable is never cast by itself, with True or False.
        aggregation: how copies on several devices would become one: None, "none", "mean", "sum" or
            "only_first_replica". There is one copy, so that all mean the same.
        name: last part of `path`.

    Raises:
        ValueError: no shape for a callable initializer, a shape with unknown entries, a value of another shape.

    Example:

    >>> v = Variable(np.zeros((2, 3)), dtype="float32", name="kernel")
    >>> v.assign_add(np.ones((2, 3))).numpy().sum()
    np.float32(6.0)
    """

    _place: Any = None  # where in which segment an optimizer has put it: optimizers/segment.py
    by_rows = False  # whether a step's gradient reaches few of its rows: the table of an Embedding

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        name: str | None = None,
        *,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"A variable's name is a string without '/'; given {name!r}.")
        self.name: str = name or auto_name(type(self).__name__)
        scope = current_path()
        self._path = f"{scope}/{self.name}" if scope else self.name
        self.regularizer = regularizer
        self.constraint = constraint
        self.autocast = autocast
        self.aggregation = checked_aggregation(aggregation)
        value = self._initial_value(initializer, shape, dtype)
        self._tensor: _core.Tensor = _core.tensor(value)
        self._tensor.variable = True
        self._dtype = str(value.dtype)
        self._trainable = False
        self.trainable = trainable

    def _initial_value(self, initializer: Any, shape: Any, dtype: Any) -> np.ndarray:
        if isinstance(initializer, str):
            initializer = deferred("initializers").get(initializer)
        if callable(initializer) and not isinstance(initializer, (np.ndarray, _core.Tensor, Variable)):
            if shape is None:
                raise ValueError(f"Variable '{self.name}' needs `shape` when its initializer is callable.")
            extents = tuple(int(d) if d is not None else -1 for d in ((shape,) if isinstance(shape, int) else shape))
            if any(d < 0 for d in extents):
                raise ValueError(f"Variable '{self.name}' needs a fully known shape; given {tuple(shape)}.")
            dtype = standardize_dtype(dtype)
            if (claim := _claim.get()) is not None:
                claim(math.prod(extents) * numpy_dtype(dtype).itemsize, self._path)
                return np.zeros(extents, numpy_dtype(dtype))
            with _core.Tape():  # computed now, also when a layer is built while its first step is recorded
                value = np.asarray(initializer(extents, dtype=dtype))
            if value.shape != extents:
                raise ValueError(
                    f"Variable '{self.name}': its initializer was asked for shape {extents} and gave {value.shape}."
                )
        else:
            value = np.asarray(initializer)
            if value.dtype == object:
                raise ValueError(f"Variable '{self.name}' needs numbers; given an array of Python objects.")
            if shape is not None and tuple(shape) != value.shape:
                raise ValueError(f"Variable '{self.name}': shape={tuple(shape)}, but its value has {value.shape}.")
            if dtype is None:
                given_dtype = isinstance(initializer, (np.ndarray, np.generic, _core.Tensor, Variable))
                dtype = value.dtype if given_dtype or value.dtype.kind in "iub" else None
                if not given_dtype and value.dtype.kind == "i":
                    dtype = "int32"
            dtype = standardize_dtype(dtype)
        return np.ascontiguousarray(value, dtype=numpy_dtype(dtype)).reshape(value.shape)

    # ---- what it is ------------------------------------------------------------------------------------------------
    @property
    def value(self) -> _core.Tensor:
        return self._tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._tensor.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(self._tensor.size)

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def path(self) -> str:
        return self._path

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        self._tensor.requires_grad = self._trainable and is_float(self._dtype)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether its gradient takes its place instead of updating it: False; Keras does this for float8 scales."""
        return False

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if value:
            raise NotImplementedError(
                f"Variable '{self.path}': overwrite_with_gradient=True is not supported; optimizers update "
                "variables by their gradients only."
            )

    # ---- its value -------------------------------------------------------------------------------------------------
    def numpy(self) -> np.ndarray:
        """A copy of the value: later training does not change it."""
        return np.array(self._tensor.numpy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._tensor.numpy(), dtype=dtype)

    def __float__(self) -> float:
        return float(self._tensor.numpy().item())

    def __int__(self) -> int:
        return int(self._tensor.numpy().item())

    def __bool__(self) -> bool:
        return bool(self._tensor.numpy().item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"Variable '{self.name}' is a scalar and has no length.")
        return self.shape[0]

    def assign(self, value: Any) -> Variable:
        """Sets the value (same shape; cast if needed). Inside a layer's `call` this is part of the recorded step."""
        given = self._checked(value, "assign")
        if _core.recording():
            _core.assign(self._in_own_dtype(given), self._tensor)
        else:
            self._tensor.copy_from(np.asarray(given))
        return self

    def assign_add(self, value: Any) -> Variable:
        """Adds `value`, of the same shape or one that broadcasts to it."""
        if _core.recording():
            given = self._in_own_dtype(value)
            if tuple(given.shape) != self.shape:
                given = _core.broadcast_to(given, self.shape)
            _core.accumulate_into(given, self._tensor)
            return self
        given = np.asarray(value)
        try:
            self._tensor.copy_from(self._tensor.numpy() + np.broadcast_to(given, self.shape))
        except ValueError:
            raise self._shape_error("assign_add", given.shape) from None
        return self

    def assign_sub(self, value: Any) -> Variable:
        """Subtracts `value`, of the same shape or one that broadcasts to it."""
        if _core.recording():
            return self.assign_add(_core.negative(self._in_own_dtype(value)))
        return self.assign_add(-np.asarray(value))

    def _checked(self, value: Any, method: str) -> Any:
        given = value._tensor if isinstance(value, Variable) else value
        if not isinstance(given, _core.Tensor):
            given = np.asarray(given)
            if given.dtype == object:
                raise ValueError(f"Variable '{self.path}'.{method} needs numbers; given an array of Python objects.")
        if tuple(given.shape) != self.shape:
            raise self._shape_error(method, tuple(given.shape))
        return given

    def _shape_error(self, method: str, given: tuple[int, ...]) -> ValueError:
        return ValueError(f"Variable '{self.path}'.{method} expects shape {self.shape}; given {given}.")

    def _in_own_dtype(self, value: Any) -> Any:
        tensor = value._tensor if isinstance(value, Variable) else value
        if isinstance(tensor, _core.Tensor):
            return tensor if tensor.dtype == self._dtype else _core.cast(tensor, self._dtype)
        return _core.tensor(np.asarray(tensor), self._dtype)

    def _rebind(self, tensor: _core.Tensor) -> None:
        """Moves the value to other memory of the same shape and dtype."""
        global _current_epoch
        if tuple(tensor.shape) != self.shape or tensor.dtype != self._dtype:
            raise ValueError(
                f"Variable '{self.path}' is {self._dtype} {self.shape}; given {tensor.dtype} {tensor.shape}."
            )
        tensor.copy_from(self._tensor.numpy())
        tensor.requires_grad = self._tensor.requires_grad
        tensor.variable = True
        _current_epoch = next(_epoch)  # first: Ctrl-C between the two leaves no plan that takes old memory for new
        self._tensor = tensor

    # ---- copies ----------------------------------------------------------------------------------------------------
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tensor": self.numpy(), "_place": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._tensor = _core.tensor(state["_tensor"])
        self._tensor.variable = True
        self.trainable = self._trainable

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"
