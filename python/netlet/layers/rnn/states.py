"""The states of a recurrent layer: their structure, their checks, and those that stay from one batch to the next."""

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
    """A list, also of one state."""
    return list(states) if isinstance(states, (list, tuple)) else [states]


def fitted(layer: Any, given: Any, expected: list[Any]) -> list[Any]:
    """The states given by a caller in the structure, shapes and type of `expected`.

    Raises:
        ValueError: another number of states, or another shape.
    """
    leaves, wanted = tree.flatten(given), tree.flatten(expected)
    if len(leaves) != len(wanted):
        raise ValueError(
            f"Layer '{layer.name}' has {len(wanted)} state(s), of shapes {[tuple(w.shape) for w in wanted]}; "
            f"`initial_state` has {len(leaves)}."
        )
    for i, (leaf, want) in enumerate(zip(leaves, wanted)):
        if tuple(getattr(leaf, "shape", ())) != tuple(want.shape):
            raise ValueError(
                f"Layer '{layer.name}': state {i} has shape {tuple(want.shape)}; `initial_state` has "
                f"{tuple(leaf.shape) if hasattr(leaf, 'shape') else repr(leaf)} there."
            )
    packed: list[Any] = tree.pack_like(expected, [ops.cast_if_needed(v, w.dtype) for v, w in zip(leaves, wanted)])
    return packed


def variables(values: list[Any]) -> list[Any]:
    """Variables that begin as these values, in the same structure."""
    made: list[Any] = tree.map_structure(
        lambda v: Variable(np.array(v), trainable=False, dtype=v.dtype, name="rnn_state"), values
    )
    return made


def step_mask(layer: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """The mask as (B, T) bool. One of (B, T, features) masks the steps in which it is False for every feature.

    Raises:
        ValueError: a mask for other sequences than those of `shape` (B, T, ...).
    """
    mask = tree.flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
    if mask is None:
        return None
    given = tuple(getattr(mask, "shape", ()))
    if len(given) not in (2, 3) or given[:2] != tuple(shape[:2]):
        raise ValueError(
            f"Layer '{layer.name}': the mask of sequences {tuple(shape)} has shape {tuple(shape[:2])}, one entry for "
            f"each step; given {given}."
        )
    mask = ops.cast_if_needed(mask, "bool")
    return ops.any(mask, axis=-1) if len(given) == 3 else mask


def initial(layer: Any, batch: int) -> list[Any]:
    """The layer's initial states as values, also while a step is recorded."""
    with _core.Tape():
        found: list[Any] = layer.get_initial_state(batch)
    return found
