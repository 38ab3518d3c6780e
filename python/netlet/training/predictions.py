"""Predictions: the outputs of all batches of `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.tree import flatten, pack_like
from netlet.config import numpy_dtype


class Predictions:
    """Collects the outputs of mode "predict" in pieces of any number of rows.

    Attributes:
        rows: rows of the current piece that hold outputs.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._structure: Any = None
        self._arrays: list[np.ndarray] | None = None  # the current piece
        self._pieces: list[list[np.ndarray]] = []
        self._mark = (0, 0)  # (piece, row in it)

    def arrays(self, structure: Any, rows: int) -> list[np.ndarray]:
        """The arrays of the current piece, which native code fills.

        Args:
            structure: the outputs of the recorded step.
            rows: most rows that the piece can have.

        Returns:
            An array of `rows` rows for each output.
        """
        if self._arrays is None:
            self._structure = structure
            self._arrays = [np.empty((rows, *t.shape[1:]), numpy_dtype(t.dtype)) for t in flatten(structure)]
        return self._arrays

    def add(self, outputs: Any) -> None:
        """Sets the current piece to the outputs of an eager step."""
        self._structure = outputs
        self._arrays = [np.asarray(t) for t in flatten(outputs)]
        self.rows = len(self._arrays[0])

    def mark(self) -> None:
        """Marks the rows that follow as those that `since_mark` returns."""
        self._mark = len(self._pieces), self.rows if self._arrays is not None else 0

    def since_mark(self) -> Any:
        """The rows after `mark`, in the structure of the model's outputs."""
        piece, row = self._mark
        current = [] if self._arrays is None else [[a[: self.rows] for a in self._arrays]]
        pieces = [*self._pieces[piece:], *current]
        return self._joined([[a[row:] for a in pieces[0]], *pieces[1:]])

    def next_piece(self) -> None:
        """Marks the current piece as complete."""
        if self._arrays is not None:
            self._pieces.append([a[: self.rows] for a in self._arrays])
            self._arrays = None

    def result(self) -> Any:
        """All rows, in the structure of the model's outputs."""
        self.next_piece()
        return self._joined(self._pieces)

    def _joined(self, pieces: list[list[np.ndarray]]) -> Any:
        """The rows of all pieces, in the structure of the model's outputs."""
        if len(pieces) == 1:
            return pack_like(self._structure, pieces[0])
        return pack_like(self._structure, [np.concatenate(column) for column in zip(*pieces)])
