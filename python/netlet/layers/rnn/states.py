"""States of recurrent layers: initial values, checks, and variables of stateful layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, ops
from netlet.base import tree
from netlet.engine.variable import Variable


def zeros(sizes: Any, batch: Any, dtype: str) -> list[Any]:
    """Zeros (batch, size) in the structure of `sizes`: an integer, or a list of integers and such lists."""
    return [_zeros(size, batch, dtype) for size in ([sizes] if isinstance(sizes, int) else sizes)]


def _zeros(size: Any, batch: Any, dtype: str) -> Any:
    return ops.zeros((batch, size), dtype) if isinstance(size, int) else [_zeros(s, batch, dtype) for s in size]


def as_list(states: Any) -> list[Any]:
    """The states as a list; a single state becomes a list of one."""
    return list(states) if isinstance(states, (list, tuple)) else [states]


def fitted(layer: Any, given: Any, expected: list[Any]) -> list[Any]:
    """The caller's states `given`, packed in the structure of `expected` and cast to its types.

    Raises:
        ValueError: wrong number of states, or a state of the wrong shape.
    """
    leaves, wanted = tree.flatten(given), tree.flatten(expected)
    if len(leaves) != len(wanted):
        raise ValueError(
            f"Layer '{layer.name}': expected {len(wanted)} state(s) in `initial_state`, of shapes "
            f"{[tuple(w.shape) for w in wanted]}, received {len(leaves)}."
        )
    for i, (leaf, want) in enumerate(zip(leaves, wanted)):
        if tuple(getattr(leaf, "shape", ())) != tuple(want.shape):
            raise ValueError(
                f"Layer '{layer.name}': expected shape {tuple(want.shape)} for state {i} of `initial_state`, received "
                f"{tuple(leaf.shape) if hasattr(leaf, 'shape') else repr(leaf)}."
            )
    packed: list[Any] = tree.pack_like(expected, [ops.cast_if_needed(v, w.dtype) for v, w in zip(leaves, wanted)])
    return packed


def variables(values: list[Any]) -> list[Any]:
    """Non-trainable variables with these initial values, in the same structure."""
    made: list[Any] = tree.map_structure(
        lambda v: Variable(np.array(v), trainable=False, dtype=v.dtype, name="rnn_state"), values
    )
    return made


def step_mask(layer: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """The mask as (B, T) bool. A mask (B, T, features) masks the steps where it is False for every feature.

    Raises:
        ValueError: the mask does not match sequences of `shape` (B, T, ...).
    """
    mask = tree.flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
    if mask is None:
        return None
    given = tuple(getattr(mask, "shape", ()))
    if len(given) not in (2, 3) or given[:2] != tuple(shape[:2]):
        raise ValueError(
            f"Layer '{layer.name}': expected a mask of shape {tuple(shape[:2])} for sequences {tuple(shape)}, received "
            f"{given}."
        )
    mask = ops.cast_if_needed(mask, "bool")
    return ops.any(mask, axis=-1) if len(given) == 3 else mask


def initial(layer: Any, batch: int) -> list[Any]:
    """The layer's initial states as values, even while a step is being recorded."""
    with _core.Tape():
        found: list[Any] = layer.get_initial_state(batch)
    return found
