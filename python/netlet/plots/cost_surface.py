"""Contours of a cost over two parameters, and the path of a descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import at_least, interval, numbers
from .style import INK, VALIDATION, axes_or_new, colour_bar, label_axes, legend, plain, sequential_map

POINTS = (121, 119)  # not equal, so that a function that broadcasts wrongly is noticed
POINTS_ONE_BY_ONE = (61, 59)


def cost_surface(
    cost: Callable[..., Any],
    x_range: Sequence[float],
    y_range: Sequence[float],
    *,
    path: ArrayLike | None = None,
    ax: Any = None,
    levels: int | Sequence[float] = 30,
) -> Any:
    """Plots contours of a cost of two parameters, and the path that a descent took on it.

    Args:
        cost: function of two numbers, cost(x, y). It is called with two arrays; if that fails or returns another shape,
            it is called with two floats for each of 3,599 points.
        x_range: (smallest, largest) x.
        y_range: (smallest, largest) y.
        path: points (x, y) of a descent in their order, (steps, 2); default none.
        ax: matplotlib axes to draw into; default new ones.
        levels: number of contours, or their values in increasing order; default 30. A number makes contours that
            are closer where the cost is small, evenly spaced for a quadratic bowl.

    Returns:
        The axes.

    Raises:
        ValueError: a range that is not (smallest, largest), a path of another shape, or a cost that is nowhere finite.
        ImportError: matplotlib is not installed.

    Example:

    >>> ax = cost_surface(lambda w, b: w**2 + 4 * b**2, (-2, 2), (-1, 1), path=[[2, 1], [1, 0.2], [0, 0]])
    >>> ax.get_lines()[0].get_xydata().tolist()
    [[2.0, 1.0], [1.0, 0.2], [0.0, 0.0]]
    """
    ranges = interval("cost_surface", "x_range", x_range), interval("cost_surface", "y_range", y_range)
    steps = None if path is None else numbers("cost_surface", "path", path)
    if steps is not None and (steps.ndim != 2 or steps.shape[1] != 2 or not len(steps)):
        raise ValueError(f"cost_surface: expected `path` of shape (steps, 2), received {steps.shape}.")
    across, up, values = _values(cost, ranges)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("cost_surface: expected a `cost` that is finite somewhere, received no finite value.")
    ax = axes_or_new(ax, (5.2, 4.2))
    heights = _levels(levels, float(finite.min()), float(finite.max()))
    from matplotlib.colors import BoundaryNorm

    masked = np.ma.masked_invalid(values)
    colours = sequential_map(max(256, len(heights))).reversed()
    area = ax.contourf(across, up, masked, levels=heights, cmap=colours, norm=BoundaryNorm(heights, colours.N))
    ax.contour(across, up, masked, levels=heights, colors="white", linewidths=0.5, alpha=0.7)
    colour_bar(ax.figure, area, ax, "cost", format="%.3g", ticks=heights[:: max(1, len(heights) // 6)])
    if steps is not None:
        ax.plot(*steps.T, color=VALIDATION, linewidth=1.6, marker="o", markersize=3, label="descent")
        ax.plot(*steps[0], "o", color="white", markeredgecolor=INK, markersize=7, label="start", linestyle="none")
        ax.plot(*steps[-1], "*", color=VALIDATION, markeredgecolor=INK, markersize=12, label="end", linestyle="none")
        legend(ax, loc="upper right", facecolor="white")
        ax.get_legend().set_frame_on(True)
        ax.get_legend().get_frame().set(alpha=0.85, linewidth=0)
    ax.set_xlim(*ranges[0])
    ax.set_ylim(*ranges[1])
    label_axes(ax, "x", "y")
    plain(ax, "Cost")
    return ax


def _values(cost: Any, ranges: Sequence[tuple[float, float]]) -> tuple[Any, Any, NDArray[np.float64]]:
    """(x, y, costs (y, x)) on a grid, from one call with arrays or from one call for each point."""
    across, up = (np.linspace(low, high, count) for (low, high), count in zip(ranges, POINTS))
    grid = np.meshgrid(across, up)
    try:
        found = np.asarray(cost(*grid), "float64")
    except (TypeError, ValueError, IndexError):
        found = np.zeros(())
    if found.shape == grid[0].shape:
        return across, up, found
    across, up = (np.linspace(low, high, count) for (low, high), count in zip(ranges, POINTS_ONE_BY_ONE))
    return across, up, np.array([[float(cost(float(a), float(b))) for a in across] for b in up])


def _levels(levels: int | Sequence[float], low: float, high: float) -> NDArray[np.float64]:
    """The contours' values."""
    if not isinstance(levels, (int, np.integer)):
        given = numbers("cost_surface", "levels", levels)
        if given.ndim != 1 or len(given) < 2 or not (np.diff(given) > 0).all():
            raise ValueError(
                f"cost_surface: expected `levels` as a number or at least two increasing values, received {levels!r}."
            )
        return given
    at_least("cost_surface", "levels", levels, 2)
    if high <= low:  # a flat surface
        high = low + max(abs(low), 1.0) * 1e-6
    return low + (high - low) * np.linspace(0, 1, int(levels)) ** 2
