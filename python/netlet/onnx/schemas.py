"""What the installed onnx knows of operators: their parameters, types and definitions."""

from __future__ import annotations

from functools import cache
from typing import Any

from netlet.base.extras import needs

_NEWEST = (1 << 31) - 1  # version that onnx can be asked for


@cache
def schema(op_type: str, opset: int, domain: str) -> Any:
    """The OpSchema of an operator; None if the installed onnx does not know it.

    Args:
        op_type: the operator's name.
        opset: the version of its domain.
        domain: "" for the standard operators.

    >>> schema("Conv", 17, "").max_input, schema("Conv", 17, "com.example")
    (3, None)
    """
    defs = needs("onnx.defs", "onnx", "netlet.onnx")
    known = 0 < opset <= _NEWEST and defs.has(op_type, opset, domain)
    return defs.get_schema(op_type, opset, domain) if known else None
