"""ScheduleFreeAdamW."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .adam import AdamVariant
from .base.segment import Run
from .base.update import update


class ScheduleFreeAdamW(AdamVariant):
    """Schedule-Free AdamW (Defazio et al., 2024), which needs no schedule of the learning rate.

    Two points are stored: w, where gradients are taken, and `momentum` z, which moves. The average of all z is
    x = (w - (1 - beta_1) * z) / beta_1. With the z before the step in x:

        v += (1 - beta_2) * (g**2 - v)
        z -= learning_rate * min(t / warmup_steps, 1) * g / (sqrt(v / (1 - beta_2**t)) + epsilon)
        x = (1 - 1 / t) * x + z / t
        w = (1 - beta_1) * z + beta_1 * x,  t = 1, 2, ...

    z starts at the values that the weights have when the optimizer is built.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.0025.
        beta_1: weight of the average x in w; default 0.9.
        beta_2: decay rate of v, the average of the squares of the gradients; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-8.
        warmup_steps: number of steps in which the rate grows from 0 to learning_rate; default 0.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay, **kwargs)
        self.warmup_steps = warmup_steps

    def build(self, variables: Any) -> None:
        super().build(variables)
        for v in variables:
            value = v.numpy()
            self.add_optimizer_variables(
                [v], ["momentum", "velocity"], [lambda shape, dtype, value=value: value, "zeros"]
            )

    def _update_run(self, run: Run, weight_decay: float) -> None:
        own = (self.beta_1, self.beta_2, self.epsilon, int(self.warmup_steps))
        update(self, _core.schedule_free_adamw_update, run, weight_decay, ["momentum", "velocity"], *own)

    def _keeps_rows(self) -> bool:
        return False  # a step moves every weight towards its z

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "warmup_steps": self.warmup_steps}
