"""Which layers of a model are quantized."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from netlet.layers.base.quantization.modes import config_of_layer
from netlet.layers.base.quantization.quantizable import check_ready, no_class, units_of
from netlet.layers.base.quantization.quantized_classes import quantized_class
from netlet.layers.normalization.spectral_normalization import SpectralNormalization

from .record import LayerRecord, own_bytes

Filters = str | Sequence[str] | Callable[[Any], bool] | None


def wanted_by(filters: Filters) -> Callable[[Any], bool]:
    """The function that `filters` stands for.

    Args:
        filters: regular expression that is searched for in a layer's name, a sequence of them, one of which must be
            found, or a function of the layer; None: all layers.

    Raises:
        ValueError: something else, or a damaged regular expression.

    >>> from netlet import layers
    >>> wanted_by(["conv", "^head"])(layers.Dense(2, name="head_1"))
    True
    """
    if filters is None:
        return lambda layer: True
    if callable(filters):
        return lambda layer: bool(filters(layer))
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, (list, tuple)) or not all(isinstance(p, str) for p in patterns):
        raise ValueError(
            "quantize(filters=): expected a regular expression, a list of them, or a function of a layer, received "
            f"{filters!r}."
        )
    try:
        compiled = [re.compile(p) for p in patterns]
    except re.error as error:
        raise ValueError(f"quantize(filters=): expected regular expressions, received {filters!r}: {error}.") from None
    return lambda layer: any(p.search(layer.name) for p in compiled)


def select(model: Any, config: Any, filters: Filters) -> tuple[list[Any], list[LayerRecord]]:
    """The layers to quantize, and a record of each other layer that has weights.

    Args:
        model: the model, built.
        config: an Int8Config.
        filters: see `wanted_by`.

    Returns:
        (layers, records of those that stay float). Layers that are quantized already and left out now are in neither.

    Raises:
        ValueError: the model is not built; a selected layer is quantized already.
    """
    if not model.built:
        raise ValueError(
            f"Model '{model.name}' is not built: it has no weights to quantize. Call it, or `build`, first."
        )
    wanted, found, left = wanted_by(filters), [], []
    for layer in units_of(model):
        if layer.quantization_mode is not None and not wanted(layer):
            continue  # an earlier call has quantized it
        why = None if wanted(layer) else "left out by `filters`"
        if why is None and layer.built:
            check_ready(layer)
        why = why or why_not(model, layer, config_of_layer(layer, config))
        if why is None:
            found.append(layer)
        else:
            size = own_bytes(layer)
            left.append(LayerRecord(layer, f"float: {why}", False, size, size))
    return found, left


def warn_if_none(model: Any, filters: Filters) -> None:
    """Warns if `filters` leaves out all layers, which is usually a typing error.

    Args:
        model: the model.
        filters: see `wanted_by`.
    """
    wanted, units = wanted_by(filters), units_of(model)
    if units and not any(wanted(layer) for layer in units):
        names = [layer.name for layer in units]
        warnings.warn(
            f"Model '{model.name}'.quantize(filters={filters!r}) selects no layer: those with weights are {names}.",
            stacklevel=4,
        )


def why_not(model: Any, layer: Any, config: Any) -> str | None:
    """Why a layer stays float; None if it can be quantized."""
    quantized = quantized_class(type(layer), config.scheme)
    if not layer.built:
        return "it is not built"
    if quantized is None:
        return no_class(type(layer), config)
    holders = [m for m in model._flatten_layers() if isinstance(m, SpectralNormalization) and m.layer is layer]
    if holders:
        return f"'{holders[0].name}' normalizes its kernel in each training step"
    why: str | None = quantized.why_not(layer, config)
    return why
