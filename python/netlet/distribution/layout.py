"""Layout: which rows of a batch each shard has, and which shards each rank."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .tree import RankedTree, Span, TreeAdds, subtrees


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
        self.per_rank = [hi - lo for lo, hi in itertools.pairwise(self.bounds)]
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
        return cls([hi - lo for lo, hi in itertools.pairwise(at)], ranks)

    @classmethod
    def of_parts(cls, rows: Sequence[int], shards: int) -> Layout:
        """The layout of a batch of which each rank has its own part.

        Args:
            rows: number of rows of each rank.
            shards: number of shards of the batch.
        """
        bounds, sizes = shard_bounds(shards, len(rows)), []
        for n, lo, hi in zip(rows, bounds[:-1], bounds[1:], strict=True):
            at = [n * i // (hi - lo) for i in range(hi - lo + 1)]
            sizes += [b - a for a, b in itertools.pairwise(at)]
        return cls(sizes, len(rows))

    def of_rank(self, rank: int) -> list[Shard]:
        """The shards of a rank that have rows."""
        return [s for s in self.shards[self.bounds[rank] : self.bounds[rank + 1]] if s.rows]

    def adds(self, rank: int, weighted: bool) -> RankedTree:
        """The additions of vectors of the shards, as a rank needs them: see GradientExchange.

        Args:
            rank: that adds.
            weighted: whether each shard's vector is multiplied by the shard's share.
        """
        spans = [(s.index, s.index + 1) if s.rows else None for s in self.shards]
        own = slice(self.bounds[rank], self.bounds[rank + 1])
        shares = [s.share for s in self.shards] if weighted and not self._equal else None
        share = next(s for s in self.shards if s.leads).share if weighted and self._equal else 1.0
        subtrees = [self._subtrees(rank) for rank in range(len(self.per_rank))]
        whole = [(0, len(self.shards))]
        return RankedTree(
            TreeAdds(spans, whole, shares, share),
            TreeAdds(spans[own], subtrees[rank], shares and shares[own]),
            TreeAdds([span for of_rank in subtrees for span in of_rank], whole, None, share),
            [len(of_rank) for of_rank in subtrees],
        )

    def _subtrees(self, rank: int) -> list[Span]:
        """The complete subtrees of a rank's shards, without those that have no rows."""
        rows = [s.rows for s in self.shards]
        spans = subtrees(self.bounds[rank], self.bounds[rank + 1], len(self.shards))
        return [span for span in spans if any(rows[span[0] : span[1]])]

    @property
    def _equal(self) -> bool:
        """Whether all shards with rows have the same number of them: one multiplication of the sum is then enough."""
        return len({s.rows for s in self.shards if s.rows}) == 1


def shard_bounds(shards: int, ranks: int) -> list[int]:
    """Where the shards of each rank begin, and the number of shards at the end.

    >>> shard_bounds(8, 3)
    [0, 2, 5, 8]
    """
    return [shards * r // ranks for r in range(ranks + 1)]
