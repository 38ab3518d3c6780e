"""Ftrl."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.initializers import Constant

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update

_NOT_NEGATIVE = (
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
)


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013), for wide models of which many weights should be 0.

    With q(x) = x**-learning_rate_power and n the value before this step:

        z += g + 2 * l2_shrinkage * w - (q(n + g**2) - q(n)) / learning_rate * w
        n += g**2
        w = (clip(z, -l1, l1) - z) / (q(n) / learning_rate + 2 * l2 + beta / learning_rate)

    A weight whose numerator is 0 becomes 0, also where Keras divides 0 by 0.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        learning_rate_power: at most 0; 0 for a constant rate; default -0.5.
        initial_accumulator_value: value of n before the first step, at least 0; default 0.1.
        l1_regularization_strength: l1, at least 0; default 0.
        l2_regularization_strength: l2, a penalty that stabilizes, at least 0; default 0.
        l2_shrinkage_regularization_strength: l2_shrinkage, a penalty on the size of the weights, at least 0; default 0.
        beta: the paper's beta; default 0.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an argument outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0, 1.0])
    >>> Ftrl(0.1, l1_regularization_strength=20.0).apply([[2.0, 40.0]], [w])
    >>> w.numpy().round(4)
    array([0.    , 0.8421], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        if learning_rate_power > 0:
            raise ValueError(
                "`learning_rate_power` needs to be negative or zero. Received: "
                f"learning_rate_power={learning_rate_power}."
            )
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        for name in _NOT_NEGATIVE:
            value = getattr(self, name)
            if value < 0:
                raise ValueError(f"`{name}` needs to be positive or zero. Received: {name}={value}.")

    def build(self, variables: Any) -> None:
        super().build(variables)
        first = Constant(self.initial_accumulator_value)
        self.add_optimizer_variables(variables, ["accumulator", "linear"], [first, "zeros"])

    def _update_run(self, run: Run, weight_decay: float) -> None:
        own = (
            self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )
        update(self, _core.ftrl_update, run, weight_decay, ["accumulator", "linear"], *own)

    def _keeps_rows(self) -> bool:
        return False  # a step computes every weight anew from z

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("learning_rate_power", *_NOT_NEGATIVE, "beta")}
        return {**super().get_config(), **own}
