"""Adagrad and Adadelta, which divide by the root of the squares of past gradients."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.initializers import Constant

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011).

    The more often a weight had a gradient, the smaller are its steps:

        n += g**2
        w -= learning_rate * g / sqrt(n + epsilon)

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001. The paper uses 1.
        initial_accumulator_value: value of n before the first step, at least 0; default 0.1.
        epsilon: small number that avoids a division by zero; default 1e-7.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> Adagrad(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9012], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.add_optimizer_variables(variables, "accumulator", Constant(self.initial_accumulator_value))

    def _update_run(self, run: Run, weight_decay: float) -> None:
        update(self, _core.adagrad_update, run, weight_decay, ["accumulator"], self.epsilon, moving=())

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012).

    Steps are scaled by the root of the averaged squares of earlier steps over that of the gradients:

        v = rho * v + (1 - rho) * g**2
        s = sqrt(d + epsilon) * g / sqrt(v + epsilon)
        d = rho * d + (1 - rho) * s**2
        w -= learning_rate * s

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001. The paper uses 1.
        rho: decay rate of both averages; default 0.95.
        epsilon: small number that avoids a division by zero, and sets the size of the first steps; default 1e-7.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> Adadelta(1.0).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9986], dtype=float32)
    """

    slot_names = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def _update_run(self, run: Run, weight_decay: float) -> None:
        update(self, _core.adadelta_update, run, weight_decay, self.slot_names, self.rho, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
