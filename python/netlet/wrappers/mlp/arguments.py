"""The checks of a perceptron's arguments."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np


def is_count(value: Any, least: int = 1) -> bool:
    """Whether a value is an integer of at least `least`."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


class Rule(NamedTuple):
    """What an argument may be: in words, and as a test."""

    text: str
    allows: Callable[[Any], bool]

    def __or__(self, other: Rule) -> Rule:
        return Rule(f"{self.text} or {other.text}", lambda v: self.allows(v) or other.allows(v))


def _number(text: str, test: Callable[[Any], bool]) -> Rule:
    return Rule(f"a number {text}", lambda v: isinstance(v, Real) and not isinstance(v, bool) and test(v))


def _integer(least: int) -> Rule:
    return Rule(f"an integer of at least {least}", lambda v: is_count(v, least))


def _one_of(*names: str) -> Rule:
    return Rule(f"one of {', '.join(map(repr, names))}", lambda v: isinstance(v, str) and v in names)


_FLAG = Rule("True or False", lambda v: isinstance(v, (bool, np.bool_)))
_COUNT, _LEAST_0 = _integer(1), _number("of at least 0", lambda v: v >= 0)
_ABOVE_0, _RATE = _number("above 0", lambda v: v > 0), _number("in [0, 1)", lambda v: 0 <= v < 1)

RULES = {
    "loss": _one_of("squared_error", "poisson"),
    "activation": _one_of("identity", "logistic", "tanh", "relu"),
    "solver": _one_of("lbfgs", "sgd", "adam"),
    "alpha": _LEAST_0,
    "batch_size": _COUNT | _one_of("auto"),
    "learning_rate": _one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": _ABOVE_0,
    "power_t": _LEAST_0,
    "max_iter": _COUNT,
    "shuffle": _FLAG,
    "tol": _LEAST_0,
    "verbose": _FLAG | _integer(0),
    "warm_start": _FLAG,
    "momentum": _number("in [0, 1]", lambda v: 0 <= v <= 1),
    "nesterovs_momentum": _FLAG,
    "early_stopping": _FLAG,
    "validation_fraction": _RATE,
    "beta_1": _RATE,
    "beta_2": _RATE,
    "epsilon": _ABOVE_0,
    "n_iter_no_change": _COUNT | Rule("inf", lambda v: isinstance(v, Real) and v == np.inf),
    "max_fun": _COUNT,
}
"""What each argument may be; `hidden_layer_sizes` and `random_state` are checked where they are used."""


def check_arguments(estimator: Any) -> None:
    """Raises ValueError for the first argument that `RULES` does not allow."""
    for name, value in estimator.get_params(deep=False).items():
        if name in RULES and not RULES[name].allows(value):
            raise ValueError(
                f"Argument `{name}` of {type(estimator).__name__}: expected {RULES[name].text}, received {value!r}."
            )


def hidden_sizes(estimator: Any) -> list[int]:
    """The sizes of the hidden layers. Raises ValueError unless they are integers of at least 1."""
    given = estimator.hidden_layer_sizes
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if not all(is_count(n) for n in sizes):
        raise ValueError(
            f"Argument `hidden_layer_sizes` of {type(estimator).__name__}: expected integers of at least 1, "
            f"received {given!r}."
        )
    return [int(n) for n in sizes]
