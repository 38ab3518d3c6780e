"""Runs any cell over the time steps in a loop. It is also the reference for the native op in `native.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core, ops
from netlet.base import tree

Step = Callable[[Any, Any], tuple[Any, Any]]  # (x_t, states) -> (output, states)


def scan(
    step: Step, x: Any, states: list[Any], mask: Any, reverse: bool, zero_output: bool, every: bool
) -> tuple[Any, list[Any], list[Any]]:
    """Runs `step` along axis 1 of x (B, T, ...).

    Args:
        step: function (x_t, states) -> (output, states).
        x: (B, T, ...).
        states: states before the first step, in any structure.
        mask: (B, T) bool or None. Where it is False, the states do not change and the output is the first state (of the
            last cell if cells are stacked), which for an LSTM is the previous output.
        reverse: whether to process the steps from last to first.
        zero_output: whether masked steps output zeros instead.
        every: whether to return all outputs.

    Returns:
        (last output, list of all outputs in time order, empty unless `every`, last states). The last output is None for
        sequences without steps.
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
    """The T slices (B, ...) of x (B, T, ...), made by one split."""
    b, n, *rest = x.shape
    if n == 0:
        return []
    return [_core.reshape(part, (b, *rest)) for part in _core.split(x, list(range(1, n)), 1)]


def previous_output(states: Any, output: Any = None, emitted: Any = None) -> Any:
    """The previous output, for masked steps: the first state (of the last cell if cells are stacked).

    If its shape differs from that of `output`, it is `emitted`, the output of the previous step (None at the first).
    """
    first = states[0]
    if isinstance(first, (list, tuple)):
        first = tree.flatten(states[-1])[0]
    return first if output is None or tuple(first.shape) == tuple(output.shape) else emitted


def choose(mask: Any, new: Any, old: Any) -> Any:
    """`new` in the rows where mask (B, 1) is True, `old` in the others."""
    wide = _core.reshape(mask, (mask.shape[0], *[1] * (len(new.shape) - 1))) if len(new.shape) != 2 else mask
    return _core.where(wide, new, old)
