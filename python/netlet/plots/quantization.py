"""Histograms of the weights of a quantized model, before and after quantization."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet.quantizers.report import snr_of, statistics_of

from .style import GRID, MUTED, TRAINING, VALIDATION, plain, pyplot

COLUMNS = 3


def quantization(model: Any, figure: Any = None) -> Any:
    """Plots, for each quantized layer, histograms of its float weights and of the values of their codes.

    The title of a layer has its signal-to-noise ratio: each 6 dB halve the errors.

    Args:
        model: a Model after `quantize`. A model that was loaded from a file does not know its float weights.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: no layer of the model was quantized in this session.
        ImportError: matplotlib is not installed.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((64,)), netlet.layers.Dense(32, name="out")])
    >>> model.quantize("int4")
    >>> [axes] = quantization(model).axes
    >>> axes.get_title(loc="left")[:4]
    'out:'
    """
    layers = [layer for layer in model._flatten_layers(include_self=False) if statistics_of(layer)]
    if not layers:
        raise ValueError(
            f"quantization: expected a model after `quantize`, received model '{model.name}' without layers that were "
            "quantized in this session."
        )
    columns = min(COLUMNS, len(layers))
    rows = math.ceil(len(layers) / columns)
    if figure is None:
        figure = pyplot().figure(figsize=(4 * columns, 2.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for i, ax in enumerate(grid.flat):
        if i < len(layers):
            _draw(ax, layers[i])
        else:
            ax.set_visible(False)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9, labelcolor=MUTED)
    return figure


def _draw(ax: Any, layer: Any) -> None:
    statistics = statistics_of(layer)
    widest = max(statistics, key=lambda s: s.edges[-1])
    before, after = (_on(widest.edges, statistics, which) for which in ("before", "after"))
    ax.stairs(before, widest.edges, color=TRAINING, fill=True, alpha=0.35, label="float weights")
    ax.stairs(after, widest.edges, color=VALIDATION, linewidth=1, label="values of the codes")
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("weight", color=MUTED, fontsize=9)
    ax.set_ylabel("number", color=MUTED, fontsize=9)
    plain(ax, f"{layer.name}: {snr_of(statistics):.1f} dB")


def _on(edges: Any, statistics: Any, which: str) -> Any:
    """The histograms of several weights, added up in the widest one's bins."""
    total = np.zeros(len(edges) - 1)
    for found in statistics:
        middles = (found.edges[:-1] + found.edges[1:]) / 2
        total += np.histogram(middles, edges, weights=getattr(found, which))[0]
    return total
