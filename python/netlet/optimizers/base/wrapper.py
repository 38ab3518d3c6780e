"""Base of optimizers that leave the updates to other optimizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netlet import _core
from netlet.engine.variable import Variable

from .optimizer import Optimizer


class Wrapper(Optimizer):
    """Base of optimizers that leave the updates to other optimizers, whose state they save and copy with their own.

    A subclass defines `wrapped` and `_apply`.
    """

    @property
    def wrapped(self) -> list[Optimizer]:
        """The optimizers that make the updates."""
        raise NotImplementedError(f"{type(self).__name__} must define `wrapped`.")

    @property
    def variables(self) -> list[Variable]:
        """Its own state, then that of the optimizers that it wraps."""
        return [*self._variables, *(v for inner in self.wrapped for v in inner.variables)]

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        for inner in self.wrapped:
            inner.exclude_from_weight_decay(var_list, var_names)

    def set_multipliers(self, multipliers: Mapping[str, Mapping[str, float]]) -> None:
        for inner in self.wrapped:
            inner.set_multipliers(multipliers)

    def without_weight_decay(self, variables: Sequence[Variable]) -> list[int]:
        return sorted({i for inner in self.wrapped for i in inner.without_weight_decay(variables)})

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        for inner in self.wrapped:
            inner.finalize_variable_values([v for v in var_list if id(v) in inner._places])

    def step_scalars(self, count: int) -> list[tuple[_core.Tensor, list[float]]]:
        return [scalars for inner in self.wrapped for scalars in inner.step_scalars(count)]

    def gradient_rows(self) -> dict[int, _core.RowMap]:
        return {key: rows for inner in self.wrapped for key, rows in inner.gradient_rows().items()}

    def gradient_targets(self) -> dict[int, _core.Tensor]:
        return {key: target for inner in self.wrapped for key, target in inner.gradient_targets().items()}


def refuse(optimizer: Any, by: str, *kinds: type) -> None:
    """Raises ValueError if an optimizer is of a kind that another optimizer cannot wrap.

    Args:
        optimizer: the optimizer to be wrapped.
        by: the class that wraps it, with its article.
        kinds: the classes that it cannot wrap; beside them those that compute the loss several times for one update.
    """
    if isinstance(optimizer, kinds) or optimizer.needs_closure:
        raise ValueError(f"{type(optimizer).__name__} cannot be used inside {by}.")
