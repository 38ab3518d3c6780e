"""Says why weights of a model with quantized layers receive no gradient."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .own_fields import all_layers


def check_gradients(model: Any, gradients: Sequence[Any]) -> None:
    """Raises or warns if gradients are missing because the model has quantized layers, through which none passes.

    Args:
        model: the model of a training step.
        gradients: of its trainable variables; None where there is none.

    Raises:
        ValueError: no variable has a gradient, and layers are quantized.
    """
    if all(g is not None for g in gradients):
        return
    names = layers_without_gradient(model)
    if not names:
        return
    why = f"no gradient passes through its quantized layers {names}"
    if all(g is None for g in gradients):
        raise ValueError(f"Model '{model.name}' cannot be trained: {why}. {ADVICE}")
    warnings.warn(f"Model '{model.name}': {why}, so layers before them do not train. {ADVICE}", stacklevel=3)


def untrainable(model: Any) -> str:
    """The warning for a model without trainable weights.

    Args:
        model: the model.
    """
    text = f"Model '{model.name}' has no trainable weights."
    names = layers_without_gradient(model)
    return f"{text} Its layers {names} are quantized. {ADVICE}" if names else text


ADVICE = "Train before `quantize`, or with codes: `quantizers.quantize_aware`."


def layers_without_gradient(model: Any) -> list[str]:
    """The names of the layers that compute with codes and do not train.

    Args:
        model: a model.

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, name="out")])
    >>> model.quantize("int8", only_if_faster=False)
    >>> layers_without_gradient(model)
    ['out']
    """
    return [
        layer.name
        for layer in all_layers(model)
        if layer.quantization_mode == "int8" and getattr(layer.quantization_config, "activations", None) is not None
    ]
