"""StackedRNNCells: several cells, run in sequence at each step, as one cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlet.saving.serialization import deserialize_object, serialize_object

from ..base.layer import Layer
from . import states as states_of


def check_cell(cell: Any, owner: str) -> None:
    """Raises ValueError if `cell` is not a cell; `owner` is the class named in the error."""
    if not callable(getattr(cell, "call", None)):
        raise ValueError(f"{owner}: expected a cell with a `call(inputs, states)` method, received {cell!r}.")
    size = getattr(cell, "state_size", None)
    if isinstance(size, bool) or not isinstance(size, (int, list, tuple)):
        raise ValueError(
            f"{owner}: expected a cell with a `state_size` (an integer, or a list with one entry for each state), "
            f"received {size!r} of {cell!r}."
        )


def output_size(cell: Any) -> Any:
    """The cell's `output_size`, or the size of its first state if it has no `output_size`."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size
        size = size if isinstance(size, int) else size[0]
    return size


class StackedRNNCells(Layer):
    """Stack of cells that acts as one cell for `RNN`: each cell's input is the previous cell's output.

    Input (B, I); the states are a list with the states of each cell; the output is that of the last cell.

    Args:
        cells: non-empty list of cells.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `cells` is empty or contains an object that is not a cell.

    Source: Keras 3, `keras.layers.StackedRNNCells`.

    >>> import numpy as np
    >>> from netlet.layers import RNN, GRUCell, LSTMCell
    >>> layer = RNN(StackedRNNCells([LSTMCell(8), GRUCell(4)]), return_state=True)
    >>> y, (h, c), (g,) = layer(np.ones((2, 5, 3), "float32"))
    >>> y.shape, h.shape, c.shape, g.shape
    ((2, 4), (2, 8), (2, 8), (2, 4))
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        cells = list(cells)
        if not cells:
            raise ValueError("StackedRNNCells: expected at least one cell, received none.")
        for cell in cells:
            check_cell(cell, "StackedRNNCells")
        self.cells = cells

    @property
    def state_size(self) -> list[Any]:
        """List of the cells' state sizes."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The output size of the last cell."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The states of all cells before the first step.

        Args:
            batch_size: number of sequences B; default None.

        Returns:
            List with the initial states of each cell: what its `get_initial_state` returns, or zeros (B, size).
        """
        return [self._initial_state_of(cell, batch_size) for cell in self.cells]

    def _initial_state_of(self, cell: Any, batch: Any) -> Any:
        if getattr(cell, "get_initial_state", None) is not None:
            return cell.get_initial_state(batch_size=batch)
        found = states_of.zeros(cell.state_size, batch, self.compute_dtype)
        return found[0] if isinstance(cell.state_size, int) else found

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> Any:
        after = []
        for cell, before in zip(self.cells, states, strict=True):
            one = not isinstance(before, (list, tuple))
            more = {**kwargs, "training": training} if isinstance(cell, Layer) and cell._takes_training else kwargs
            inputs, new = (cell if callable(cell) else cell.call)(inputs, [before] if one else list(before), **more)
            after.append(new[0] if one and isinstance(new, (list, tuple)) and len(new) == 1 else new)
        return inputs, after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        config = dict(config)
        cells = [deserialize_object(cell, custom_objects) for cell in config.pop("cells")]
        return cls(cells, **config)
