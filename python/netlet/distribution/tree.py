"""The fixed binary tree in which the numbers of shards are added.

A sum over shards `lo` to `hi` is the sum over the first half plus the sum over the second half. The tree depends on the
number of shards alone, so that any number of processes computes the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Span = tuple[int, int]  # shards `lo` to `hi - 1`
_Place = tuple[str, int]  # "array", "temporary" or "out", and its number


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


class TreeAdds:
    """Additions in the order of the tree, prepared once for arrays of any length.

    Args:
        leaves: what each given array is the sum of: a shard, (i, i + 1), or a complete subtree. None: it is not read.
        roots: the subtrees to sum, each with at least one leaf.
        factors: what to multiply the leaves by; None for 1.
        factor: what to multiply the sums by.

    >>> total = np.empty(1)
    >>> TreeAdds([(0, 1), (1, 2), None, (2, 4)], [(0, 4)])([np.ones(1), np.ones(1), np.ones(1), np.ones(1)], [total])
    >>> total.tolist()
    [3.0]
    """

    def __init__(
        self,
        leaves: Sequence[Span | None],
        roots: Sequence[Span],
        factors: Sequence[float] | None = None,
        factor: float = 1.0,
    ) -> None:
        self._leaves = {span: i for i, span in enumerate(leaves) if span is not None}
        self._factors = factors
        self._factor = factor
        self._steps: list[tuple[np.ufunc, _Place, _Place | float, _Place]] = []
        self._scratch = np.empty((0, 0))
        self._temporaries = 0
        for root, (lo, hi) in enumerate(roots):
            self._prepare_root(lo, hi, ("out", root))

    def __call__(self, arrays: Sequence[np.ndarray], sums: Sequence[np.ndarray]) -> None:
        """Adds the arrays, given in the order of `leaves`, and writes a sum for each root."""
        n, dtype = sums[0].size, sums[0].dtype
        if self._scratch.shape[1] < n or self._scratch.dtype != dtype:
            self._scratch = np.empty((self._temporaries, n), dtype)
        memory: dict[str, Sequence[np.ndarray] | np.ndarray] = {
            "array": arrays,
            "out": sums,
            "temporary": self._scratch[:, :n],
        }
        for operation, left, right, target in self._steps:
            a = memory[left[0]][left[1]]
            b = memory[right[0]][right[1]] if isinstance(right, tuple) else dtype.type(right)
            operation(a, b, out=memory[target[0]][target[1]])

    def _prepare_root(self, lo: int, hi: int, out: _Place) -> None:
        result = self._prepare(lo, hi, 0)
        assert result is not None
        if result[0] == "temporary":
            operation, left, right, _ = self._steps.pop()
            self._steps.append((operation, left, right, out))
            if self._factor != 1.0:
                self._steps.append((np.multiply, out, self._factor, out))
        else:
            self._steps.append((np.multiply, result, self._factor, out))

    def _prepare(self, lo: int, hi: int, depth: int) -> _Place | None:
        """Appends the steps that sum a subtree, with temporaries from number `depth` on; returns where the sum is."""
        here = ("temporary", depth)
        if (lo, hi) in self._leaves:
            leaf = self._leaves[lo, hi]
            if self._factors is None or self._factors[leaf] == 1.0:
                return "array", leaf
            self._append(np.multiply, ("array", leaf), self._factors[leaf], here)
            return here
        if hi - lo == 1:
            return None
        middle = (lo + hi) // 2
        left = self._prepare(lo, middle, depth)
        right = self._prepare(middle, hi, depth + (left == here))
        if left is None or right is None:
            return right if left is None else left
        self._append(np.add, left, right, here)
        return here

    def _append(self, operation: np.ufunc, left: _Place, right: _Place | float, target: _Place) -> None:
        self._steps.append((operation, left, right, target))
        self._temporaries = max(self._temporaries, target[1] + 1)


class RankedTree(NamedTuple):
    """The additions of a tree whose leaves belong to ranks.

    Attributes:
        all: from the rows of all ranks, in the order of the ranks, to the sum.
        own: from the rows of this rank to the sums of its complete subtrees.
        rest: from the sums of all ranks, in the order of the ranks, to the sum of all.
        sums: number of such sums of each rank.
    """

    all: TreeAdds
    own: TreeAdds
    rest: TreeAdds
    sums: list[int]
