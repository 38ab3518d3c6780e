"""The kernels of a convolution as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import at_least, numbers
from .style import DIVERGING, heading, picture_grid

COLUMNS = 16


def filters(layer: Any, *, limit: int = 64, figure: Any = None) -> Any:
    """Plots the kernels of a convolution as a grid of pictures: what each filter looks for.

    Blue is negative, white is zero, red is positive, on one scale for the whole layer. Filters of three input channels
    are drawn in colour, each scaled to its own range. With more input channels, a row is a filter and a column is an
    input channel. The kernel of a 1-D convolution is one picture a filter: channels down, time across.

    Args:
        layer: a built 1-D or 2-D convolution: plain, transposed, depthwise or separable (whose depthwise kernel is
            drawn); or a kernel as an array, (height, width, channels in, filters).
        limit: the most pictures; default 64.
        figure: a matplotlib figure or subfigure to draw into; default a new one.

    Returns:
        The figure, whose axes have one picture each.

    Raises:
        ValueError: no convolution of these kinds, or one that is not built; `limit` below 1.
        ImportError: matplotlib is not installed.

    Example:

    >>> import netlet
    >>> model = netlet.Sequential([netlet.Input((28, 28, 1)), netlet.layers.Conv2D(8, 3)])
    >>> figure = filters(model.layers[0])
    >>> len(figure.axes), figure.axes[0].images[0].get_array().shape
    (8, (3, 3))
    """
    limit = at_least("filters", "limit", limit, 1)
    kernel, name = _kernel(layer)
    inputs, outputs = kernel.shape[2:]
    if inputs in (1, 3):
        shown = min(outputs, limit)
        pictures = [kernel[:, :, :, o] for o in range(shown)]
        columns = min(8, shown)
        title = f"{name}: {_of(shown, outputs)} filters"
    else:
        columns = min(inputs, COLUMNS, limit)
        shown = min(outputs, max(1, limit // columns))
        pictures = [kernel[:, :, i : i + 1, o] for o in range(shown) for i in range(columns)]
        title = f"{name}: {_of(shown, outputs)} filters (rows), {_of(columns, inputs)} input channels (columns)"
    inches = 0.8 if columns <= 8 else 0.5
    figure, grid = picture_grid(figure, len(pictures), columns, inches, kernel.shape[0] / kernel.shape[1])
    largest = float(np.abs(kernel).max(initial=0)) or 1.0
    for ax, picture in zip(grid, pictures):
        if picture.shape[2] == 3:
            low, high = picture.min(), picture.max()
            ax.imshow((picture - low) / ((high - low) or 1))
        else:
            ax.imshow(picture[:, :, 0], cmap=DIVERGING, vmin=-largest, vmax=largest)
    heading(figure, title)
    return figure


def _of(shown: int, total: int) -> str:
    return str(total) if shown == total else f"{shown} of {total}"


def _kernel(layer: Any) -> tuple[NDArray[np.float64], str]:
    """(the kernel (height, width, channels in, filters), its name)."""
    if isinstance(layer, (np.ndarray, list)):
        kernel, name = numbers("filters", "layer", layer), "Kernel"
        if kernel.ndim != 4 or not kernel.size:
            raise ValueError(
                f"filters: expected a kernel of shape (height, width, channels in, filters), received {kernel.shape}."
            )
        return kernel, name
    kind = type(layer).__name__
    depthwise = getattr(layer, "depthwise_kernel", None)
    variable = depthwise if depthwise is not None else getattr(layer, "kernel", None)
    name = str(getattr(layer, "name", kind))
    if "Depthwise" in kind and depthwise is None:
        depthwise = variable
    if variable is None or "Conv" not in kind or len(variable.shape) not in (3, 4):
        shape = "" if variable is None else f" with a kernel of shape {tuple(variable.shape)}"
        raise ValueError(
            f"filters: expected a built 1-D or 2-D convolution as `layer`, received {kind} '{name}'{shape}."
        )
    kernel = np.asarray(variable.numpy()).astype("float64")
    if depthwise is not None:  # (..., channels, multiplier): each is a filter of one channel
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    elif "Transpose" in kind:  # (..., filters, channels)
        kernel = kernel.swapaxes(-1, -2)
    if kernel.ndim == 3:  # (time, channels, filters)
        kernel = kernel.transpose(1, 0, 2)[:, :, None, :]
    return kernel, name
