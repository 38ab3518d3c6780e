"""Dropout inside recurrent cells: one mask for all time steps of a call, a new one for each call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from netlet import ops
from netlet.random import SeedGenerator, masked_dropout

from ..base.layer import Layer


class DropoutCell(Layer):
    """Base of cells with `dropout` (of the input) and `recurrent_dropout` (of the state).

    Args:
        dropout: fraction of the inputs to drop during training; clipped to [0, 1], as in Keras.
        recurrent_dropout: fraction of the state to drop during training; clipped to [0, 1].
        seed: integer seed; None: the next seed of netlet's global sequence.
        **kwargs: the arguments of `Layer`.

    Inside an RNN layer the masks are drawn once for each call, at the first step that needs them. A cell called on its
    own draws new masks each time.

    Raises:
        ValueError: dropout or recurrent_dropout is not a number.

    Source: Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", 2016.
    """

    _drawn: dict[str, list[Any]] | None = None  # masks of the current call, while an RNN layer runs the cell

    def __init__(self, dropout: Any, recurrent_dropout: Any, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dropout = _share(self, "dropout", dropout)
        self.recurrent_dropout = _share(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def input_masks(self, shape: Any, training: bool, gates: int = 1) -> list[Any] | None:
        """The dropout masks to multiply the input by.

        Args:
            shape: shape of the input, (B, ...).
            training: whether the layer trains; otherwise nothing is dropped.
            gates: number of masks; 1 by default.

        Returns:
            List of `gates` tensors of this shape in the compute dtype, with values 0 and 1 / (1 - rate); None if
                nothing is dropped.
        """
        return self._masks("input", shape, self.dropout if training else 0.0, gates)

    def state_masks(self, shape: Any, training: bool, gates: int = 1) -> list[Any] | None:
        """The dropout masks to multiply the state by.

        Args:
            shape: shape of the state, (B, ...).
            training: whether the layer trains; otherwise nothing is dropped.
            gates: number of masks; 1 by default.

        Returns:
            List of `gates` tensors of this shape in the compute dtype, with values 0 and 1 / (1 - rate); None if
                nothing is dropped.
        """
        return self._masks("state", shape, self.recurrent_dropout if training else 0.0, gates)

    def _masks(self, role: str, shape: Any, rate: float, gates: int) -> list[Any] | None:
        if rate == 0:
            return None
        drawn = {} if self._drawn is None else self._drawn
        if role not in drawn:
            # One draw for all gates, since its elements are independent; the rows of the batch come first, as in all
            # draws. At rate 1 all masks are 0.
            ones = ops.ones((shape[0], gates, *shape[1:]), self._compute_dtype)
            seed = self.seed_generator.seed
            masks = ops.multiply(ones, 0.0) if rate == 1 else masked_dropout(ones, rate, None, seed)
            drawn[role] = ops.unstack(masks, axis=1)
        return drawn[role]


@contextmanager
def constant_masks(cell: Any) -> Iterator[None]:
    """Context manager: inside, the cell and its sub-cells draw their masks once and reuse them."""
    cells = [c for c in cell._flatten_layers() if isinstance(c, DropoutCell)] if isinstance(cell, Layer) else []
    for c in cells:
        object.__setattr__(c, "_drawn", {})
    try:
        yield
    finally:
        for c in cells:
            object.__setattr__(c, "_drawn", None)


def _share(layer: Layer, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"Layer '{layer.name}': expected `{name}` to be a number in [0, 1], received {value!r}.")
    return min(1.0, max(0.0, float(value)))
