"""The fast way: all time steps of SimpleRNN, LSTM or GRU as one native op. `scan` is its oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import _core, activations, ops
from .gated import GatedCell

fused: Callable[..., Any] | None = getattr(_core, "rnn", None)

_ACTIVATIONS: dict[Any, str] = {
    activations.linear: "linear",
    activations.relu: "relu",
    activations.tanh: "tanh",
    activations.sigmoid: "sigmoid",
    activations.hard_sigmoid: "hard_sigmoid",
}


def kind_of(cell: Any) -> str | None:
    """What the native op calls the cell; None for one that it does not know, such as a subclass with its own `call`."""
    owner = next(cls for cls in type(cell).__mro__ if "call" in vars(cls))
    return cell.kind if "kind" in vars(owner) else None


def name_of(activation: Any) -> str | None:
    """What the native op calls an activation; None for one that it does not know."""
    try:
        return _ACTIVATIONS.get(activation)
    except TypeError:  # a callable object that cannot be a key
        return None


def fits(cell: GatedCell, training: bool) -> bool:
    """Whether the native op computes what this cell computes."""
    known = fused is not None and kind_of(cell) is not None
    if not known or None in (name_of(cell.activation), name_of(cell.recurrent_activation)):
        return False
    # It multiplies each operand once, for all gates: masks that differ from gate to gate need the other way.
    own_masks = cell._gates > 1 and cell.implementation == 1
    return not (training and own_masks and (cell.dropout or cell.recurrent_dropout))


def walk(
    cell: Any, x: Any, states: list[Any] | None, mask: Any, training: bool, reverse: bool
) -> tuple[Any, list[Any]]:
    """(outputs (B, T, U) in the order of time, last states): x (B, T, I), states None for zeros."""
    assert fused is not None
    kind = kind_of(cell)
    b, _, features = x.shape
    if masks := cell.input_masks((b, features), training):
        x = ops.multiply(x, ops.expand_dims(masks[0], 1))
    scales = cell.state_masks((b, cell.units), training)
    h, c = (*(states or []), None, None)[:2]
    weights = cell.kernel, cell.recurrent_kernel, cell.bias
    names = name_of(cell.activation), name_of(cell.recurrent_activation)
    y, h, c = fused(kind, x, *weights, h, c, mask, scales[0] if scales else None, *names, reverse)
    return y, [h, c] if kind == "lstm" else [h]
