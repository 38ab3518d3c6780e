"""Copies of optimizers: pickle and copy.deepcopy."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet.engine.variable import Variable

_REMADE = (
    "_places",
    "_blocks",
    "_used",
    "_coded",
    "_trainable_variables",
    "_trainable_variables_indices",
    "_model_variables_moving_average",
    "_accumulated_gradients",
)


class Copies:
    """The part of an optimizer that copies itself.

    A copy is not built, because the memory of its slots depends on the variables that it will train. It holds the
    values of the slots. When it is built with variables of the same shapes, it uses these values; with other variables
    it starts from zero.
    """

    built: bool
    _variables: list[Variable]
    _trainable_variables: list[Variable]
    _excluded: set[int]
    _own = 0  # number of `_variables` that exist before `build`
    _waiting: tuple[list[tuple[Any, str, bool]], list[np.ndarray]] | None = None  # ([(shape, dtype, excluded)], values)

    def _begin_build(self, variables: Sequence[Variable]) -> None:
        """Must be called at the beginning of `build`."""
        self._own = len(self._variables)
        if self._waiting is None:
            return
        trained, _ = self._waiting
        if [(v.shape, v.dtype) for v in variables] != [(shape, dtype) for shape, dtype, _ in trained]:
            self._waiting = None
            self._variables[0].assign(0)  # the step count
            return
        self._excluded = {id(v) for v, (_, _, excluded) in zip(variables, trained, strict=True) if excluded}

    def _take_up(self, variable: Variable) -> None:
        """Assigns the value of the original's variable to a variable that `build` has made."""
        if self._waiting is not None and self._waiting[1]:
            value = self._waiting[1].pop(0)
            if value.shape == variable.shape:
                variable.assign(value)

    def __getstate__(self) -> dict[str, Any]:
        if self._excluded and not self.built and self._waiting is None:
            raise ValueError(
                f"{type(self).__name__}: expected `exclude_from_weight_decay(var_names=...)` or a built optimizer, "
                "received `var_list`. A copy cannot find these variables before the optimizer is built."
            )
        state = {key: value for key, value in self.__dict__.items() if key not in _REMADE}
        state.update(
            _places={}, _blocks={}, _used={}, _coded={}, _trainable_variables=[], _trainable_variables_indices={}
        )
        state["built"] = False
        if self.built:
            trained = [(v.shape, v.dtype, id(v) in self._excluded) for v in self._trainable_variables]
            state["_waiting"] = trained, [v.numpy() for v in self._variables[self._own :]]
            state["_variables"] = self._variables[: self._own]
        state["_excluded"] = set()
        return state

    def __copy__(self) -> Any:
        return copy.deepcopy(self)
