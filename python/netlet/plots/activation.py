"""Activation functions and their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlet import activations, ops
from netlet.engine.gradient_tape import GradientTape

from .arguments import interval
from .style import CYCLE, GRID, MUTED, axes_or_new, label_axes, legend, plain, small_grid_lines

POINTS = 801


def activation(
    *functions: str | Callable[..., Any], x: Sequence[float] = (-5, 5), derivative: bool = True, ax: Any = None
) -> Any:
    """Plots activation functions, and dashed in the same colour their derivatives, which netlet computes.

    Args:
        *functions: names such as "relu", functions of `netlet.activations` or `netlet.ops`, or layers without weights.
        x: (smallest, largest) input; default (-5, 5).
        derivative: whether to plot the derivatives; default True.
        ax: matplotlib axes to draw into; default new ones.

    Returns:
        The axes.

    Raises:
        ValueError: no function, an unknown name, a function whose output has another shape or whose derivative is
            unknown: a step, a constant, or one that does not compute with netlet's ops.
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = activation("relu", "tanh")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['relu', 'tanh', 'derivative']
    """
    if not functions:
        raise ValueError('activation: expected at least one function, such as "relu", received none.')
    inputs = np.linspace(*interval("activation", "x", x), POINTS, dtype="float32")
    found = [(_name(function), *_values(function, inputs, derivative)) for function in functions]
    ax = axes_or_new(ax, (5.4, 3.8))
    for zero in (ax.axhline, ax.axvline):
        zero(0, color=GRID, linewidth=1.4, zorder=0.5)
    for i, (name, values, slopes) in enumerate(found):
        colour = CYCLE[i % len(CYCLE)]
        ax.plot(inputs, values, color=colour, linewidth=1.8, label=name)
        if slopes is not None:
            ax.plot(inputs, slopes, color=colour, linewidth=1.3, linestyle="--")
    if derivative:
        ax.plot([], [], color=MUTED, linewidth=1.3, linestyle="--", label="derivative")
    small_grid_lines(ax)
    ax.margins(x=0)
    label_axes(ax, "input", "output")
    plain(ax, found[0][0] if len(found) == 1 else "Activations")
    legend(ax)
    return ax


def _name(function: Any) -> str:
    if isinstance(function, str):
        return function
    return str(getattr(function, "__name__", None) or getattr(function, "name", type(function).__name__))


def _values(function: Any, inputs: NDArray[np.float32], derivative: bool) -> tuple[Any, Any]:
    """(outputs, derivatives or None) at the inputs."""
    call = activations.get(function)
    batch = ops.convert_to_tensor(inputs[:, None])  # samples of one number
    with GradientTape() as tape:
        tape.watch(batch)
        output = call(batch)
    if tuple(np.shape(output)) != (len(inputs), 1):
        raise ValueError(
            f"activation: expected {_name(function)!r} to return one output for each input, received shape "
            f"{tuple(np.shape(output))} for {(len(inputs), 1)}."
        )
    if not derivative:
        return np.asarray(output)[:, 0], None
    slope = tape.gradient(output, batch) if isinstance(output, type(batch)) else None
    if slope is None:
        raise ValueError(
            f"activation: expected {_name(function)!r} to have a derivative that netlet computes, received a step or a "
            "constant, or a function that leaves netlet.ops; derivative=False plots it without."
        )
    return np.asarray(output)[:, 0], np.asarray(slope)[:, 0]
