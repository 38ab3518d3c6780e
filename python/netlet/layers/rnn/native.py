"""The fast way: all time steps of a SimpleRNN, LSTM or GRU cell as one native op. `scan` is its oracle."""

from __future__ import annotations

from typing import Any

from netlet import _core, activations, ops

from .stacked import StackedRNNCells


def kind_of(cell: Any) -> str | None:
    """What the native op calls the cell; None for one that it does not know, such as a subclass with its own `call`."""
    owner = next((cls for cls in type(cell).__mro__ if "call" in vars(cls)), None)
    return cell.kind if owner is not None and "kind" in vars(owner) else None


def name_of(activation: Any) -> str | None:
    """What the native op calls an activation; None for one whose slope is not told by its value."""
    if activation is activations.hard_sigmoid:
        return "hard_sigmoid"
    name, _ = activations.fused(activation) or (None, 0.0)
    return None if name == "leaky_relu" else name


def fits(cell: Any, training: bool) -> bool:
    """Whether the native op computes what this cell computes; of stacked cells, each of them."""
    if type(cell) is StackedRNNCells:
        return all(fits(one, training) for one in cell.cells)
    if kind_of(cell) is None or None in (name_of(cell.activation), name_of(cell.recurrent_activation)):
        return False
    # It multiplies each operand once, for all gates: masks that differ from gate to gate need the other way.
    own_masks = cell._gates > 1 and cell.implementation == 1
    return not (training and own_masks and (cell.dropout or cell.recurrent_dropout))


def walk(
    cell: Any, x: Any, states: list[Any] | None, mask: Any, training: bool, reverse: bool, every: bool
) -> tuple[Any, Any, list[Any]]:
    """(last output, all outputs (B, T, U) in the order of time or None unless `every`, last states) of x (B, T, I).

    `states` None stands for zeros. Stacked cells walk one after the other: each takes all outputs of the one before.
    """
    if type(cell) is not StackedRNNCells:
        return _one(cell, x, states, mask, training, reverse, every)
    after = []
    for i, one in enumerate(cell.cells):
        wanted = every or i + 1 < len(cell.cells)
        last, x, new = _one(one, x, None if states is None else states[i], mask, training, reverse, wanted)
        after.append(new)
    return last, x, after


def _one(
    cell: Any, x: Any, states: Any, mask: Any, training: bool, reverse: bool, every: bool
) -> tuple[Any, Any, list[Any]]:
    x = ops.cast_if_needed(x, cell.compute_dtype)
    b, _, features = x.shape
    if masks := cell.input_masks((b, features), training):
        x = ops.multiply(x, ops.expand_dims(masks[0], 1))
    scales = cell.state_masks((b, cell.units), training)
    scale = scales[0] if scales else None
    h, c = (*(states or []), None, None)[:2]
    weights = cell.kernel, cell.recurrent_kernel, cell.bias
    own, recurrent = str(name_of(cell.activation)), str(name_of(cell.recurrent_activation))
    y, h, c = _core.rnn(cell.kind, x, *weights, h, c, mask, scale, own, recurrent, reverse, every)
    return h, y, [h] if c is None else [h, c]
