"""The learning rates of a model's optimizer, or of each optimizer in a MultiOptimizer."""

from __future__ import annotations

from typing import Any


def optimizers_by_suffix(model: Any) -> dict[str, Any]:
    """Returns {suffix of its name in logs: optimizer}: {"": the optimizer}, or {"_adam": ...} for each of several.

    Args:
        model: the model that is trained.

    Raises:
        ValueError: an optimizer has no learning rate.
    """
    several = getattr(model.optimizer, "optimizers", None)
    found = {"": model.optimizer} if several is None else {f"_{o.name}": o for o in several}
    if not all(hasattr(optimizer, "learning_rate") for optimizer in found.values()):
        raise ValueError('Optimizer must have a "learning_rate" attribute.')
    return found


def log_learning_rates(model: Any, logs: dict[str, Any]) -> None:
    """Adds "learning_rate", or "learning_rate_adam" and so on for several optimizers, to the logs."""
    for suffix, optimizer in optimizers_by_suffix(model).items():
        logs[f"learning_rate{suffix}"] = float(optimizer.learning_rate)
