"""Horizontal places of the items of a layered graph: straight columns, close to their neighbours, without overlaps."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

SWEEPS = 40


def columns(items: list[Any], layers: list[list[int]], gap: float) -> None:
    """Sets the `x` of all items.

    Items that follow each other become one block with one x (as in Brandes and Köpf, 2002): the slots of an edge, and a
    box with the middle one of the boxes below it. Then each block moves, as far as its neighbours allow, to the mean x
    of the items that it has edges to.

    Args:
        items: `layout.Item`s.
        layers: indices of items from left to right, for each layer.
        gap: least distance between items side by side.
    """
    block = _blocks(items, layers)
    members: dict[int, list[int]] = defaultdict(list)
    for i, b in enumerate(block):
        members[b].append(i)
    lefts: dict[int, dict[int, float]] = defaultdict(dict)  # of a block: {block to the left: least distance}
    rights: dict[int, dict[int, float]] = defaultdict(dict)
    for layer in layers:
        for i, j in itertools.pairwise(layer):
            space = gap if items[i].is_box or items[j].is_box else 0.0
            distance = (items[i].width + items[j].width) / 2 + space
            a, b = block[i], block[j]
            lefts[b][a] = rights[a][b] = max(distance, lefts[b].get(a, 0.0))
    x = _packed(list(members), lefts, rights)
    order = sorted(members, key=lambda b: x[b])
    near = {
        b: [block[k] for i in inside for k in (*items[i].ups, *items[i].downs) if block[k] != b]
        for b, inside in members.items()
    }
    for sweep in range(SWEEPS):
        before = dict(x)
        for b in order if sweep % 2 else reversed(order):
            _move([b], x, near, lefts, rights)
        for layer in layers:
            for run in _touching([block[i] for i in layer if len(members[block[i]]) == 1], x, lefts):
                _move(run, x, near, lefts, rights)
        if all(abs(x[b] - before[b]) < 0.1 for b in x):
            break
    for i, item in enumerate(items):
        item.x = x[block[i]]


def _move(run: list[int], x: dict[int, float], near: Any, lefts: Any, rights: Any) -> None:
    """Moves blocks together to the mean x of the blocks that they have edges to, as far as their neighbours allow."""
    steps = [x[k] - x[b] for b in run for k in near[b]]
    if steps:
        low = max((x[a] + d - x[run[0]] for a, d in lefts[run[0]].items()), default=float("-inf"))
        high = min((x[a] - d - x[run[-1]] for a, d in rights[run[-1]].items()), default=float("inf"))
        step = max(low, min(high, sum(steps) / len(steps)))
        for b in run:
            x[b] += step


def _touching(blocks: list[int], x: dict[int, float], lefts: Any) -> list[list[int]]:
    """The runs of several blocks without space between them."""
    runs = [blocks[:1]]
    for a, b in itertools.pairwise(blocks):
        if a in lefts[b] and x[b] - x[a] - lefts[b][a] < 0.1:
            runs[-1].append(b)
        else:
            runs.append([b])
    return [run for run in runs if len(run) > 1]


def _packed(blocks: list[int], lefts: Any, rights: Any) -> dict[int, float]:
    """Places as far to the left as the distances allow."""
    missing = {b: len(lefts[b]) for b in blocks}
    ready = [b for b in blocks if not missing[b]]
    x = dict.fromkeys(blocks, 0.0)
    for b in ready:  # grows
        for right, distance in rights[b].items():
            x[right] = max(x[right], x[b] + distance)
            missing[right] -= 1
            if not missing[right]:
                ready.append(right)
    return x


def _blocks(items: list[Any], layers: list[list[int]]) -> list[int]:
    """The block of each item, named by its topmost item."""
    block = list(range(len(items)))
    for upper, lower in itertools.pairwise(layers):
        above = {i: p for p, i in enumerate(upper)}
        below = {i: p for p, i in enumerate(lower)}
        pairs = [(i, j) for j in lower for i in [_partner(items, j, above)] if i is not None]
        # Long edges first, then boxes; two pairs that would cross cannot both be straight.
        pairs.sort(key=lambda pair: items[pair[0]].is_box or items[pair[1]].is_box)
        taken: list[tuple[int, int]] = []
        for i, j in pairs:
            if not (items[i].is_box and items[j].is_box) or _middle(items, items[i].downs, below) == j:
                p, q = above[i], below[j]
                if all((p < a) == (q < b) and p != a for a, b in taken):
                    taken.append((p, q))
                    block[j] = block[i]
    return block


def _partner(items: list[Any], j: int, above: dict[int, int]) -> int | None:
    """The item above that item j should be straight below."""
    if not items[j].is_box:
        i = items[j].ups[0]
        return i if not items[i].is_box or len(items[i].downs) == 1 else None
    return _middle(items, items[j].ups, above)


def _middle(items: list[Any], near: list[int], place: dict[int, int]) -> int | None:
    """The middle one of the boxes, or of the slots if there are no boxes; None if their number is even."""
    found = sorted([i for i in near if items[i].is_box] or near, key=lambda i: place[i])
    return found[len(found) // 2] if len(found) % 2 else None
