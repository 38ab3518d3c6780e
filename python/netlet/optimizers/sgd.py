"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class SGD(Optimizer):
    """Stochastic gradient descent, plain or with momentum (Sutskever et al., 2013).

    The learning rate is a factor inside the velocity v:

        momentum = 0:   w -= learning_rate * g
        else:           v = momentum * v - learning_rate * g
                        w += v, or with nesterov w += momentum * v - learning_rate * g

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.01.
        momentum: decay rate of the velocity, in [0, 1]; default 0, no velocity.
        nesterov: whether to use Nesterov's momentum; False by default.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: momentum is not a number in [0, 1].

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> SGD(0.1).apply([[2.0]], [w])
    >>> w.numpy()
    array([0.8], dtype=float32)
    """

    has_8bit_state = True

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        if isinstance(momentum, bool) or not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a float between [0, 1]. Received: momentum={momentum}")
        self.momentum, self.nesterov = float(momentum), nesterov
        self.slot_names = ("momentum",) if momentum else ()

    def _update_run(self, run: Run, weight_decay: float) -> None:
        slot = "momentum" if self.momentum else None
        own = (self.momentum, bool(self.nesterov))
        update(self, _core.sgd_update, run, weight_decay, [slot], *own, coded=_core.sgd_8bit_update)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
