"""Variable: a named array that training changes.

Its values are stored in a `_core.Tensor`, whose memory may change: an optimizer moves parameters to a segment
(`_rebind`), which `storage.py` counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.naming import auto_name, current_path
from netlet.config import FLOATS, is_float, numpy_dtype, standardize_dtype

from .array_methods import ArrayMethods
from .deferred import deferred
from .dlpack import DLPack
from .operators import Operators, Values
from .storage import moved

_claim: ContextVar[Callable[[int, str], None] | None] = ContextVar("netlet_variable_claim", default=None)
# The StatelessScope that this thread is in: engine/stateless_scope.py
current_scope: ContextVar[Any] = ContextVar("netlet_stateless_scope", default=None)
# {id: (Variable, its value before the first assignment)} of the function in progress that backward will run again
assigned: ContextVar[dict[int, tuple[Variable, _core.Tensor]] | None] = ContextVar("netlet_assigned", default=None)


@contextmanager
def blank_variables(claim: Callable[[int, str], None]) -> Iterator[None]:
    """Context manager: variables created inside are zeros, because a file's values will replace them.

    Args:
        claim: called with (bytes, the variable's path) before a variable is allocated; it may raise.
    """
    token = _claim.set(claim)
    try:
        yield
    finally:
        _claim.reset(token)


def checked_aggregation(value: str | None) -> str:
    """Returns the name of an aggregation ("none" for None). Raises ValueError if it is not one of Keras's."""
    if value not in (None, "none", "mean", "sum", "only_first_replica"):
        raise ValueError(
            f'aggregation: expected None, "none", "mean", "sum" or "only_first_replica", received {value!r}.'
        )
    return value or "none"


class Variable(Operators, Values, ArrayMethods, DLPack):
    """A named array that can be assigned to, and trained if it is a float.

    Args:
        initializer: array, scalar, callable `initializer(shape, dtype)`, or an initializer's name.
        shape: tuple of integers; required with a callable initializer, else that of the array by default.
        dtype: its dtype; default that of the array, else `config.floatx()`. Python integers become int32.
        trainable: whether gradients are computed for it (floats only); default True.
        autocast: whether it counts as of the layer's compute dtype in ops of a layer that computes in a half; default
            True.
        aggregation: accepted for compatibility with Keras: None, "none", "mean", "sum" or "only_first_replica".
        name: last part of `path`; default a unique name.
        regularizer: function of the value, whose result is added to the loss; default none.
        constraint: function of the value, whose result replaces the value after each update; default none.

    Raises:
        ValueError: no shape for a callable initializer, a shape with unknown entries, a value of another shape.

    Example:

    Source: Keras 3, `keras.Variable`.

    >>> v = Variable(np.zeros((2, 3)), dtype="float32", name="kernel")
    >>> float(v.assign_add(np.ones((2, 3))).numpy().sum())
    6.0
    """

    _decides_plans = False  # whether plans were recorded for its present value, and are recorded again after `assign`
    _place: Any = None  # its position in an optimizer's segment: optimizers/base/segment.py
    overwrite_with_gradient = False  # whether optimizers set it to its gradient, as float8 training in Keras needs
    accumulates = False  # whether native code adds to it in place: the state of a metric
    by_rows = False  # whether its gradient is 0 except in few rows: the table of an Embedding

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
            raise ValueError(f"Argument `name`: expected a string without '/', received {name!r}.")
        self.name: str = name or auto_name(type(self).__name__)
        scope = current_path()
        self._path = f"{scope}/{self.name}" if scope else self.name
        self.regularizer = regularizer
        self.constraint = constraint
        self.autocast = autocast
        self.aggregation = checked_aggregation(aggregation)
        value = self._initial_value(initializer, shape, dtype)
        tensor = _core.tensor(value)
        tensor.variable = True
        self._tensor: _core.Tensor = tensor
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
                raise ValueError(
                    f"Variable '{self.name}': expected a shape of non-negative integers, received {tuple(shape)}."
                )
            dtype = standardize_dtype(dtype)
            if (claim := _claim.get()) is not None:
                claim(math.prod(extents) * numpy_dtype(dtype).itemsize, self._path)
                return np.zeros(extents, numpy_dtype(dtype))
            with _core.Tape():  # computes it at once, also if a layer is built while a step is recorded
                value = np.asarray(initializer(extents, dtype=dtype))
            if value.shape != extents:
                raise ValueError(
                    f"Variable '{self.name}': expected shape {extents} from its initializer, received {value.shape}."
                )
        else:
            value = np.asarray(initializer)
            if value.dtype == object:
                raise ValueError(f"Variable '{self.name}': expected numbers, received an array of Python objects.")
            if shape is not None and tuple(shape) != value.shape:
                raise ValueError(f"Variable '{self.name}': expected shape {tuple(shape)}, received {value.shape}.")
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
        """Its value, a Tensor that shares its memory; cast to the half that the layer in progress computes in."""
        half = self._half()
        return self._tensor if half is None else _core.cast(self._tensor, half)

    def _half(self) -> str | None:
        """The half that the layer in progress computes in, if this Variable takes part in that."""
        return _core.autocast_dtype() if self.autocast and self._dtype in FLOATS else None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self._tensor.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self._tensor.size)

    @property
    def dtype(self) -> str:
        """Name of its dtype; in a layer that computes in a half, the name of that half."""
        return self._half() or self._dtype

    @property
    def path(self) -> str:
        """Its name with those of the layers that contain it: "sequential/dense/kernel"."""
        return self._path

    @property
    def trainable(self) -> bool:
        """Whether gradients are computed for it and optimizers update it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        # Its own memory, also inside of a StatelessScope.
        self.__dict__["_tensor"].requires_grad = self._trainable and is_float(self._dtype)

    # ---- its value -------------------------------------------------------------------------------------------------
    def numpy(self) -> np.ndarray:
        """Returns a copy of the value as an ndarray."""
        return np.array(self._tensor.numpy())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """A copy of the value; with `copy=False` a read-only view of it."""
        return self._tensor.__array__(dtype, copy) if copy is False else np.array(self._tensor.numpy(), dtype=dtype)

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
        """Sets the value. In a layer's `call`, the assignment becomes part of the recorded step.

        Args:
            value: array, Tensor or Variable of the same shape; it is cast to the Variable's dtype.

        Returns:
            The Variable.

        Raises:
            ValueError: a value of another shape, or one that holds Python objects.
        """
        given = self._checked(value, "assign")
        self.before_write()
        if _core.recording():
            _core.assign(self._in_own_dtype(given), self._tensor)
        else:
            self._tensor.copy_from(np.asarray(given))
            if self._decides_plans and current_scope.get() is None:
                moved()
        return self

    def assign_add(self, value: Any) -> Variable:
        """Adds to the value. In a layer's `call`, the addition becomes part of the recorded step.

        Args:
            value: array, Tensor or Variable whose shape broadcasts to the Variable's; the sum has the Variable's dtype.

        Returns:
            The Variable.

        Raises:
            ValueError: the shape does not broadcast to the Variable's.
        """
        self.before_write()
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
        """Subtracts from the value. In a layer's `call`, the subtraction becomes part of the recorded step.

        Args:
            value: array, Tensor or Variable whose shape broadcasts to the Variable's; the difference has the Variable's
                dtype.

        Returns:
            The Variable.

        Raises:
            ValueError: the shape does not broadcast to the Variable's.
        """
        if _core.recording():
            return self.assign_add(_core.negative(self._in_own_dtype(value)))
        return self.assign_add(-np.asarray(value))

    def before_write(self) -> None:
        """Is called before native code writes the value: a scope may replace the memory that it writes."""
        notes = assigned.get()
        if notes is not None and id(self) not in notes:
            notes[id(self)] = self, _core.identity(self._tensor)
        scope = current_scope.get()
        if scope is not None:
            scope.before_write(self)

    def _checked(self, value: Any, method: str) -> Any:
        given = value._tensor if isinstance(value, Variable) else value
        if not isinstance(given, _core.Tensor):
            given = np.asarray(given)
            if given.dtype == object:
                raise ValueError(f"Variable '{self.path}'.{method}: expected numbers, received Python objects.")
        if tuple(given.shape) != self.shape:
            raise self._shape_error(method, tuple(given.shape))
        return given

    def _shape_error(self, method: str, given: tuple[int, ...]) -> ValueError:
        return ValueError(f"Variable '{self.path}'.{method}: expected shape {self.shape}, received {given}.")

    def _in_own_dtype(self, value: Any) -> Any:
        tensor = value._tensor if isinstance(value, Variable) else value
        if isinstance(tensor, _core.Tensor):
            return tensor if tensor.dtype == self._dtype else _core.cast(tensor, self._dtype)
        return _core.tensor(np.asarray(tensor), self._dtype)

    def _rebind(self, tensor: _core.Tensor) -> None:
        """Moves the value to the memory of `tensor`, which has the same shape and dtype."""
        if tuple(tensor.shape) != self.shape or tensor.dtype != self._dtype:
            raise ValueError(
                f"Variable '{self.path}': expected {self._dtype} {self.shape}, received {tensor.dtype} {tensor.shape}."
            )
        tensor.copy_from(self._tensor.numpy())
        tensor.requires_grad = self._tensor.requires_grad
        tensor.variable = True
        # The epoch changes first: after Ctrl-C between the two lines, plans that use old memory are still detected.
        moved(only_memory=True)
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
