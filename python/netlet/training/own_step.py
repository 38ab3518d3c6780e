"""Detects models that override `train_step`, `test_step`, `predict_step` or the methods that these call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netlet.base.tree import flatten
from netlet.layers.base.tracking import flatten_layers
from netlet.optimizers.base.optimizer import Optimizer

_F = TypeVar("_F", bound=Callable[..., Any])


def standard(method: _F) -> _F:
    """Marks a method as netlet's own, so that `overrides` can recognize an override."""
    method.standard = True  # type: ignore[attr-defined]
    return method


def overrides(model: Any, *methods: str) -> bool:
    """Whether the model overrides one of these methods, which are marked with `standard`."""
    return any(not getattr(getattr(model, name), "standard", False) for name in methods)


def has_own_step(model: Any, mode: str) -> bool:
    """Whether the model overrides the step of this mode ("train", "test" or "predict"); it need not call the model."""
    return overrides(model, f"{mode}_step")


def keeps_integers(model: Any, mode: str) -> bool:
    """Whether user code receives the targets; integer targets then stay integers, as in Keras."""
    return overrides(model, f"{mode}_step", "compute_loss", "compute_metrics")


def reports_logs(model: Any, mode: str) -> bool:
    """Whether the logs are what an overridden step or `compute_metrics` returns, and not the metrics alone."""
    return mode != "predict" and overrides(model, f"{mode}_step", "compute_metrics")


def optimizers_of(model: Any, mode: str) -> list[Optimizer]:
    """The optimizers that a step may use.

    Args:
        model: the Trainer.
        mode: "train", "test" or "predict".

    Returns:
        The compiled optimizer; for an overridden `train_step` all optimizers that are attributes (a GAN has two).
        Empty unless mode is "train".
    """
    if mode != "train":
        return []
    if not has_own_step(model, mode):
        return [] if model.optimizer is None else [model.optimizer]
    found: dict[int, Optimizer] = {}
    for layer in flatten_layers(model):
        for value in flatten([v for v in vars(layer).values() if isinstance(v, (Optimizer, list, tuple, dict))]):
            if isinstance(value, Optimizer):
                found[id(value)] = value
    return list(found.values())
