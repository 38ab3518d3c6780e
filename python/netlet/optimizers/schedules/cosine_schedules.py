"""Learning rates that fall along a cosine, once or again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .learning_rate_schedule import LearningRateSchedule, as_steps, by_kernel, check_decay_steps


class CosineDecay(LearningRateSchedule):
    """Decay along half a cosine from the initial rate to `alpha` times it.

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: number of steps of the decay.
        alpha: the last rate as a fraction of the highest; 0 by default.
        warmup_target: the highest rate. With it, the rate first rises linearly from the initial rate to the target, and
            the decay begins there. None (the default): no warmup.
        warmup_steps: number of steps of the rise; 0 by default.
        name: stored in the config and not used otherwise; "CosineDecay" by default.

    Raises:
        ValueError: `decay_steps` is not positive.

    Source: Loshchilov and Hutter, 2017; Keras 3, `keras.optimizers.schedules.CosineDecay`.

    >>> CosineDecay(1.0, decay_steps=4)([0, 2, 4, 9]).round(6).tolist()
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        check_decay_steps(decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = (
            initial_learning_rate,
            decay_steps,
            alpha,
            name,
        )
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> Any:
        warmup = 0.0 if self.warmup_target is None else float(self.warmup_steps)
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        at = np.minimum(as_steps(step), self.decay_steps + warmup)
        wave = 0.5 * (1 + by_kernel(_core.cos, np.pi * (at - warmup) / self.decay_steps))
        decayed = top * ((1 - self.alpha) * wave + self.alpha)
        if not warmup:
            return decayed
        rising = (top - self.initial_learning_rate) * (at / warmup) + self.initial_learning_rate
        return np.where(at < warmup, rising, decayed)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """A sequence of cosine decays, each of which starts again at a high rate.

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: number of steps of the first decay.
        t_mul: each decay has t_mul times as many steps as the one before; 2 by default.
        m_mul: each decay starts at m_mul times the rate at which the one before started; 1 by default.
        alpha: the last rate of a decay as a fraction of initial_learning_rate; 0 by default.
        name: stored in the config and not used otherwise; "SGDRDecay" by default.

    Raises:
        ValueError: `first_decay_steps` is not positive.

    Source: Loshchilov and Hutter, 2017; Keras 3, `keras.optimizers.schedules.CosineDecayRestarts`.

    >>> CosineDecayRestarts(1.0, first_decay_steps=2)([0, 1, 2, 4]).round(6).tolist()
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_decay_steps(first_decay_steps, "first_decay_steps")
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: Any) -> Any:
        fraction = as_steps(step) / self.first_decay_steps
        t = float(self.t_mul)
        if t == 1.0:
            restart = np.floor(fraction)
            fraction = fraction - restart
        else:
            # Decay i begins after (1 - t^i) / (1 - t) times the steps of the first decay.
            restart = np.floor(by_kernel(_core.log, 1 - fraction * (1 - t)) / by_kernel(_core.log, t))
            factor = by_kernel(_core.power, t, restart)
            fraction = (fraction - (1 - factor) / (1 - t)) / factor
        wave = 0.5 * by_kernel(_core.power, self.m_mul, restart) * (1 + by_kernel(_core.cos, np.pi * fraction))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
