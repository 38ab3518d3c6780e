"""StatelessScope: a block in which Variables have given values and assignments change no Variable."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.fork import fork_safe_lock

from .variable import Variable, current_scope

_symbolic: ContextVar[SymbolicScope | None] = ContextVar("netlet_symbolic_scope", default=None)
_lock = fork_safe_lock()
_entered = 0  # scopes that are entered, in all threads


class _ScopedTensor:
    """Takes the place of the attribute `Variable._tensor` while any thread is in a StatelessScope.

    Everything reads and writes a Variable by that attribute, native code too. Without scopes it is a plain attribute.
    """

    def __get__(self, variable: Any, owner: Any = None) -> Any:
        if variable is None:
            return self
        own = variable.__dict__.get("_tensor")
        if own is None:
            raise AttributeError("_tensor")
        scope = current_scope.get()
        return own if scope is None else scope._tensor_of(variable, own)

    def __set__(self, variable: Any, tensor: _core.Tensor) -> None:
        variable.__dict__["_tensor"] = tensor


class StatelessScope:
    """Context manager: Variables have the given values, and assignments only change what this block sees.

    Native code writes to copies as well, so metrics, moving averages and optimizers leave the Variables unchanged.
    Other threads see the Variables as they are. Gradients flow to the Tensors that are given for trainable Variables.

    Args:
        state_mapping: pairs (Variable, its value in the block: a Tensor, Variable or array of its shape); default none.
        collect_losses: accepted for compatibility with Keras: a layer's `losses` can be read inside of the block.
        initialize_variables: accepted for compatibility with Keras: Variables always have values.

    Raises:
        ValueError: a key is no Variable, or a value has another shape.

    Example:

    Source: Keras 3, `keras.StatelessScope`.

    >>> import netlet
    >>> v = netlet.Variable([1.0, 2.0])
    >>> with StatelessScope([(v, [5.0, 6.0])]) as scope:
    ...     _ = v.assign_add([1.0, 1.0])
    >>> scope.get_current_value(v).tolist(), v.numpy().tolist()
    ([6.0, 7.0], [1.0, 2.0])
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        self.collect_losses, self.initialize_variables = collect_losses, initialize_variables
        self.losses: list[Any] = []
        self._tensors: dict[int, _core.Tensor] = {}
        self._given: set[int] = set()  # ids of the Variables whose Tensor is the caller's
        self._outer: StatelessScope | None = None
        self._token: Token[Any]
        self._variables: dict[int, Variable] = {}  # they stay alive, so that ids are not used again
        for variable, value in state_mapping or ():
            if not isinstance(variable, Variable):
                raise ValueError(f"StatelessScope: expected Variables as keys, received {type(variable).__name__}.")
            self._map(variable, value)

    def _map(self, variable: Variable, value: Any) -> None:
        shape = tuple(variable.__dict__["_tensor"].shape)  # `variable.shape` asks this scope
        given = value._tensor if isinstance(value, Variable) else value
        if not isinstance(given, _core.Tensor):
            given = _core.tensor(np.asarray(given), variable._dtype)
        if tuple(given.shape) != shape:
            raise ValueError(
                f"StatelessScope: expected a value of shape {shape} for Variable '{variable.path}', received "
                f"{tuple(given.shape)}."
            )
        if given.dtype != variable._dtype:
            given = _core.cast(given, variable._dtype)
        self._variables[id(variable)] = variable
        if not self._copies(variable):
            self._given.add(id(variable))
            self._tensors[id(variable)] = given
        else:
            self._tensors[id(variable)] = _cell(given, variable)

    def _copies(self, variable: Variable) -> bool:
        """Whether native code may write the Variable, so that the block needs a copy of a value from outside."""
        return not variable.trainable

    # ---- what variables call ---------------------------------------------------------------------------------------
    def _tensor_of(self, variable: Variable, own: _core.Tensor) -> _core.Tensor:
        """The memory of a Variable inside of the block: a copy of its own, unless a value was given."""
        found = self._tensors.get(id(variable))
        if found is None:
            outer = self._outer
            self._map(variable, own if outer is None else outer._tensor_of(variable, own))
            found = self._tensors[id(variable)]
        return found

    def before_write(self, variable: Variable) -> None:
        """Makes sure that a write to the Variable does not change the caller's Tensor.

        Args:
            variable: the Variable that is going to be written; called by `Variable.before_write`.
        """
        self._tensor_of(variable, variable.__dict__["_tensor"])
        if id(variable) in self._given:
            self._given.remove(id(variable))
            self._tensors[id(variable)] = _cell(self._tensors[id(variable)], variable)

    # ---- for users -------------------------------------------------------------------------------------------------
    def __enter__(self) -> StatelessScope:
        global _entered
        self._outer = current_scope.get()
        with _lock:
            _entered += 1
            if _entered == 1:
                Variable._tensor = _ScopedTensor()  # type: ignore[assignment]
        self._token = current_scope.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _entered
        current_scope.reset(self._token)
        with _lock:
            _entered -= 1
            if _entered == 0:
                del Variable._tensor  # type: ignore[misc]
        for key, tensor in self._tensors.items():
            if key not in self._given:
                tensor.variable = False

    def add_loss(self, loss: Any) -> None:
        """Adds a loss to `losses`, which the caller reads after the block.

        Args:
            loss: number, array or Tensor.
        """
        self.losses.append(loss)

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Sets what the block sees of a Variable.

        Args:
            update: (Variable, value): a Tensor, Variable or array of the Variable's shape.

        Raises:
            ValueError: a value of another shape.
        """
        self._given.discard(id(update[0]))
        self._map(*update)

    def get_current_value(self, variable: Variable) -> _core.Tensor | None:
        """The value of a Variable in the block, also after it.

        Args:
            variable: the Variable.

        Returns:
            A Tensor; None if no value was given for the Variable and the block did not use it.
        """
        return self._tensors.get(id(variable))


class Recomputation(StatelessScope):
    """The scope of a function that runs again in the backward pass: frozen weights are not copied.

    Only the state of metrics is: other native code that writes Variables does not run again.
    """

    def _copies(self, variable: Variable) -> bool:
        return variable.accumulates


def _cell(value: _core.Tensor, variable: Variable) -> _core.Tensor:
    """Memory of its own with a value. A recorded step writes the value at each run."""
    if _core.recording():
        cell = _core.empty(value.shape, value.dtype)
        _core.assign(value, cell)
    else:
        cell = _core.tensor(value)
    cell.variable = True
    cell.requires_grad = variable.__dict__["_tensor"].requires_grad
    return cell


class SymbolicScope:
    """Context manager that marks a block in which only shapes are computed. It changes nothing in netlet.

    >>> with SymbolicScope():
    ...     in_symbolic_scope()
    True
    """

    _token: Token[Any]

    def __enter__(self) -> SymbolicScope:
        self._token = _symbolic.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _symbolic.reset(self._token)


def in_stateless_scope() -> bool:
    """Whether this thread is in a StatelessScope."""
    return current_scope.get() is not None


def in_symbolic_scope() -> bool:
    """Whether this thread is in a SymbolicScope."""
    return _symbolic.get() is not None
