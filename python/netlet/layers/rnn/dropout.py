"""Dropout inside recurrent cells: masks that stay the same over all time steps of a call, and are new in the next."""

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
        dropout, recurrent_dropout: probabilities; below 0 counts as 0 and above 1 as 1, as in Keras.
        seed: integer, or None for the next one of netlet's global sequence.

    Inside an RNN layer the masks are drawn once a call: at the first step that asks. A cell that is called by itself
    draws new ones each time.
    Source: Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", 2016.
    """

    _drawn: dict[str, list[Any]] | None = None  # this call's masks, while an RNN layer runs the cell

    def __init__(self, dropout: Any, recurrent_dropout: Any, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dropout = _share(self, "dropout", dropout)
        self.recurrent_dropout = _share(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)

    def input_masks(self, shape: Any, training: bool, gates: int = 1) -> list[Any] | None:
        """`gates` masks of this shape to multiply the input with, or None."""
        return self._masks("input", shape, self.dropout if training else 0.0, gates)

    def state_masks(self, shape: Any, training: bool, gates: int = 1) -> list[Any] | None:
        """`gates` masks of this shape to multiply the state with, or None."""
        return self._masks("state", shape, self.recurrent_dropout if training else 0.0, gates)

    def _masks(self, role: str, shape: Any, rate: float, gates: int) -> list[Any] | None:
        if rate == 0:
            return None
        drawn = {} if self._drawn is None else self._drawn
        if role not in drawn:
            ones = ops.ones((gates, *shape), self._compute_dtype)
            # One draw for all gates: their elements are independent. At rate 1 nothing is left to scale up.
            seed = self.seed_generator.seed
            masks = ops.multiply(ones, 0.0) if rate == 1 else masked_dropout(ones, rate, None, seed)
            drawn[role] = ops.unstack(masks)
        return drawn[role]


@contextmanager
def constant_masks(cell: Any) -> Iterator[None]:
    """Inside, this cell and those in it draw their masks once."""
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
        raise ValueError(f"Layer '{layer.name}': `{name}` must be a number in [0, 1]; given {value!r}.")
    return min(1.0, max(0.0, float(value)))
