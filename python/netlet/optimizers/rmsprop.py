"""RMSprop."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class RMSprop(Optimizer):
    """RMSprop (Hinton's lectures, 2012; centered: Graves, 2013).

    Epsilon is inside the root:

        v = rho * v + (1 - rho) * g**2
        d = learning_rate * g / sqrt(v + epsilon); centered: v - a**2 + epsilon, a = rho * a + (1 - rho) * g
        w -= d, or with momentum w -= m, m = momentum * m + d

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        rho: decay rate of the averages; default 0.9.
        momentum: factor of the previous update; default 0, no momentum.
        epsilon: small number that avoids a division by zero; default 1e-7.
        centered: whether to divide by an estimate of the gradient's variance instead of its second
            moment; False by default.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> RMSprop(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.6838], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.add_optimizer_variables(variables, "velocity")
        if self.momentum > 0:
            self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self.add_optimizer_variables(variables, "average_gradient")

    def _update_run(self, run: Run, weight_decay: float) -> None:
        mean = "average_gradient" if self.centered else None
        slots = ("velocity", "momentum" if self.momentum > 0 else None, mean)
        update(self, _core.rmsprop_update, run, weight_decay, slots, self.rho, self.momentum, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
