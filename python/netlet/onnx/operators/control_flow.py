"""Operators that run graphs: If, Loop, Scan, SequenceMap."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant


@operator("If")
def if_operator(node: Node, condition: Any) -> Any:
    """The results of one of two graphs."""
    branch = "then_branch" if bool(constant(node, condition, "cond").item()) else "else_branch"
    return tuple(node.run_graph(node.attribute(branch), []))


@operator("Loop")
def loop(node: Node, trips: Any, condition: Any = None, *carried: Any) -> Any:
    """A graph that runs again on its own results, at most `trips` times and while the condition holds."""
    body = node.attribute("body")
    limit = None if trips is None else int(constant(node, trips, "M").item())
    going = True if condition is None else bool(constant(node, condition, "cond").item())
    values, steps, count = list(carried), [], 0
    while going and (limit is None or count < limit):
        node.check_steps(count + 1)
        results = node.run_graph(body, [np.array(count, np.int64), np.array(going), *values])
        going = bool(constant(node, results[0], "cond").item())
        values = results[1 : 1 + len(carried)]
        steps.append(results[1 + len(carried) :])
        count += 1
    columns = zip(*steps, strict=True) if steps else [()] * (len(node.outputs) - len(carried))
    return (*values, *(_stacked(node, column) for column in columns))


def _stacked(node: Node, steps: Any, axis: int = 0, backward: bool = False) -> Any:
    """One value of all steps along a new axis."""
    if not steps:
        return np.zeros((0,), np.float32)  # the type of a step that never ran is not known
    return ops.stack(list(reversed(steps)) if backward else list(steps), axis=axis)


def _each(node: Node, name: str, count: int) -> list[int]:
    """An attribute that has a number for each scanned input or output, by default 0."""
    return node.attribute(name, None) or [0] * count


@operator("Scan", since=9)
def scan(node: Node, *values: Any) -> Any:
    """A graph that runs over the slices of its inputs, with states from step to step."""
    return _scan(node, values, node.attribute("num_scan_inputs"), "scan_input_directions")


@operator("Scan", since=8)
def scan_batches(node: Node, lengths: Any, *values: Any) -> Any:
    """Opset 8: the graph runs for each sample of a batch, which may end early."""
    rows = values[0].shape[0]
    count = node.attribute("num_scan_inputs")
    node.check_steps(rows)
    ends = [None] * rows if lengths is None else constant(node, lengths, "sequence_lens").tolist()
    samples = []
    for row, end in enumerate(ends):
        given = [ops.getitem(v, row) for v in values]
        states = len(given) - count
        given[states:] = [v if end is None else ops.getitem(v, slice(0, end)) for v in given[states:]]
        samples.append(_scan(node, given, count, "directions"))
    return tuple(ops.stack(list(column), axis=0) for column in zip(*samples, strict=True))


def _scan(node: Node, values: Any, count: int, directions: str) -> tuple[Any, ...]:
    if not 0 < count <= len(values):
        raise node.error(f"expected num_scan_inputs from 1 to its number of inputs, {len(values)}, received {count}.")
    states, scanned = list(values[: len(values) - count]), values[len(values) - count :]
    axes = _each(node, "scan_input_axes", count)
    backward = _each(node, directions, count)
    steps: list[list[Any]] = []
    length = scanned[0].shape[axes[0]]
    node.check_steps(length)
    for i in range(length):
        places = [length - 1 - i if b else i for b in backward]
        slices = [ops.take(x, at, axis=axis) for x, at, axis in zip(scanned, places, axes, strict=True)]
        results = node.run_graph(node.attribute("body"), [*states, *slices])
        states = results[: len(states)]
        steps.append(results[len(states) :])
    columns = list(zip(*steps, strict=True)) if steps else [()] * (len(node.outputs) - len(states))
    out_axes = _each(node, "scan_output_axes", len(columns))
    out_backward = _each(node, "scan_output_directions", len(columns))
    stacked = (_stacked(node, c, a, bool(b)) for c, a, b in zip(columns, out_axes, out_backward, strict=True))
    return (*states, *stacked)


@operator("SequenceMap")
def sequence_map(node: Node, sequence: Any, *others: Any) -> Any:
    """Sequences of a graph's results for each element of a sequence."""
    results = []
    for i, element in enumerate(sequence):
        given = [other[i] if isinstance(other, list) else other for other in others]
        results.append(node.run_graph(node.attribute("body"), [element, *given]))
    return tuple(list(column) for column in zip(*results, strict=True)) or tuple([] for _ in node.outputs)
