"""Post-training quantization: replaces the layers of a trained model by 8-bit ones, in place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from netlet.layers.base.quantization.adopting import adopt_all
from netlet.layers.base.quantization.int8_config import Int8Config
from netlet.layers.base.quantization.modes import config_for, config_of_layer
from netlet.layers.base.quantization.quantizable import no_class, units_of
from netlet.layers.base.quantization.quantized_classes import quantized_class
from netlet.layers.quantized.aware.aware_layer import Aware
from netlet.layers.quantized.int8.folded_normalization import FoldedNormalization

from .awareness import aware_layers, check_trained
from .calibration import Repeatable, ranges_of, saturation_of
from .norm_folding import foldable, folded_weights
from .record import LayerRecord, own_bytes
from .selection import Filters, select, wanted_by, warn_if_none

# review(record, layer, its quantized twin) -> why the layer stays float, or None. It may add facts to the record.
Review = Callable[[LayerRecord, Any, Any], str | None]


def quantize_model(
    model: Any, mode: Any = "int8", config: Any = None, filters: Filters = None, review: Review | None = None
) -> list[LayerRecord]:
    """Quantizes the layers of a model, in place. If it raises, the model does not change.

    Args:
        model: a Model, built.
        mode: "int8".
        config: an Int8Config; None (the default): that of the mode.
        filters: which layers; see `selection.wanted_by`.
        review: called with each layer before anything changes; None (the default): all are quantized.

    Returns:
        A record of each layer that has weights, except those that an earlier call has quantized.

    Raises:
        ValueError: as `Model.quantize`.
    """
    if aware_layers(model):
        check_trained(model, mode, config)
        warn_if_none(model, filters)
        return _trained(model, filters)
    config = config_for(mode, config)
    selected, records = select(model, config, filters)
    warn_if_none(model, filters)
    numeric = [layer for layer in selected if not layer.reads_indices]
    if config.activations == "static" and isinstance(config.calibration, Iterator):
        config = copy.copy(config)
        config.calibration = Repeatable(config.calibration)
    ranges = ranges_of(model, numeric, config)
    saturated = saturation_of(model, numeric, ranges, config)
    norms = {id(product): norm for product, norm in foldable(model, selected)}
    changes: list[tuple[Any, Any]] = []
    for layer in selected:
        norm, found = norms.get(id(layer)), ranges.get(id(layer))
        own = config_of_layer(layer, config)
        if own.activations == "static" and found is None:
            records.append(_float(layer, "the calibration data do not reach it"))
            continue
        weights = None if norm is None else folded_weights(layer, norm)
        twin = quantized_class(type(layer), own.scheme).twin(layer, own, found, weights)
        record = LayerRecord(layer, _done(own), True, own_bytes(layer), own_bytes(twin), found)
        record.saturated = saturated.get(id(layer))
        records.append(record)
        why = None if review is None else review(record, layer, twin)
        if why is not None:
            record.stay_float(why)
            continue
        changes.append((layer, twin))
        if norm is not None:
            changes.append((norm, FoldedNormalization.twin(norm)))
            records = [r for r in records if r.layer is not norm]
            records.append(LayerRecord(norm, f"folded into '{layer.name}'", True, own_bytes(norm), 0))
    adopt_all(changes)
    return records


def _trained(model: Any, filters: Filters) -> list[LayerRecord]:
    """Makes aware layers the quantized layers that compute the same numbers."""
    wanted = wanted_by(filters)
    changes, records = [], []
    for layer in units_of(model):
        size = own_bytes(layer)
        if not isinstance(layer, Aware) and layer.quantization_mode is not None:
            continue  # an earlier call has quantized it
        if not isinstance(layer, Aware):
            known = quantized_class(type(layer), Int8Config().scheme)
            why = "it has not trained with codes" if known else no_class(type(layer), Int8Config())
            records.append(_float(layer, why))
        elif not wanted(layer):
            records.append(LayerRecord(layer, "aware: left out by `filters`", False, size, size))
        else:
            twin = layer.trained_twin()
            changes.append((layer, twin))
            records.append(
                LayerRecord(layer, f"{_done(twin.quantization_config)}, trained", True, size, own_bytes(twin))
            )
    adopt_all(changes)
    return records


def _float(layer: Any, why: str) -> LayerRecord:
    return LayerRecord(layer, f"float: {why}", False, own_bytes(layer), own_bytes(layer))


def _done(config: Any) -> str:
    return f"{config.mode}, {config.activations or 'weights only'}"
