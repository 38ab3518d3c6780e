"""The fields that Trainer adds to a model. All other files of `training` use public methods only."""

from __future__ import annotations

from typing import Any

from .compiled_losses import CompiledLoss
from .state import StepState


def step_state(model: Any) -> StepState:
    """The step count, the order of the rows, and what has been tried to make the weights."""
    state: StepState = model._step_state
    return state


def recorded_steps(model: Any) -> Any:
    """The model's StepCache."""
    return model._steps


def compiled_loss(model: Any) -> CompiledLoss | None:
    """The losses that `compile` was given, matched with the model's outputs; None before the first step."""
    loss: CompiledLoss | None = model._compile_loss
    return loss
