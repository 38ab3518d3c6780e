"""Adam, and AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

from netlet import _core

from .base.optimizer import Optimizer
from .base.segment import Run
from .base.update import update


class AdamVariant(Optimizer):
    """Base of Adam and its variants: the arguments that all of them have."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adam(AdamVariant):
    """Adam (Kingma and Ba, 2015).

    Epsilon is added to the root without bias correction, as at the end of the paper's section 2:

        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g**2 - v)
        w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon),  t = 1, 2, ...

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_1: decay rate of m, the average of the gradients; default 0.9.
        beta_2: decay rate of v, the average of their squares; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-7.
        amsgrad: whether to divide by the root of the largest v so far (Reddi et al., 2018); False by default.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: amsgrad with `state_dtype="uint8"`.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> Adam(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_names = ("momentum", "velocity")
    has_8bit_state = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay, **kwargs)
        self.amsgrad = amsgrad
        if amsgrad and self.state_dtype:
            raise ValueError(
                f"Argument `amsgrad` of {type(self).__name__}: expected False with state_dtype={self.state_dtype!r}, "
                "received True. A rounded maximum would grow in every step."
            )

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self.amsgrad:
            self.add_optimizer_variables(variables, "velocity_hat")

    def _update_run(self, run: Run, weight_decay: float) -> None:
        slots = ("momentum", "velocity", "velocity_hat" if self.amsgrad else None)
        own = (self.beta_1, self.beta_2, self.epsilon)
        update(self, _core.adam_update, run, weight_decay, slots, *own, coded=_core.adam_8bit_update)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    Before each update of `Adam`, w -= learning_rate * weight_decay * w.

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        weight_decay: factor of the weight decay, a number; default 0.004.
        beta_1: decay rate of m, the average of the gradients; default 0.9.
        beta_2: decay rate of v, the average of their squares; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-7.
        amsgrad: whether to divide by the root of the largest v so far (Reddi et al., 2018); False by default.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: weight_decay is None.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> AdamW(0.1, weight_decay=0.5).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.85], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, **kwargs)
        if self.weight_decay is None:
            raise ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None")
