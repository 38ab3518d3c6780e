"""Learning rates as functions of the step.

Each schedule is called with a step, or an array of steps, and returns as many rates, float64. The decays raise
ValueError if their number of steps is not positive. Their `name` is stored in the config and not used otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.base.device import device


class LearningRateSchedule:
    """Base of all schedules: the learning rate as a function of the step.

    A subclass defines `__call__(step)`, which takes a step (from 0) or an array of steps and returns as many rates, and
    `get_config`.

    Source: Keras 3, `keras.optimizers.schedules.LearningRateSchedule`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** (np.asarray(step) // 1000)
    >>> float(Halving()(2500))
    0.025
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"Learning rate schedule '{type(self).__name__}' must override __call__(self, step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor.

        Returns:
            {argument: plain value}, from which `from_config` makes an equal one.

        Raises:
            NotImplementedError: a subclass does not define it.
        """
        raise NotImplementedError(f"Learning rate schedule '{type(self).__name__}' must override get_config().")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """Makes the schedule from its config.

        Args:
            config: what `get_config` returned.

        Returns:
            An object of this class.
        """
        return cls(**config)


def as_steps(step: Any) -> Any:
    """A step or steps as float64."""
    return np.asarray(step, dtype=np.float64)


def by_kernel(function: Any, *numbers: Any) -> Any:
    """A function of `_core` in float64. NumPy's differ in the last bit from one CPU to another."""
    with device("cpu"), _core.Tape():  # computes it at once, also while a step is recorded
        return function(*np.broadcast_arrays(*map(as_steps, numbers))).numpy()[()]


def check_decay_steps(value: float, name: str = "decay_steps") -> None:
    """Raises ValueError if a number of steps is not positive."""
    if value <= 0:
        raise ValueError(f"Argument `{name}` must be > 0. Received: {name}={value}")


class ExponentialDecay(LearningRateSchedule):
    """Exponential decay: initial_learning_rate * decay_rate ** (step / decay_steps).

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: number of steps in which the rate is multiplied by decay_rate.
        decay_rate: the factor.
        staircase: whether step / decay_steps is rounded down; False by default.
        name: stored in the config and not used otherwise; "ExponentialDecay" by default.

    Raises:
        ValueError: `decay_steps` is not positive.

    Source: Keras 3, `keras.optimizers.schedules.ExponentialDecay`.

    >>> float(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20))
    0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_decay_steps(decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        p = as_steps(step) / self.decay_steps
        return self.initial_learning_rate * by_kernel(
            _core.power, self.decay_rate, np.floor(p) if self.staircase else p
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant rate between boundaries: values[i] for boundaries[i - 1] < step <= boundaries[i].

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        boundaries: increasing steps.
        values: the rates, one more than boundaries.
        name: stored in the config and not used otherwise; "PiecewiseConstant" by default.

    Raises:
        ValueError: the lengths do not match.

    Source: Keras 3, `keras.optimizers.schedules.PiecewiseConstantDecay`.

    >>> PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1])(np.arange(6)).tolist()
    [1.0, 1.0, 1.0, 0.5, 0.5, 0.1]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. Received: "
                f"boundaries={boundaries} of length {len(boundaries)}, and values={values} of length {len(values)}."
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        values = np.asarray(self.values, dtype=np.float64)
        return values[np.searchsorted(np.asarray(self.boundaries, dtype=np.float64), as_steps(step), side="left")]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """Polynomial decay: (initial - end) * (1 - step / decay_steps) ** power + end.

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: number of steps in which the rate falls to end_learning_rate.
        end_learning_rate: the last rate; 0.0001 by default.
        power: exponent; 1 by default, linear decay.
        cycle: if False (the default), the rate stays at end_learning_rate after decay_steps. If True, decay_steps is
            replaced by its smallest multiple that is not less than the step.
        name: stored in the config and not used otherwise; "PolynomialDecay" by default.

    Raises:
        ValueError: `decay_steps` is not positive.

    Source: Keras 3, `keras.optimizers.schedules.PolynomialDecay`.

    >>> PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.0)([0, 2, 9]).tolist()
    [1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_decay_steps(decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step: Any) -> Any:
        at = as_steps(step)
        span: Any = float(self.decay_steps)
        if self.cycle:
            span = span * np.where(at == 0, 1.0, np.ceil(at / span))
        else:
            at = np.minimum(at, span)
        difference = self.initial_learning_rate - self.end_learning_rate
        return difference * by_kernel(_core.power, 1 - at / span, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """Decay by the inverse of time: initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: number of steps in which the denominator grows by decay_rate.
        decay_rate: growth of the denominator in decay_steps.
        staircase: whether step / decay_steps is rounded down; False by default.
        name: stored in the config and not used otherwise; "InverseTimeDecay" by default.

    Raises:
        ValueError: `decay_steps` is not positive.

    Source: Keras 3, `keras.optimizers.schedules.InverseTimeDecay`.

    >>> float(InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10))
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        check_decay_steps(decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        p = as_steps(step) / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (np.floor(p) if self.staircase else p))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }
