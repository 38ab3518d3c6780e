"""Operators that compute element by element."""

from __future__ import annotations

from typing import Any

from netlet import ops

from ..node import Node
from .registry import operator


@operator("Relu", any_layout=True)
def relu(node: Node, x: Any) -> Any:
    return ops.relu(x)


@operator("Add", any_layout=True)
def add(node: Node, a: Any, b: Any) -> Any:
    return ops.add(a, b)
