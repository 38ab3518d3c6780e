"""Overlapping pieces of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core

from ..core.dispatch import op, shape_of

__all__ = ["extract_sequences"]


@op
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Pieces of the last axis that begin at regular distances.

    Args:
        x: (..., N).
        sequence_length: number of elements of each piece.
        sequence_stride: distance between the beginnings of two neighbours.

    Returns:
        Tensor (..., 1 + (N - sequence_length) // sequence_stride, sequence_length).

    Raises:
        ValueError: a length or stride below 1, or a length above N.

    >>> extract_sequences([1, 2, 3, 4, 5, 6], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    shape = shape_of(x)
    for name, value in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"ops.extract_sequences: expected an integer {name} of at least 1, received {value!r}.")
    if not shape or shape[-1] < sequence_length:
        raise ValueError(
            f"ops.extract_sequences: expected at least {sequence_length} elements along the last axis, received shape "
            f"{shape}."
        )
    first = np.arange(0, shape[-1] - int(sequence_length) + 1, int(sequence_stride), dtype="int32")
    return _core.take(x, first[:, None] + np.arange(sequence_length, dtype="int32"), len(shape) - 1)
