"""The report of a quantized model: what was done with each layer, and what it costs and gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from netlet.layers.base.quantization.quantizable import units_of
from netlet.layers.quantized.aware.aware_layer import Aware
from netlet.layers.quantized.base.quantized_layer import QuantizedLayer
from netlet.layers.quantized.base.weight_statistics import WeightStatistics, decibels

from .record import LayerRecord, own_bytes
from .timing import seconds_text

HEAD = ("layer", "done", "bytes", "after", "scale", "SNR", "saturated", "time", "after")


class LayerReport(NamedTuple):
    """One layer of a quantized model.

    Attributes:
        layer: its name.
        done: what was done with it, or why it stays float.
        bytes_before: size of its weights as floats.
        bytes_after: their size now.
        scale: the largest scale of its weights: the step between two codes. None for a float layer.
        snr_db: signal-to-noise ratio of its weights in decibels: their squares over those of the errors. None where
            the float weights are not known, e.g. in a model that was loaded.
        saturated: with static activations: the fraction of its inputs in the calibration data beyond the codes' range.
        seconds_before: time of the float layer for a batch of 32, if it was measured (`only_if_faster`).
        seconds_after: time of the quantized layer, likewise.

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((64,)), netlet.layers.Dense(32)])
    >>> model.quantize("int8", only_if_faster=False)
    >>> row = model.quantization_report()[0]
    >>> row.bytes_before, row.bytes_after < row.bytes_before / 2
    (8320, True)
    """

    layer: str
    done: str
    bytes_before: int
    bytes_after: int
    scale: float | None
    snr_db: float | None
    saturated: float | None
    seconds_before: float | None
    seconds_after: float | None

    def cells(self) -> list[str]:
        """The row of the table.

        Returns:
            list of texts, one for each column of `HEAD`; "" for None.
        """
        return [
            self.layer,
            self.done,
            bytes_text(self.bytes_before),
            bytes_text(self.bytes_after),
            "" if self.scale is None else f"{self.scale:.3g}",
            "" if self.snr_db is None else f"{self.snr_db:.1f} dB",
            "" if self.saturated is None else f"{100 * self.saturated:.2g} %",
            *("" if s is None else seconds_text(s) for s in (self.seconds_before, self.seconds_after)),
        ]


class QuantizationReport(list[LayerReport]):
    """A list of `LayerReport`, one for each layer with weights. `str()` is an aligned table with units.

    `Model.quantization_report` returns it.

    Args:
        *args: nothing, or the rows, an iterable of `LayerReport`.

    >>> row = LayerReport("dense", "int8, dynamic", 8320, 2304, 0.002, 40.0, None, None, None)
    >>> print(QuantizationReport([row]))
    layer  done               bytes     after  scale      SNR
    ---------------------------------------------------------
    dense  int8, dynamic  8.125 KiB  2.25 KiB  0.002  40.0 dB
    ---------------------------------------------------------
    sum                   8.125 KiB  2.25 KiB
    """

    def __str__(self) -> str:
        sizes = [sum(row.bytes_before for row in self), sum(row.bytes_after for row in self)]
        total = ["sum", "", *map(bytes_text, sizes), "", "", "", "", ""]
        rows = [list(HEAD), *(row.cells() for row in self), total]
        used = [i for i in range(len(HEAD)) if any(row[i] for row in rows[1:])]
        widths = {i: max(len(row[i]) for row in rows) for i in used}
        lines = [
            "  ".join(row[i].ljust(widths[i]) if i < 2 else row[i].rjust(widths[i]) for i in used).rstrip()
            for row in rows
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def report_of(model: Any) -> QuantizationReport:
    """The report of a model.

    Args:
        model: a Model of which layers are quantized.

    Raises:
        ValueError: no layer of it is quantized, and `quantize` was not called.
    """
    records = model.__dict__.get("_quantization_records")
    if records is None and not (records := _found(model)):
        raise ValueError(f"Model '{model.name}': expected a model after `quantize`, received one without 8-bit layers.")
    return QuantizationReport(_row(record) for record in records)


def with_earlier(
    model: Any, records: Sequence[LayerRecord], earlier: Sequence[LayerRecord] | None
) -> list[LayerRecord]:
    """The records of a call of `quantize` with those of layers that were quantized before it.

    Args:
        model: the model.
        records: those of the call.
        earlier: those of earlier calls; None for none, e.g. for a model that was loaded.

    Returns:
        A list in the order of the model's layers.
    """
    place = {id(layer): i for i, layer in enumerate(model._flatten_layers())}
    found: dict[int, LayerRecord] = {}
    for record in (*(r for r in (*_found(model), *(earlier or ())) if r.quantized), *records):
        if id(record.layer) in place:
            found[id(record.layer)] = record
    return sorted(found.values(), key=lambda record: place[id(record.layer)])


def statistics_of(layer: Any) -> list[WeightStatistics]:
    """The statistics of the weights that were quantized in a layer or in the parts that it makes itself.

    Args:
        layer: any layer.
    """
    return [found for part in _parts(layer) for found in part._weight_statistics.values()]


def snr_of(statistics: Sequence[WeightStatistics]) -> float | None:
    """The signal-to-noise ratio of weights together, in decibels; None for no weights.

    Args:
        statistics: those of each weight.
    """
    if not statistics:
        return None
    return decibels(sum(s.signal for s in statistics), sum(s.noise for s in statistics))


def bytes_text(size: int) -> str:
    """A size with a unit.

    >>> bytes_text(512), bytes_text(1_572_864), bytes_text(2048)
    ('512 B', '1.5 MiB', '2 KiB')
    """
    for power, unit in ((2, "MiB"), (1, "KiB")):
        if size >= 1024**power:
            return f"{size / 1024**power:.4g} {unit}"
    return f"{size} B"


def _parts(layer: Any) -> list[QuantizedLayer]:
    """The layer, or the cells that it makes itself, if they have codes."""
    if isinstance(layer, QuantizedLayer):
        return [layer]
    own = getattr(layer, "cell", None) if layer.quantization_mode is not None else None
    return [own] if isinstance(own, QuantizedLayer) else []


def _row(record: LayerRecord) -> LayerReport:
    layer = record.layer
    scales = [float(part._codes_of(name)[1].numpy().max()) for part in _parts(layer) for name in part._coded]
    return LayerReport(
        layer.name,
        record.done,
        record.bytes_before,
        record.bytes_after,
        max(scales) if scales else None,
        snr_of(statistics_of(layer)),
        record.saturated,
        record.seconds_before,
        record.seconds_after,
    )


def _found(model: Any) -> list[LayerRecord]:
    """Records of a model that was quantized before it was saved; empty if it has no quantized layer."""
    found, any_quantized = [], False
    for layer in units_of(model):
        parts = _parts(layer)
        after = own_bytes(layer)
        before = sum(4 * int(np.prod(part._floats(name).shape)) for part in parts for name in part._coded)
        coded = {id(v) for part in parts for name in part._coded for v in part._codes_of(name)}
        own = ("input_scale", "input_zero_point")  # no float layer has them
        coded |= {id(getattr(part, name, None)) for part in parts for name in own}
        rest = sum(v.numpy().nbytes for part in parts for v in part._all_own_variables() if id(v) not in coded)
        done = "float"
        if parts:
            any_quantized = True
            done = f"{layer.quantization_mode}, {layer.quantization_config.activations or 'weights only'}"
        smaller = bool(parts) and not isinstance(layer, Aware)  # an aware layer has its float weights
        found.append(LayerRecord(layer, done, bool(parts), before + rest if smaller else after, after))
    return found if any_quantized else []
