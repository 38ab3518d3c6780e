"""The sum of gradients over the shards of all ranks, in an order that does not depend on the number of ranks."""

from __future__ import annotations

import numpy as np

from .communicator import Communicator
from .tree import RankedTree

_PIECE = 1 << 17  # bytes of a row that are summed at a time: temporary sums stay in the L2 cache of 1 MB (Zen 4)


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
        result: the sum, shape (n,), only to be read. The same memory for good. A rank that is ahead overwrites it no
            earlier than all ranks have called the next `sum`.
        rank: number of this process.
    """

    def __init__(self, communicator: Communicator, rows_of_rank: list[int], n: int, dtype: str) -> None:
        self._communicator = communicator
        self.rank = communicator.rank
        self._rows, self._n = rows_of_rank, n
        self._dtype = np.dtype(dtype)
        self._segment = -(-n // communicator.size)
        self._piece = _PIECE // self._dtype.itemsize
        all_parts, self._result = self._share()
        self.result = self._result[:n]
        if all_parts is None:
            self.parts = np.zeros((rows_of_rank[self.rank], n), self._dtype)
        else:
            self.parts = all_parts[self.rank]
        self._all_rows = None if all_parts is None else [row for parts in all_parts for row in parts]

    def sum(self, tree: RankedTree) -> np.ndarray:
        """Sums the parts of all ranks. All ranks call it.

        Args:
            tree: the additions.

        Returns:
            `result`.
        """
        if self._all_rows is None:
            self._sum_by_messages(tree)
            return self.result
        begin = self.rank * self._segment
        self._communicator.barrier()
        for piece in self._pieces(begin, min(begin + self._segment, self._n)):
            tree.all([row[piece] for row in self._all_rows], [self.result[piece]])
        self._communicator.barrier()
        return self.result

    def _sum_by_messages(self, tree: RankedTree) -> None:
        size, segment = self._communicator.size, self._segment
        send = np.zeros((size, max(tree.sums), segment), self._dtype)
        for to in range(size):
            begin, end = to * segment, min((to + 1) * segment, self._n)
            for piece in self._pieces(begin, end) if tree.sums[self.rank] else []:
                target = slice(piece.start - begin, piece.stop - begin)
                tree.own([row[piece] for row in self.parts], [row[target] for row in send[to, : tree.sums[self.rank]]])
        received = self._communicator.all_to_all(send.reshape(size, -1)).reshape(send.shape)
        sums = [row for rows, number in zip(received, tree.sums, strict=True) for row in rows[:number]]
        segments = self._result.reshape(size, segment)
        for piece in self._pieces(0, segment):
            tree.rest([row[piece] for row in sums], [segments[self.rank, piece]])
        self._communicator.all_gather(segments[self.rank], segments)

    def _pieces(self, begin: int, end: int) -> list[slice]:
        return [slice(at, min(at + self._piece, end)) for at in range(begin, end, self._piece)]

    def _share(self) -> tuple[list[np.ndarray] | None, np.ndarray]:
        """(the rows of all ranks, the result) in memory that the ranks share; (None, the result) without it."""
        length = self._segment * self._communicator.size
        result_bytes = -(-length * self._dtype.itemsize // 4096) * 4096  # in the block of rank 0, before its rows
        row_bytes = self._n * self._dtype.itemsize
        first = result_bytes if self.rank == 0 else 0
        blocks = self._communicator.share(first + self._rows[self.rank] * row_bytes)
        if blocks is None:
            return None, np.zeros(length, self._dtype)
        result = blocks[0][: length * self._dtype.itemsize].view(self._dtype)
        blocks[0] = blocks[0][result_bytes:]
        return [
            block[: rows * row_bytes].view(self._dtype).reshape(rows, self._n)
            for block, rows in zip(blocks, self._rows, strict=True)
        ], result
