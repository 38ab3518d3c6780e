"""Access to the private fields that Trainer adds to a model, for the other files of `training`."""

from __future__ import annotations

from typing import Any

from netlet.base.exclusive import ExclusiveUse

from .compiled_losses import CompiledLoss
from .state import StepState


def step_state(model: Any) -> StepState:
    """The model's step count, shuffle order and record of trial calls."""
    state: StepState = model._step_state
    return state


def exclusive_use(model: Any) -> ExclusiveUse:
    """The lock of the threads that use the model."""
    use: ExclusiveUse = model._exclusive
    return use


def recorded_steps(model: Any) -> Any:
    """The model's StepCache."""
    return model._steps


def steps_eagerly(model: Any, mode: str) -> bool:
    """Whether steps of this mode run in Python for every batch: asked for by `compile`, or since an op needs values."""
    return bool(model.run_eagerly) or mode in model._steps.eager_modes


def compiled_loss(model: Any) -> CompiledLoss | None:
    """The losses of `compile`, matched with the model's outputs; None before the first step."""
    loss: CompiledLoss | None = model._compile_loss
    return loss


def all_layers(model: Any) -> list[Any]:
    """The layers of the model and those inside them."""
    layers: list[Any] = model._flatten_layers(include_self=False)
    return layers


def set_device(model: Any, name: str) -> None:
    """Notes the device on which the model's state is."""
    model._device = name
