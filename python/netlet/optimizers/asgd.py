"""ASGD."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992).

    The formula is that of `torch.optim.ASGD`, with the rates of Bottou (2010):

        eta = learning_rate / (1 + lambd * learning_rate * (t - 1))**alpha,  t = 1, 2, ...
        w = (1 - lambd * eta) * w - eta * g
        average += mu * (w - average),  mu = 1 / max(1, t - 1 - t0)

    Training uses w. The slot `averaged_weight` of each variable holds its average, which is w itself until step t0.
    PyTorch computes eta with the rate of the step before, which differs while a schedule changes the rate.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.01.
        lambd: decay of the weights; default 1e-4.
        alpha: exponent of the decay of eta; default 0.75.
        t0: number of steps before the averaging starts; default 1e6.
        weight_decay: decoupled weight decay, see `Optimizer` (PyTorch's is a penalty of the loss); None (the
            default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> optimizer = ASGD(0.1, lambd=0.0, t0=0.0)
    >>> for g in (2.0, 2.0, 2.0):
    ...     optimizer.apply([[g]], [w])
    >>> w.numpy().round(4)
    array([0.4], dtype=float32)
    >>> optimizer.variables[-1].numpy().round(4)  # mean of the weights after steps 2 and 3
    array([0.5], dtype=float32)
    """

    slot_names = ("averaged_weight",)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.lambd, self.alpha, self.t0 = lambd, alpha, t0

    def _update_run(self, run: Run, weight_decay: float) -> None:
        update(self, _core.asgd_update, run, weight_decay, self.slot_names, self.lambd, self.alpha, self.t0)

    def _keeps_rows(self) -> bool:
        return False  # `lambd` decays every weight

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lambd": self.lambd, "alpha": self.alpha, "t0": self.t0}
