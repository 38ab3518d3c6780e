"""Adafactor."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.engine.variable import Variable

from .base.gradients import Item
from .base.optimizer import Optimizer
from .base.segment import Run, single


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern, 2018): second moments of a matrix from averages of its rows and columns.

    Variables with two or more dimensions are matrices in the last two. With d = t**beta_2_decay, t = 1, 2, ...:

        r = (1 - d) * r + d * mean(g**2 + epsilon_1, axis=-1),  c likewise with axis=-2
        v = r / mean(r) * c (outer product), or for other variables v = (1 - d) * v + d * (g**2 + epsilon_1)
        u = g / sqrt(v)
        w -= max(epsilon_2, rms(w)) * min(learning_rate, 1 / sqrt(t)) * u / max(1, rms(u) / clip_threshold)

    Args:
        learning_rate: number, schedule, or function without arguments; default 0.001.
        beta_2_decay: exponent of d; default -0.8.
        epsilon_1: small number added to the squares of the gradients; default 1e-30.
        epsilon_2: smallest scale of a variable; default 1e-3.
        clip_threshold: largest root mean square of u; default 1.
        relative_step: whether the rate is at most 1 / sqrt(t). As in Keras, it is in any case. True by default.
        weight_decay: decoupled weight decay, see `Optimizer`; None (the default): none.
        **kwargs: further arguments of `Optimizer`, e.g. `clipnorm`.

    Raises:
        ValueError: an option that `Optimizer` does not have, or a value outside its range.

    Example:

    >>> from netlet import Variable
    >>> w = Variable([[1.0, 1.0]])
    >>> Adafactor(0.1).apply([[[2.0, 2.0]]], [w])
    >>> w.numpy().round(4)
    array([[0.9, 0.9]], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        weight_decay: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._factors: dict[tuple[int, int], list[Variable]] = {}
        for v in variables:
            at = self._places[id(v)]
            if len(v.shape) >= 2 and v.overwrite_with_gradient:
                continue
            if len(v.shape) < 2:  # Keras has two variables here that hold nothing
                self._factors[id(at.segment), at.begin] = []
                for _ in range(2):
                    self._track(Variable(0, dtype="int32", trainable=False, name=v.name))
            else:
                shapes = v.shape[:-1], (*v.shape[:-2], v.shape[-1])
                made = [self.add_variable(shape, dtype=v.dtype, name=v.name) for shape in shapes]
                self._factors[id(at.segment), at.begin] = made
            self.add_optimizer_variables([v], "velocity")

    def _runs(self, items: list[Item]) -> list[Run]:
        return single(items)

    def _update_run(self, run: Run, weight_decay: float) -> None:
        at = run.places[0]
        r, k = [f._tensor for f in self._factors[id(at.segment), at.begin]] or (None, None)
        _core.adafactor_update(
            run.of(at.segment.params),
            run.gradient,
            self._slot(run, "velocity"),
            r,
            k,
            run.rate,
            self._iterations._tensor,
            self.beta_2_decay,
            self.epsilon_1,
            self.epsilon_2,
            self.clip_threshold,
            weight_decay=weight_decay,
            every=self.gradient_accumulation_steps or 1,
        )

    def _keeps_rows(self) -> bool:
        return False  # the averages need all rows

    def get_config(self) -> dict[str, Any]:
        own = {
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }
        return {**super().get_config(), **own}
