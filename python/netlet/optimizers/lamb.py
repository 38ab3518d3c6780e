"""Lamb."""

from __future__ import annotations

from netlet import _core

from .adam import AdamVariant
from .base.gradients import Item
from .base.segment import Run, single
from .base.update import update


class Lamb(AdamVariant):
    """Lamb (You et al., 2020): Adam with a step in proportion to the norm of each variable, for large batches.

        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g**2 - v)
        u = m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon),  t = 1, 2, ...
        w -= learning_rate * norm(w) / norm(u) * u, with the ratio 1 if a norm is 0

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_1: decay rate of m, the average of the gradients; default 0.9.
        beta_2: decay rate of v, the average of their squares; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-7.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([3.0, 4.0])
    >>> Lamb(0.1).apply([[2.0, 2.0]], [w])
    >>> w.numpy().round(4)
    array([2.6464, 3.6464], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def _runs(self, items: list[Item]) -> list[Run]:
        return single(items)

    def _update_run(self, run: Run, weight_decay: float) -> None:
        own = (self.beta_1, self.beta_2, self.epsilon)
        update(self, _core.lamb_update, run, weight_decay, self.slot_names, *own)

    def _keeps_rows(self) -> bool:
        return False  # the norms need all rows
