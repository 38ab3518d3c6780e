"""The outputs of a layer for one input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlet.base import tree
from netlet.models import Model

from .arguments import at_least
from .style import (
    CYCLE,
    DIVERGING,
    colour_bar,
    figure_or_new,
    heading,
    label_axes,
    picture_grid,
    plain,
    sequential_map,
    small_grid_lines,
)

COLUMNS = 8


def feature_maps(model: Any, x: Any, layer: Any, *, limit: int = 64, figure: Any = None) -> Any:
    """Plots the outputs of a layer for one input: what each channel of the layer responds to.

    A convolution's output (height, width, channels) becomes one picture for each channel, dark where the channel is
    active. Each picture has its own scale. A sequence (time, channels) becomes one heat map (blue is negative, red is
    positive), and a vector a bar chart.

    Args:
        model: a built functional or Sequential model.
        x: one input without or with a batch axis of size 1; for several inputs a list or dict of them.
        layer: the layer, its name, or its index in `model.layers`.
        limit: the most channels; default 64.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure.

    Raises:
        ValueError: a model without a graph, a layer that is not in it or is called several times, more than one input
            sample, or an output of another rank.
        ImportError: matplotlib is not installed.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((8, 8, 1)), netlet.layers.Conv2D(6, 3, name="conv")])
    >>> figure = feature_maps(model, np.ones((8, 8, 1)), "conv")
    >>> len(figure.axes), figure.axes[0].images[0].get_array().shape
    (6, (6, 6))
    """
    limit = at_least("feature_maps", "limit", limit, 1)
    found = _layer(model, layer)
    output = _output(model, found, x)
    name = found.name
    if output.ndim == 3:
        shown = min(output.shape[-1], limit)
        figure, grid = picture_grid(figure, shown, COLUMNS, 0.9, output.shape[0] / output.shape[1])
        for channel, ax in enumerate(grid):
            ax.imshow(output[:, :, channel], cmap="gray_r")
        of = f"{output.shape[-1]}" if shown == output.shape[-1] else f"{shown} of {output.shape[-1]}"
        heading(figure, f"{name}: {of} channels of {output.shape[0]} x {output.shape[1]}")
        return figure
    figure = figure_or_new(figure, (6, 3))
    ax = figure.subplots()
    if output.ndim == 2:
        part = output[:, :limit].T
        largest = float(np.abs(part).max(initial=0)) or 1.0
        signed = bool((part < 0).any())
        image = ax.imshow(
            part,
            aspect="auto",
            cmap=DIVERGING if signed else sequential_map(),
            vmin=-largest if signed else 0.0,
            vmax=largest,
            interpolation="nearest",
        )
        colour_bar(figure, image, ax, "output")
        for axis in (ax.xaxis, ax.yaxis):
            axis.get_major_locator().set_params(integer=True)
        label_axes(ax, "time step", "channel")
    else:
        ax.bar(np.arange(min(len(output), limit)), output[:limit], color=CYCLE[0])
        small_grid_lines(ax)
        label_axes(ax, "unit", "output")
    plain(ax, name)
    return figure


def _layer(model: Any, layer: Any) -> Any:
    """The layer object, from itself, a name or an index."""
    if not isinstance(model, Model):
        raise ValueError(f"feature_maps: expected a netlet model as `model`, received {type(model).__name__}.")
    if isinstance(layer, str):
        return model.get_layer(layer)
    if isinstance(layer, (int, np.integer)) and not isinstance(layer, bool):
        return model.get_layer(index=int(layer))
    if not any(layer is own for own in model.layers):
        received = getattr(layer, "name", type(layer).__name__)
        raise ValueError(
            f"feature_maps: expected `layer` to be a layer of model '{model.name}', its name or its index, received "
            f"{received!r}; the layers are {[own.name for own in model.layers]}."
        )
    return layer


def _output(model: Any, layer: Any, x: Any) -> NDArray[Any]:
    """The layer's output for one sample, without the batch axis."""
    try:
        structure, output = model.input, layer.output
    except AttributeError as error:
        raise ValueError(
            f"feature_maps: expected a built model with a graph, and a layer that is called once. {error}"
        ) from error
    if tree.is_nested(output) or not 2 <= len(output.shape) <= 4:
        raise ValueError(
            f"feature_maps: expected `layer` with one output of 2 to 4 axes, received '{layer.name}' with "
            f"{tree.map_structure(lambda t: t.shape, output)}."
        )
    symbols = tree.flatten(structure)
    given = tree.flatten(x) if tree.is_nested(structure) else [x]
    if len(given) != len(symbols):
        raise ValueError(f"feature_maps: expected {len(symbols)} arrays as `x`, received {len(given)}.")
    batch = tree.pack_like(structure, [_one(np.asarray(value), s.shape) for value, s in zip(given, symbols)])
    return np.asarray(Model(structure, output).predict(batch, verbose=0))[0].astype("float64")


def _one(value: NDArray[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """The value as a batch of one sample; a last axis of size 1 may be missing."""
    for batch in (value, value[None], value[..., None], value[None, ..., None]):
        fits = batch.ndim == len(shape) and all(want in (None, size) for want, size in zip(shape[1:], batch.shape[1:]))
        if fits and len(batch) == 1:
            return batch
    raise ValueError(f"feature_maps: expected one input of shape {shape[1:]} as `x`, received shape {value.shape}.")
