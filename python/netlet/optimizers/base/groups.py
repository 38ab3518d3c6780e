"""Groups of variables: factors of the learning rate and of the weight decay, and exclusion from the weight decay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from netlet.engine.variable import Variable

from .segment import Place

_FACTORS = ("learning_rate", "weight_decay")


class Group(NamedTuple):
    """What variables that one kernel call updates have in common.

    Attributes:
        rate: factor of the learning rate.
        decay: factor of the weight decay; 0 for excluded variables.
    """

    rate: float = 1.0
    decay: float = 1.0


class Groups:
    """The part of an optimizer that treats some variables differently."""

    built: bool
    weight_decay: float | None
    _places: dict[int, Place]

    def __init__(self) -> None:
        super().__init__()
        self._excluded: set[int] = set()
        self._excluded_pattern: re.Pattern[str] | None = None
        self._multipliers: dict[str, dict[str, float]] = {}

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Excludes variables from the weight decay. Must be called before `build`.

        Args:
            var_list: the variables to exclude; None (the default): none.
            var_names: regular expressions; variables in whose name one of them is found are excluded; None (the
                default): none.

        Raises:
            ValueError: the optimizer is built.
        """
        self._check_not_built("exclude_from_weight_decay")
        self._excluded = {id(v) for v in var_list or ()}
        self._excluded_pattern = re.compile("|".join(set(var_names))) if var_names else None

    def set_multipliers(self, multipliers: Mapping[str, Mapping[str, float]]) -> None:
        """Multiplies the learning rate and the weight decay of some variables. Must be called before `build`.

        The factors are saved with the optimizer's config. Variables with equal factors that are neighbours in memory
        are updated by one kernel call, as without factors.

        Args:
            multipliers: {regular expression: {"learning_rate": factor, "weight_decay": factor}}; a missing factor is
                1. An expression selects the variables in whose path it is found. If several select a variable, their
                factors are multiplied. The factor of the weight decay has no effect if the optimizer has none.

        Raises:
            ValueError: the optimizer is built, or a factor is negative or has another name.

        Example:

        >>> from netlet import Variable
        >>> from netlet.optimizers import SGD
        >>> kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
        >>> optimizer = SGD(0.1)
        >>> optimizer.set_multipliers({"bias": {"learning_rate": 2}})
        >>> optimizer.apply([[1.0], [1.0]], [kernel, bias])
        >>> round(float(kernel[0]), 4), round(float(bias[0]), 4)
        (0.9, 0.8)
        """
        self._check_not_built("set_multipliers")
        checked: dict[str, dict[str, float]] = {}
        for pattern, factors in multipliers.items():
            re.compile(pattern)
            for name, factor in factors.items():
                number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
                if name not in _FACTORS or not number or not 0 <= factor < float("inf"):
                    raise ValueError(
                        "Argument `multipliers`: expected a dict with factors >= 0 of 'learning_rate' or "
                        f"'weight_decay' for each pattern, received {name}={factor!r} for {pattern!r}."
                    )
            checked[pattern] = {name: float(factor) for name, factor in factors.items()}
        self._multipliers = checked

    def without_weight_decay(self, variables: Sequence[Variable]) -> list[int]:
        """Returns the indices of the variables that `exclude_from_weight_decay` has excluded, for files.

        Args:
            variables: variables, of which those are considered that the optimizer was built with.

        Returns:
            The indices; none if the optimizer has no weight decay.
        """
        if not self.weight_decay:
            return []
        return [i for i, v in enumerate(variables) if id(v) in self._places and not self._use_weight_decay(v)]

    def _check_not_built(self, method: str) -> None:
        if self.built:
            raise ValueError(f"`{method}()` can only be configured before the optimizer is built.")

    def _use_weight_decay(self, variable: Variable) -> bool:
        pattern = self._excluded_pattern
        return id(variable) not in self._excluded and not (pattern and pattern.search(variable.name))

    def _group(self, variable: Variable) -> Group:
        """The factors of a variable."""
        rate, decay = 1.0, 1.0 if self._use_weight_decay(variable) else 0.0
        for pattern, factors in self._multipliers.items():
            if re.search(pattern, variable.path):
                rate *= factors.get("learning_rate", 1.0)
                decay *= factors.get("weight_decay", 1.0)
        return Group(rate, decay)
