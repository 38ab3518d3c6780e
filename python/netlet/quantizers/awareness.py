"""Quantization-aware training: models that train with the codes that they will compute with."""

from __future__ import annotations

from typing import Any

from netlet.layers.base.quantization.aware_config import AwareConfig
from netlet.layers.base.quantization.int8_config import Int8Config
from netlet.layers.base.quantization.quantizable import units_of
from netlet.layers.quantized.aware.aware_layer import Aware


def quantize_aware(model: Any, config: Any = None, filters: Any = None) -> Any:
    """Makes a model train with 8-bit codes: it computes with the integers of the quantized model, in place.

    Batch normalizations are folded into the products before them, which train on with the folded weights. Weights stay
    float; each call makes codes of them and of the inputs of layers, and gradients go straight through the rounding.
    It is usual to fine-tune a trained model for a few epochs with a small learning rate. Then `model.quantize("int8")`,
    without a config, gives the integer model with the same outputs.

    A compiled model gets a new optimizer, since the old one has the weights before the folding.

    Args:
        model: a Model, built.
        config: an `AwareConfig`, or an `Int8Config` with activations; None (the default): `AwareConfig()`.
        filters: which layers, as for `Model.quantize`; None (the default): all.

    Returns:
        The model.

    Raises:
        ValueError: as `Model.quantize`; the model is aware already.
        TypeError: `model` is no Model; `config` is no Int8Config.

    Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", 2018.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> type(quantize_aware(model).layers[0]).__name__
    'AwareDense'
    >>> model.quantize("int8")
    >>> type(model.layers[0]).__name__
    'Int8Dense'
    """
    if not hasattr(model, "quantization_report"):
        raise TypeError(f"quantize_aware: expected `model` to be a Model, received {model!r}.")
    config = AwareConfig() if config is None else config
    if not isinstance(config, Int8Config):
        raise TypeError(f"quantize_aware: expected `config` to be an AwareConfig or None, received {config!r}.")
    found = aware_layers(model)
    if found:
        raise ValueError(
            f"Model '{model.name}' is quantization-aware already: layer '{found[0].name}' trains with "
            f"{found[0].quantization_config!r}."
        )
    model.quantize(AwareConfig.mode, AwareConfig.of(config), filters, only_if_faster=False)
    return model


def freeze_ranges(model: Any) -> None:
    """Keeps the observed ranges of the inputs of a model's aware layers as they are, from the next step on.

    Args:
        model: a model that `quantize_aware` has changed.

    Raises:
        ValueError: it has no aware layers.

    >>> import numpy as np
    >>> import netlet
    >>> x = np.ones((4, 3), "float32")
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    >>> config = AwareConfig("static", observer="moving_average", calibration=x)
    >>> freeze_ranges(quantize_aware(model, config))
    """
    found = aware_layers(model)
    if not found:
        raise ValueError(f"Model '{model.name}' has no quantization-aware layers: call `quantize_aware` first.")
    for layer in found:
        layer.freeze_range()


def aware_layers(model: Any) -> list[Any]:
    """The layers of a model that train with codes."""
    return [layer for layer in units_of(model) if isinstance(layer, Aware)]


def check_trained(model: Any, mode: Any, config: Any) -> None:
    """Raises ValueError if an aware model is quantized with another mode or config than it has trained with."""
    if mode not in (None, "int8") or config is not None:
        raise ValueError(
            f"Model '{model.name}' has trained with codes: expected quantize('int8') without a config, received mode "
            f"{mode!r} and {config!r}."
        )
