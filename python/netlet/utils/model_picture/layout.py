"""Places the boxes of a graph in layers, so that edges run downwards and around boxes (Sugiyama et al., 1981).

Layers come from longest paths. An edge past layers passes through a slot in each of them; edges from one box share
their slots. Boxes and slots are ordered by barycentres, and boxes that follow each other stand below each other.
"""

from __future__ import annotations

import dataclasses
import itertools
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable

from .alignment import columns

GAP = 22.0  # between boxes side by side
SLOT = 12.0  # width of an edge's slot
BETWEEN = 26.0  # between layers, more where edges run far sideways
SWEEPS = 8


@dataclasses.dataclass
class Item:
    """A box or a slot, in a layer."""

    width: float
    height: float
    layer: int
    is_box: bool
    ups: list[int] = dataclasses.field(default_factory=list)  # items in the layer above that have an edge to this one
    downs: list[int] = dataclasses.field(default_factory=list)
    x: float = 0.0  # of the centre
    y: float = 0.0  # of the upper border; a slot's is that of its layer


@dataclasses.dataclass
class Layout:
    """Places of boxes and edges.

    Attributes:
        places: (left, top) of each box.
        paths: for each edge, the points of its line from above to below: at each layer that it leaves, passes or
            enters, where the line is vertical.
        width, height: size of the picture.
    """

    places: list[tuple[float, float]]
    paths: list[list[tuple[float, float]]]
    width: float
    height: float


def layered(sizes: list[tuple[float, float]], edges: list[tuple[int, int]], order: Iterable[tuple[int, int]]) -> Layout:
    """Lays out a graph.

    Args:
        sizes: (width, height) of each box.
        edges: (from, to), pairs of indices of boxes; without circles.
        order: further pairs of which the first is above the second.

    Returns:
        The Layout.
    """
    ranks = _ranks(len(sizes), [*edges, *order])
    items = [Item(w, h, rank, True) for (w, h), rank in zip(sizes, ranks)]
    slots = _add_slots(items, edges)
    layers = _ordered(items, max(ranks, default=-1) + 1)
    columns(items, layers, GAP)
    return _placed(items, layers, len(sizes), edges, slots)


def _ranks(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """The layer of each box: the longest path to it. Boxes without inputs stand above the first box that reads them."""
    ups: dict[int, list[int]] = defaultdict(list)
    downs: dict[int, list[int]] = defaultdict(list)
    for a, b in edges:
        ups[b].append(a)
        downs[a].append(b)
    missing = [len(ups[i]) for i in range(count)]
    ready = [i for i in range(count) if not missing[i]]
    ranks = [0] * count
    for i in ready:  # grows
        for j in downs[i]:
            ranks[j] = max(ranks[j], ranks[i] + 1)
            missing[j] -= 1
            if not missing[j]:
                ready.append(j)
    for i in range(count):
        if not ups[i] and downs[i]:
            ranks[i] = min(ranks[j] for j in downs[i]) - 1
    return ranks


def _add_slots(items: list[Item], edges: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Adds the slots of long edges to `items` and connects all items. Returns {(box, layer): slot of its edges}."""
    slots: dict[tuple[int, int], int] = {}
    for a, b in edges:
        before = a
        for layer in range(items[a].layer + 1, items[b].layer):
            if (a, layer) not in slots:
                slots[a, layer] = len(items)
                items.append(Item(SLOT, 0.0, layer, False))
                _connect(items, before, slots[a, layer])
            before = slots[a, layer]
        _connect(items, before, b)
    return slots


def _connect(items: list[Item], a: int, b: int) -> None:
    items[a].downs.append(b)
    items[b].ups.append(a)


def _ordered(items: list[Item], count: int) -> list[list[int]]:
    """The items of each layer from left to right, with few crossings of edges."""
    layers: list[list[int]] = [[] for _ in range(count)]
    seen: set[int] = set()
    for start in sorted(range(len(items)), key=lambda i: items[i].layer):
        stack = [start]
        while stack:  # depth first, boxes before slots
            i = stack.pop()
            if i not in seen:
                seen.add(i)
                layers[items[i].layer].append(i)
                stack += sorted(items[i].downs, key=lambda j: (items[j].is_box, -j))
    best, fewest = [list(layer) for layer in layers], _crossings(items, layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers[1:] if down else layers[-2::-1]:
            _sort(items, layer, layers[items[layer[0]].layer + (-1 if down else 1)], down)
        found = _crossings(items, layers)
        if found < fewest:
            best, fewest = [list(layer) for layer in layers], found
    return best


def _sort(items: list[Item], layer: list[int], fixed: list[int], down: bool) -> None:
    """Sorts a layer by the mean place of each item's neighbours in the layer next to it."""
    place = {i: p for p, i in enumerate(fixed)}
    keys = {}
    for p, i in enumerate(layer):
        near = items[i].ups if down else items[i].downs
        keys[i] = sum(place[j] for j in near) / len(near) if near else p * len(fixed) / max(1, len(layer))
    layer.sort(key=lambda i: keys[i])


def _crossings(items: list[Item], layers: list[list[int]]) -> int:
    """The number of pairs of edges that cross, by insertion into a sorted list."""
    total = 0
    for upper, lower in itertools.pairwise(layers):
        place = {i: p for p, i in enumerate(lower)}
        ends: list[int] = []
        for i in upper:
            targets = sorted(place[j] for j in items[i].downs)
            total += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return total


def _placed(
    items: list[Item],
    layers: list[list[int]],
    boxes: int,
    edges: list[tuple[int, int]],
    slots: dict[tuple[int, int], int],
) -> Layout:
    """Heights of the layers, and the lines."""
    left = min((item.x - item.width / 2 for item in items), default=0.0)
    for item in items:
        item.x -= left
    top, tops, bottoms = 0.0, [], []
    for n, layer in enumerate(layers):
        tall = max(items[i].height for i in layer)
        for i in layer:
            items[i].y = top + (tall - items[i].height) / 2 if items[i].is_box else top
        tops.append(top)
        bottoms.append(top + tall)
        sideways = max((abs(items[i].x - items[j].x) for i in layer for j in items[i].downs), default=0.0)
        top += tall + (BETWEEN + min(50.0, sideways / 8) if n + 1 < len(layers) else 0)
    paths = []
    for a, b in edges:
        first, last = items[a], items[b]
        path = [(first.x, first.y + first.height), (first.x, bottoms[first.layer])]
        for passed in range(first.layer + 1, last.layer):
            x = items[slots[a, passed]].x
            path += [(x, tops[passed]), (x, bottoms[passed])]
        paths.append([*path, (last.x, tops[last.layer]), (last.x, last.y)])
    places = [(item.x - item.width / 2, item.y) for item in items[:boxes]]
    width = max((item.x + item.width / 2 for item in items), default=0.0)
    return Layout(places, paths, width, bottoms[-1] if bottoms else 0.0)
