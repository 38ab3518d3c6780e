"""The fixed binary tree in which the numbers of shards are added.

A sum over shards `lo` to `hi` is the sum over the first half plus the sum over the second half. The tree depends on the
number of shards alone, so that any number of processes computes the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Span = tuple[int, int]  # shards `lo` to `hi - 1`


def subtrees(first: int, last: int, shards: int) -> list[Span]:
    """The largest complete subtrees that consist of shards `first` to `last - 1`, in order.

    Args:
        first: index of the first shard.
        last: index after the last shard.
        shards: number of leaves of the whole tree.

    >>> subtrees(0, 4, 8), subtrees(2, 5, 8)
    ([(0, 4)], [(2, 4), (4, 5)])
    """

    def inside(lo: int, hi: int) -> list[Span]:
        if hi <= first or lo >= last:
            return []
        if first <= lo and hi <= last:
            return [(lo, hi)]
        middle = (lo + hi) // 2
        return inside(lo, middle) + inside(middle, hi)

    return inside(0, shards)


def tree_sum(parts: Mapping[Span, np.ndarray], within: Span) -> np.ndarray | None:
    """The sum of arrays in the order of the tree.

    Args:
        parts: arrays of one shape: of shards, (i, i + 1), or the sums of complete subtrees. Shards that are in none of
            these are left out.
        within: the subtree to sum.

    Returns:
        The sum, which may be one of the arrays; None if there is none.

    >>> tree_sum({(0, 1): np.array(1.0), (1, 2): np.array(2.0), (2, 4): np.array(4.0)}, (0, 4))
    np.float64(7.0)
    """

    def of(lo: int, hi: int) -> np.ndarray | None:
        if (lo, hi) in parts:
            return parts[lo, hi]
        if hi - lo == 1:
            return None
        middle = (lo + hi) // 2
        left, right = of(lo, middle), of(middle, hi)
        if left is None or right is None:
            return right if left is None else left
        return left + right

    return of(*within)
