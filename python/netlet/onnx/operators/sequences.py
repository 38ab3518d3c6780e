"""Sequences of tensors, which are lists, and optional values, which are None if they are empty."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant


def _place(node: Node, index: Any, default: int) -> int:
    return default if index is None else int(constant(node, index, "position").item())


@operator("SequenceConstruct")
def sequence_construct(node: Node, *values: Any) -> Any:
    """The inputs as a sequence."""
    return list(values)


@operator("SequenceEmpty")
def sequence_empty(node: Node) -> Any:
    """A sequence of nothing."""
    return []


@operator("SequenceAt")
def sequence_at(node: Node, sequence: Any, index: Any) -> Any:
    """One element."""
    return sequence[_place(node, index, 0)]


@operator("SequenceInsert")
def sequence_insert(node: Node, sequence: Any, value: Any, index: Any = None) -> Any:
    """A sequence with one more element, by default at its end."""
    at = _place(node, index, len(sequence))
    at += len(sequence) if at < 0 else 0
    return [*sequence[:at], value, *sequence[at:]]


@operator("SequenceErase")
def sequence_erase(node: Node, sequence: Any, index: Any = None) -> Any:
    """A sequence without one element, by default the last."""
    at = _place(node, index, -1) % len(sequence)
    return [*sequence[:at], *sequence[at + 1 :]]


@operator("SequenceLength")
def sequence_length(node: Node, sequence: Any) -> Any:
    """The number of elements."""
    return np.array(len(sequence), np.int64)


@operator("SplitToSequence")
def split_to_sequence(node: Node, x: Any, split: Any = None) -> Any:
    """The parts of x along an axis: of one size, of several, or slices of 1."""
    axis = node.attribute("axis", 0)
    size = x.shape[axis]
    sizes = np.array(1) if split is None else constant(node, split, "split")
    if sizes.ndim == 0:
        node.check_steps(-(-size // max(1, sizes.item())))
    ends = np.arange(sizes.item(), size, sizes.item()) if sizes.ndim == 0 else np.cumsum(sizes)[:-1]
    parts = list(ops.split(x, ends.tolist(), axis=axis)) if len(ends) else [x]
    keep = split is not None or node.attribute("keepdims", 1)
    return parts if keep else [ops.squeeze(part, axis=axis) for part in parts]


@operator("ConcatFromSequence")
def concat_from_sequence(node: Node, sequence: Any) -> Any:
    """The elements one after the other, along an axis or a new one."""
    return (ops.stack if node.attribute("new_axis", 0) else ops.concatenate)(sequence, axis=node.attribute("axis"))


@operator("Optional")
def optional(node: Node, value: Any = None) -> Any:
    """A value that may be empty."""
    return value


@operator("OptionalHasElement")
def optional_has_element(node: Node, value: Any = None) -> Any:
    """Whether there is a value."""
    return np.array(value is not None)


@operator("OptionalGetElement")
def optional_get_element(node: Node, value: Any) -> Any:
    """The value."""
    if value is None:
        raise node.error("expected a value, received an empty optional.")
    return value
