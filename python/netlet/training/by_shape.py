"""Names of losses and metrics that mean different ones for different shapes: "accuracy", "crossentropy"."""

from __future__ import annotations

from typing import Any

ACCURACY = ("accuracy", "acc")
CROSSENTROPY = ("crossentropy", "ce")


def is_name(spec: Any, names: tuple[str, ...]) -> bool:
    """Whether a loss or metric in `compile` is one of the names, in upper or lower case."""
    return isinstance(spec, str) and spec.lower() in names


def kind_of(y_true: Any, y_pred: Any) -> str:
    """The kind of classification that the shapes of targets and predictions fit, as in Keras.

    Args:
        y_true: targets, or anything else with a shape.
        y_pred: predictions.

    Returns:
        "Binary" if the predictions' last axis has size 1, "SparseCategorical" if the targets are labels, else
        "Categorical".
    """
    if y_pred.shape[-1] == 1:
        return "Binary"
    labels = len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 < y_pred.shape[-1])
    return "SparseCategorical" if labels else "Categorical"
