"""Learning rates that rise and fall: OneCycle and Cyclic, after PyTorch's schedulers."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from .learning_rate_schedule import LearningRateSchedule, as_steps, by_kernel, check_decay_steps


class OneCycle(LearningRateSchedule):
    """One rise to the largest rate and a long fall far below the first one.

    From max_learning_rate / div_factor the rate rises for pct_start * total_steps - 1 steps, then it falls to
    max_learning_rate / div_factor / final_div_factor, which it reaches in step total_steps - 1 and keeps. Called with a
    step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        max_learning_rate: the largest rate.
        total_steps: number of steps of the training: steps of an epoch times epochs.
        pct_start: fraction of the steps in which the rate rises, between 0 and 1; 0.3 by default.
        anneal_strategy: "cos" (the default) for halves of a cosine, "linear" for straight lines.
        div_factor: the largest rate divided by the first; 25 by default.
        final_div_factor: the first rate divided by the last; 1e4 by default.
        three_phase: whether the rate falls to the first rate in as many steps as it has risen, before it falls to the
            last one; False by default.
        name: stored in the config and not used otherwise; "OneCycle" by default.

    Raises:
        ValueError: a value outside its range.

    Source: Smith and Topin, 2019; `torch.optim.lr_scheduler.OneCycleLR`, without its cycle of the momentum.

    >>> OneCycle(1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear")([0, 2, 4.5, 10]).round(3).tolist()
    [0.04, 0.467, 1.0, 0.0]
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        name: str = "OneCycle",
    ) -> None:
        check_decay_steps(total_steps, "total_steps")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"Argument `pct_start` must be between 0 and 1. Received: pct_start={pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"Argument `anneal_strategy`: expected 'cos' or 'linear', received {anneal_strategy!r}.")
        self.max_learning_rate, self.total_steps, self.pct_start = max_learning_rate, total_steps, pct_start
        self.anneal_strategy, self.three_phase, self.name = anneal_strategy, three_phase, name
        self.div_factor, self.final_div_factor = div_factor, final_div_factor

    def __call__(self, step: Any) -> Any:
        first = self.max_learning_rate / self.div_factor
        last, top = first / self.final_div_factor, self.max_learning_rate
        peak, end = float(self.pct_start * self.total_steps) - 1, float(self.total_steps) - 1
        ends, rates = [0.0, peak, end], [first, top, last]
        if self.three_phase:
            ends, rates = [0.0, peak, 2 * peak, end], [first, top, first, last]
        at = np.minimum(as_steps(step), end)
        phase = np.clip(np.searchsorted(np.asarray(ends[1:-1]), at, side="left"), 0, len(ends) - 2)
        begins, stops = np.asarray(ends)[phase], np.asarray(ends)[phase + 1]
        fraction = (at - begins) / np.where(stops == begins, 1.0, stops - begins)
        if self.anneal_strategy == "cos":
            fraction = (1 - by_kernel(_core.cos, np.pi * fraction)) / 2
        low, high = np.asarray(rates)[phase], np.asarray(rates)[phase + 1]
        return low + (high - low) * fraction

    def get_config(self) -> dict[str, Any]:
        return {
            "max_learning_rate": self.max_learning_rate,
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "anneal_strategy": self.anneal_strategy,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "three_phase": self.three_phase,
            "name": self.name,
        }


class Cyclic(LearningRateSchedule):
    """A rate that goes up and down between two rates along straight lines.

    Called with a step (from 0) or an array of steps, it returns the rate, float64, in the same shape.

    Args:
        base_learning_rate: the smallest rate, at step 0.
        max_learning_rate: the largest rate of the first cycle.
        step_size_up: number of steps of a rise; 2000 by default.
        step_size_down: number of steps of a fall; None (the default): that of a rise.
        mode: "triangular" (the default) for cycles of equal height, "triangular2" for halves of the height before,
            "exp_range" for a height that is multiplied by gamma in each step.
        gamma: see mode; 1 by default.
        name: stored in the config and not used otherwise; "Cyclic" by default.

    Raises:
        ValueError: a number of steps that is not positive, or an unknown mode.

    Source: Smith, 2017; `torch.optim.lr_scheduler.CyclicLR`, without its cycle of the momentum.

    >>> Cyclic(0.0, 1.0, step_size_up=2, mode="triangular2")(np.arange(8)).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25]
    """

    def __init__(
        self,
        base_learning_rate: float,
        max_learning_rate: float,
        step_size_up: float = 2000,
        step_size_down: float | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        name: str = "Cyclic",
    ) -> None:
        check_decay_steps(step_size_up, "step_size_up")
        if step_size_down is not None:
            check_decay_steps(step_size_down, "step_size_down")
        if mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"Argument `mode`: expected 'triangular', 'triangular2' or 'exp_range', received {mode!r}."
            )
        self.base_learning_rate, self.max_learning_rate = base_learning_rate, max_learning_rate
        self.step_size_up, self.step_size_down = step_size_up, step_size_down
        self.mode, self.gamma, self.name = mode, gamma, name

    def __call__(self, step: Any) -> Any:
        at, up = as_steps(step), float(self.step_size_up)
        down = up if self.step_size_down is None else float(self.step_size_down)
        cycle = np.floor(at / (up + down))
        inside = at - cycle * (up + down)
        height = np.where(inside <= up, inside / up, (up + down - inside) / down)
        if self.mode == "triangular2":
            height = height / 2.0**cycle
        elif self.mode == "exp_range":
            height = height * float(self.gamma) ** at
        return self.base_learning_rate + (self.max_learning_rate - self.base_learning_rate) * height

    def get_config(self) -> dict[str, Any]:
        return {
            "base_learning_rate": self.base_learning_rate,
            "max_learning_rate": self.max_learning_rate,
            "step_size_up": self.step_size_up,
            "step_size_down": self.step_size_down,
            "mode": self.mode,
            "gamma": self.gamma,
            "name": self.name,
        }
