"""Runs all time steps of a SimpleRNN, LSTM or GRU cell as one native op. `scan.py` is the reference."""

from __future__ import annotations

from typing import Any

from netlet import activations, ops

from .stacked import StackedRNNCells


def kind_of(cell: Any) -> str | None:
    """The cell's name in the native op; None if it does not support the cell, e.g. a subclass with its own `call`.

    A class that has a native form of its `call` defines `kind` or `_all_steps` with it.
    """
    if "call" in vars(cell):  # replaced for this cell alone, e.g. by something that observes its inputs
        return None
    owner = next((cls for cls in type(cell).__mro__ if "call" in vars(cls)), None)
    return cell.kind if owner is not None and ("kind" in vars(owner) or "_all_steps" in vars(owner)) else None


def name_of(activation: Any) -> str | None:
    """The activation's name in the native op; None if its gradient cannot be computed from its output."""
    if activation is activations.hard_sigmoid:
        return "hard_sigmoid"
    name, _ = activations.fused(activation) or (None, 0.0)
    return None if name in ("leaky_relu", "relu6") else name


def fits(cell: Any, training: bool) -> bool:
    """Whether the native op supports this cell, or every cell of stacked cells."""
    if type(cell) is StackedRNNCells:
        return all(fits(one, training) for one in cell.cells)
    if kind_of(cell) is None or None in (name_of(cell.activation), name_of(cell.recurrent_activation)):
        return False
    # The native op multiplies each operand once for all gates, so masks that differ between gates need scan.
    own_masks = cell._gates > 1 and cell.implementation == 1
    return not (training and own_masks and (cell.dropout or cell.recurrent_dropout))


def walk(
    cell: Any, x: Any, states: list[Any] | None, mask: Any, training: bool, reverse: bool, every: bool
) -> tuple[Any, Any, list[Any]]:
    """Runs `cell` over x (B, T, I).

    Stacked cells run one after another; each processes all outputs of the previous cell.

    Args:
        cell: a supported cell (see `fits`).
        x: (B, T, I).
        states: initial states; None for zeros.
        mask: (B, T) bool, or None.
        training: whether dropout applies.
        reverse: whether to process the steps from last to first.
        every: whether to return all outputs.

    Returns:
        (last output (B, U), all outputs (B, T, U) in time order or None, last states).
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
    names = str(name_of(cell.activation)), str(name_of(cell.recurrent_activation))
    y, h, c = cell._all_steps(x, h, c, mask, scale, *names, reverse, every)
    return h, y, [h] if c is None else [h, c]
