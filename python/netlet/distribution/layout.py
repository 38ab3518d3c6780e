"""Layout: which rows of a batch each shard has, and which shards each rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .tree import Span, subtrees, tree_sum


@dataclass(frozen=True)
class Shard:
    """Some consecutive rows of the global batch, which are computed by themselves.

    Attributes:
        index: among the shards of a batch.
        first: its first row in the batch.
        rows: number of its rows.
        batch: number of rows of the batch.
        leads: whether it is the first shard that has rows: what counts once in a batch counts in this one.
        slot: its position among the shards of its rank.
    """

    index: int
    first: int
    rows: int
    batch: int
    leads: bool
    slot: int

    @property
    def share(self) -> float:
        """Its part of the batch's rows: the mean over the batch is the sum of each shard's mean times its share."""
        return self.rows / self.batch


class Layout:
    """The division of a batch into shards, and of the shards among the ranks.

    Args:
        rows: number of rows of each shard, in their order. Some may be 0.
        ranks: number of ranks.

    Attributes:
        shards: the shards, those without rows too.
        per_rank: number of shards of each rank.
        bounds: the shards of rank r are those from `bounds[r]` to before `bounds[r + 1]`.
    """

    def __init__(self, rows: Sequence[int], ranks: int) -> None:
        self.bounds = shard_bounds(len(rows), ranks)
        self.per_rank = [hi - lo for lo, hi in zip(self.bounds, self.bounds[1:])]
        batch, first = sum(rows), 0
        self.shards: list[Shard] = []
        owner = np.repeat(range(ranks), self.per_rank)
        for i, n in enumerate(rows):
            self.shards.append(Shard(i, first, n, batch, n > 0 and first == 0, i - self.bounds[owner[i]]))
            first += n

    @classmethod
    def of_batch(cls, batch: int, shards: int, ranks: int) -> Layout:
        """The layout of a batch that all ranks have: shards of equal size, or sizes that differ by one.

        >>> [s.rows for s in Layout.of_batch(10, 4, 2).shards]
        [2, 3, 2, 3]
        """
        at = [batch * i // shards for i in range(shards + 1)]
        return cls([hi - lo for lo, hi in zip(at, at[1:])], ranks)

    def of_rank(self, rank: int) -> list[Shard]:
        """The shards of a rank that have rows."""
        return [s for s in self.shards[self.bounds[rank] : self.bounds[rank + 1]] if s.rows]

    def reduce(self, weighted: bool) -> Callable[[int, np.ndarray], np.ndarray]:
        """The function that adds the vectors of one rank's shards, as far as the tree allows: see GradientExchange.

        Args:
            weighted: whether each shard's vector is multiplied by the shard's share.
        """
        scaled = weighted and not self._equal

        def reduce(rank: int, rows: np.ndarray) -> np.ndarray:
            leaves = {(s.index, s.index + 1): _times(rows[s.slot], s.share if scaled else 1.0) for s in self.of_rank(rank)}
            sums = [tree_sum(leaves, span) for span in self._subtrees(rank)]
            return np.stack(sums) if sums else rows[:0]

        return reduce

    def total(self, weighted: bool) -> Callable[[list[np.ndarray]], np.ndarray]:
        """The function that adds what `reduce` has returned for each rank."""
        share = next(s for s in self.shards if s.leads).share

        def total(sums: list[np.ndarray]) -> np.ndarray:
            nodes = {span: row for rank, rows in enumerate(sums) for span, row in zip(self._subtrees(rank), rows)}
            found = tree_sum(nodes, (0, len(self.shards)))
            assert found is not None
            return _times(found, share if weighted and self._equal else 1.0)

        return total

    def _subtrees(self, rank: int) -> list[Span]:
        """The complete subtrees of a rank's shards, without those that have no rows."""
        rows = [s.rows for s in self.shards]
        spans = subtrees(self.bounds[rank], self.bounds[rank + 1], len(self.shards))
        return [span for span in spans if any(rows[span[0] : span[1]])]

    @property
    def _equal(self) -> bool:
        """Whether all shards with rows have the same number of them: one multiplication of the sum is then enough."""
        return len({s.rows for s in self.shards if s.rows}) == 1


def _times(values: np.ndarray, factor: float) -> np.ndarray:
    return values if factor == 1.0 else values * values.dtype.type(factor)


def shard_bounds(shards: int, ranks: int) -> list[int]:
    """Where the shards of each rank begin, and the number of shards at the end.

    >>> shard_bounds(8, 3)
    [0, 2, 5, 8]
    """
    return [shards * r // ranks for r in range(ranks + 1)]
