"""Rprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import _core
from netlet.initializers import Constant

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993), for gradients of the whole data set.

    Each weight has a step size of its own, of which only the sign of the gradient decides the direction. The formula is
    that of `torch.optim.Rprop`. With s = sign(g * previous gradient):

        size = clip(size * (eta_plus if s > 0 else eta_minus if s < 0 else 1), *step_sizes)
        g = 0 where s < 0
        w -= size * sign(g)

    Args:
        learning_rate: first value of every size, and the rate of the weight decay; default 0.01. A schedule is read
            when the optimizer is built.
        etas: (eta_minus, eta_plus), 0 < eta_minus < 1 < eta_plus; default (0.5, 1.2).
        step_sizes: (smallest, largest) size; default (1e-6, 50).
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: etas or step_sizes are outside their range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> optimizer = Rprop(0.1)
    >>> for g in (2.0, 1.0, -1.0):
    ...     optimizer.apply([[g]], [w])
    >>> w.numpy().round(4)
    array([0.78], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        etas: Sequence[float] = (0.5, 1.2),
        step_sizes: Sequence[float] = (1e-6, 50.0),
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        if len(etas) != 2 or not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Argument `etas`: expected 0 < eta_minus < 1 < eta_plus, received etas={etas}.")
        if len(step_sizes) != 2 or not 0 <= step_sizes[0] <= step_sizes[1]:
            raise ValueError(
                f"Argument `step_sizes`: expected 0 <= smallest <= largest, received step_sizes={step_sizes}."
            )
        self.etas, self.step_sizes = tuple(etas), tuple(step_sizes)

    def build(self, variables: Any) -> None:
        super().build(variables)
        rate = float(self._rate.next(1)[0]) if self._rate.source is not None else float(self._rate.cell)
        for v in variables:
            first = Constant(rate * self._group(v).rate)
            self.add_optimizer_variables([v], ["previous_gradient", "step_size"], ["zeros", first])

    def _update_run(self, run: Run, weight_decay: float) -> None:
        slots, moving = ["previous_gradient", "step_size"], ["previous_gradient"]
        update(self, _core.rprop_update, run, weight_decay, slots, *self.etas, *self.step_sizes, moving=moving)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "etas": self.etas, "step_sizes": self.step_sizes}
