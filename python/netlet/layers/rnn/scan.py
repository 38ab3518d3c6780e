"""Walking a cell over the time steps: the way that works for every cell, and the oracle of the native one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core, ops
from netlet.base import tree

Step = Callable[[Any, Any], tuple[Any, Any]]  # (x_t, states) -> (output, states)


def scan(
    step: Step, x: Any, states: list[Any], mask: Any, reverse: bool, zero_output: bool, every: bool
) -> tuple[Any, list[Any], list[Any]]:
    """(last output, all outputs, last states) of `step` along axis 1 of x (B, T, ...).

    Args:
        states: those before the first step, in any structure.
        mask: (B, T) bool or None. Where it is False a step keeps the states, and puts out the first of them (of the
            last cell, where cells are stacked): what an LSTM put out before.
        reverse: from the last step to the first.
        zero_output: masked steps put out zeros instead.
        every: whether all outputs are wanted; they come as a list in the order of time, else empty.
    """
    steps = steps_of(x)
    masks = None if mask is None else _core.split(mask, list(range(1, len(steps))), 1)
    outputs: list[Any] = [None] * len(steps)
    output = None
    for t in reversed(range(len(steps))) if reverse else range(len(steps)):
        made, new = step(steps[t], states)
        if masks is not None:
            before = None if zero_output else previous_output(states, made, output)
            made = choose(masks[t], made, ops.zeros_like(made) if before is None else before)
            kept = zip(tree.flatten(new), tree.flatten(states), strict=True)
            new = tree.pack_like(states, [choose(masks[t], a, b) for a, b in kept])
        states, output, outputs[t] = new, made, made
    return output, outputs if every else [], states


def steps_of(x: Any) -> list[Any]:
    """The slices (B, ...) of x (B, T, ...), cut in one pass."""
    b, n, *rest = x.shape
    if n == 0:
        return []
    return [_core.reshape(part, (b, *rest)) for part in _core.split(x, list(range(1, n)), 1)]


def previous_output(states: Any, output: Any = None, emitted: Any = None) -> Any:
    """What stands for the output of the step before: the first state (of the last cell, where cells are stacked).

    If its shape is not the output's: what was put out before, None at first.
    """
    first = states[0]
    if isinstance(first, (list, tuple)):
        first = tree.flatten(states[-1])[0]
    return first if output is None or tuple(first.shape) == tuple(output.shape) else emitted


def choose(mask: Any, new: Any, old: Any) -> Any:
    """`new` in the rows where mask (B, 1) is True, `old` in the others."""
    wide = _core.reshape(mask, (mask.shape[0], *[1] * (len(new.shape) - 1))) if len(new.shape) != 2 else mask
    return _core.where(wide, new, old)
