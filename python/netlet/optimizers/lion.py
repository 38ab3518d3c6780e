"""Lion."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class Lion(Optimizer):
    """Lion (Chen et al., 2023): steps of one size in the direction of the sign of the momentum.

        w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g

    Its rate is typically a third to a tenth of AdamW's, and its weight decay as many times larger.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_1: weight of the momentum in the step; default 0.9.
        beta_2: decay rate of the momentum; default 0.99.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: beta_1 is not in (0, 1].

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> Lion(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_names = ("momentum",)
    has_8bit_state = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(
                "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD. "
                f"Received: beta_1={beta_1}."
            )
        self.beta_1, self.beta_2 = beta_1, beta_2

    def _update_run(self, run: Run, weight_decay: float) -> None:
        own = (self.beta_1, self.beta_2)
        update(self, _core.lion_update, run, weight_decay, self.slot_names, *own, coded=_core.lion_8bit_update)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
