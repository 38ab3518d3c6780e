"""Variants of Adam: Adamax, Nadam and RAdam."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import floatx
from netlet.engine.variable import Variable

from .adam import AdamVariant
from .base.segment import Run
from .base.update import update


class Adamax(AdamVariant):
    """Adamax: Adam with the infinity norm (Kingma and Ba, 2015, section 7.1).

        m += (1 - beta_1) * (g - m)
        u = max(beta_2 * u, abs(g))
        w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon),  t = 1, 2, ...

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_1: decay rate of m, the average of the gradients; default 0.9.
        beta_2: decay rate of u, the weighted infinity norm; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-7.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> Adamax(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.9], dtype=float32)
    """

    slot_names = ("momentum", "norm")

    def _update_run(self, run: Run, weight_decay: float) -> None:
        update(self, _core.adamax_update, run, weight_decay, self.slot_names, self.beta_1, self.beta_2, self.epsilon)


class Nadam(AdamVariant):
    """Nadam: Adam with Nesterov momentum (Dozat, 2016).

    With mu_t = beta_1 * (1 - 0.96**t / 2) and P the product of mu_1 to mu_t:

        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g**2 - v)
        m_hat = mu_(t+1) * m / (1 - P * mu_(t+1)) + (1 - mu_t) * g / (1 - P)
        w -= learning_rate * m_hat / (sqrt(v / (1 - beta_2**t)) + epsilon),  t = 1, 2, ...

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
    >>> w = Variable([1.0])
    >>> Nadam(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.8937], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def build(self, variables: Any) -> None:
        super().build(variables)
        dtype = variables[0].dtype if variables else floatx()
        self._u_product = self._track(Variable(1.0, dtype=dtype, trainable=False))

    def _before_updates(self) -> None:
        every = self.gradient_accumulation_steps or 1
        _core.nadam_product(self._u_product._tensor, self._iterations._tensor, self.beta_1, every)

    def _update_run(self, run: Run, weight_decay: float) -> None:
        product, dtype = self._u_product._tensor, run.places[0].segment.dtype
        product = product if product.dtype == dtype else _core.cast(product, dtype)
        own = (product, self.beta_1, self.beta_2, self.epsilon)
        update(self, _core.nadam_update, run, weight_decay, self.slot_names, *own)


class RAdam(AdamVariant):
    """RAdam: Adam that starts without dividing by v, whose estimate varies too much at first (Liu et al., 2020).

    The formula is that of `torch.optim.RAdam`. With rho = 2 / (1 - beta_2) - 1 and
    rho_t = rho - 2 * t * beta_2**t / (1 - beta_2**t):

        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g**2 - v)
        s = m / (1 - beta_1**t)
        rectified = sqrt((rho_t - 4) * (rho_t - 2) * rho / ((rho - 4) * (rho - 2) * rho_t))
        w -= learning_rate * s * rectified * sqrt(1 - beta_2**t) / (sqrt(v) + epsilon)  if rho_t > 5
        w -= learning_rate * s  otherwise;  t = 1, 2, ...

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_1: decay rate of m, the average of the gradients; default 0.9.
        beta_2: decay rate of v, the average of their squares; default 0.999.
        epsilon: small number that avoids a division by zero; default 1e-8.
        weight_decay: decoupled weight decay, see `Optimizer` (PyTorch's `decoupled_weight_decay=True`); None (the
            default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([1.0])
    >>> RAdam(0.1).apply([[2.0]], [w])
    >>> w.numpy().round(4)
    array([0.8], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay, **kwargs)

    def _update_run(self, run: Run, weight_decay: float) -> None:
        own = (self.beta_1, self.beta_2, self.epsilon, 1.0, True)
        update(self, _core.adam_update, run, weight_decay, [*self.slot_names, None], *own)
