"""The sum of gradients over the shards of all ranks, in an order that does not depend on the number of ranks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .communicator import Communicator

_PIECE = 1 << 16  # bytes of a row that are summed at a time: the pieces of all shards stay in the L2 cache

# (rank, its rows (k, m)) -> (j, m): the sums that a rank can form of its own shards, as far as the tree allows.
Reduce = Callable[[int, np.ndarray], np.ndarray]
# ((j, m) of each rank) -> (m,): the sum of all.
Total = Callable[[list[np.ndarray]], np.ndarray]


class GradientExchange:
    """Sums rows of numbers over all ranks: each rank has a row for each of its shards, and all get the same sum.

    Each rank sums one segment of the rows. On one machine it reads the rows of the others where they are, and all
    ranks read the result: two barriers and no message. Otherwise a rank first sums its own rows as far as the tree
    allows, and sends each other rank that one's segment: 2 (p - 1) / p times the row's bytes for p ranks.

    Args:
        communicator: of the ranks.
        rows_of_rank: number of rows of each rank.
        n: length of a row.
        dtype: of the numbers.

    Attributes:
        parts: this rank's rows, shape (rows, n), to be written before each `sum`. The same memory for good.
    """

    def __init__(self, communicator: Communicator, rows_of_rank: list[int], n: int, dtype: str) -> None:
        self._communicator = communicator
        self._rows, self._n = rows_of_rank, n
        self._dtype = np.dtype(dtype)
        self._segment = -(-n // communicator.size)
        self._piece = _PIECE // self._dtype.itemsize
        self._all_parts, self._result = self._share()
        if self._all_parts is None:
            self.parts = np.zeros((rows_of_rank[communicator.rank], n), self._dtype)
        else:
            self.parts = self._all_parts[communicator.rank]

    def sum(self, reduce: Reduce, total: Total, out: np.ndarray | None = None) -> np.ndarray:
        """Sums the parts of all ranks. All ranks call it.

        Args:
            reduce: called with a rank and a piece of that rank's rows; returns the sums of them that the tree has.
            total: called with the results of `reduce` for all ranks; returns the sum of all.
            out: array of shape (n,) for the sum; None: memory of the exchange, which the next `sum` overwrites.

        Returns:
            The sum, shape (n,).
        """
        parts, result, segment = self._all_parts, self._result, self._segment
        if parts is not None:
            begin = self._communicator.rank * segment
            self._communicator.barrier()
            for piece in self._pieces(begin, min(begin + segment, self._n)):
                result[piece] = total([reduce(rank, rows[:, piece]) for rank, rows in enumerate(parts)])
            self._communicator.barrier()
        else:
            self._sum_by_messages(reduce, total)
        if out is None:
            return result[: self._n]
        out[...] = result[: self._n]
        return out

    def _sum_by_messages(self, reduce: Reduce, total: Total) -> None:
        size, rank, segment = self._communicator.size, self._communicator.rank, self._segment
        sums = [reduce(r, np.empty((rows, 0), self._dtype)).shape[0] for r, rows in enumerate(self._rows)]
        send = np.zeros((size, max(sums), segment), self._dtype)
        for to in range(size):
            begin, end = to * segment, min((to + 1) * segment, self._n)
            for piece in self._pieces(begin, end):
                target = slice(piece.start - begin, piece.stop - begin)
                send[to, : sums[rank], target] = reduce(rank, self.parts[:, piece])
        received = self._communicator.all_to_all(send.reshape(size, -1)).reshape(send.shape)
        segments = self._result.reshape(size, segment)
        for piece in self._pieces(0, segment):
            segments[rank, piece] = total([rows[:j, piece] for rows, j in zip(received, sums, strict=True)])
        self._communicator.all_gather(segments[rank], segments)

    def _pieces(self, begin: int, end: int) -> list[slice]:
        return [slice(at, min(at + self._piece, end)) for at in range(begin, end, self._piece)]

    def _share(self) -> tuple[list[np.ndarray] | None, np.ndarray]:
        """(the rows of all ranks, the result) in memory that the ranks share; (None, the result) without it."""
        length = self._segment * self._communicator.size
        result_bytes = -(-length * self._dtype.itemsize // 4096) * 4096  # in the block of rank 0, before its rows
        row_bytes = self._n * self._dtype.itemsize
        first = result_bytes if self._communicator.rank == 0 else 0
        blocks = self._communicator.share(first + self._rows[self._communicator.rank] * row_bytes)
        if blocks is None:
            return None, np.zeros(length, self._dtype)
        result = blocks[0][: length * self._dtype.itemsize].view(self._dtype)
        blocks[0] = blocks[0][result_bytes:]
        return [
            block[: rows * row_bytes].view(self._dtype).reshape(rows, self._n)
            for block, rows in zip(blocks, self._rows, strict=True)
        ], result
