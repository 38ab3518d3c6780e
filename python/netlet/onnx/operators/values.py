"""What handlers ask of their inputs: a NumPy array is a constant, anything else is computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.engine.graph import KerasTensor
from netlet.engine.needs_values import NeedsValues, values_if_known

from ..node import Node


class NeedsConstant(ValueError):
    """A handler needs the values of an input that is symbolic. While a Model is made, the node becomes a layer that
    runs the handler when the model runs, where the shapes are known."""


def is_constant(value: Any) -> bool:
    """Whether a value is known while a Model is made.

    >>> is_constant(np.ones(2)), is_constant(KerasTensor((2,)))
    (True, False)
    """
    return isinstance(value, (np.ndarray, np.generic))


def is_computed(value: Any) -> bool:
    """Whether the model computes a value: it is symbolic, or a step that is recorded computes it.

    >>> is_computed(np.ones(2)), is_computed(KerasTensor((2,)))
    (False, True)
    """
    return isinstance(value, KerasTensor) or bool(getattr(getattr(value, "_tensor", value), "recorded", False))


def constant(node: Node, value: Any, name: str) -> np.ndarray:
    """The values of an input that the handler must know: a shape, axes, paddings.

    Args:
        node: the node.
        value: the input.
        name: the input's name in ONNX's definition of the operator.

    Raises:
        NeedsConstant: it is symbolic.
        NeedsValues: the step that is recorded computes it.
    """
    if isinstance(value, KerasTensor):
        raise NeedsConstant(f"{node}: expected a constant input '{name}', received one that the model computes.")
    known = values_if_known(value)
    if known is None:
        raise NeedsValues(str(node), f"its result's shape depends on the input '{name}'")
    return known


def known_shape(node: Node, value: Any) -> tuple[int, ...]:
    """The shape of an input, which the handler must know whole.

    Args:
        node: the node.
        value: the input.

    Raises:
        NeedsConstant: it is symbolic and has an unknown dimension.
    """
    shape = tuple(value.shape)
    if None in shape:
        raise NeedsConstant(f"{node}: expected a known shape, received {shape}.")
    return shape
