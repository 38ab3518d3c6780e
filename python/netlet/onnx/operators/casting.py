"""Changes of type: Cast, CastLike, BitCast."""

from __future__ import annotations

from typing import Any

from netlet import ops
from netlet.config import DTYPES

from ..node import Node
from .element_types import attribute_type, cast, numpy_type, onnx_type, type_of, values_of
from .registry import operator


@operator("Cast")
def cast_to(node: Node, x: Any) -> Any:
    """x in the type `to`."""
    to = attribute_type(node, "to", "float32") or ""
    return cast(node, x, to, bool(node.attribute("saturate", 1)), node.attribute("round_mode", "up"))


@operator("CastLike")
def cast_like(node: Node, x: Any, like: Any) -> Any:
    """x in the type of another value."""
    return cast(node, x, onnx_type(like), bool(node.attribute("saturate", 1)), node.attribute("round_mode", "up"))


@operator("BitCast")
def bit_cast(node: Node, x: Any) -> Any:
    """The bits of x read as another type of the same size."""
    to = attribute_type(node, "to") or ""
    if to in DTYPES and type_of(x) in DTYPES and "bool" not in (to, type_of(x)):
        return ops.view(x, to)
    values = values_of(node, x, to)
    return values.reshape(values.shape or 1).view(numpy_type(to)).reshape(values.shape)
