"""The description of a file as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..files import size_text


def as_text(facts: dict[str, Any]) -> str:
    """A few lines about the file, and a table of its layers, arrays or operators.

    >>> as_text({"file": "a.onnx", "format": "onnx model", "bytes": 12, "parameters": {"total": 3}})
    'a.onnx: onnx model, 12 B, 3 parameters'
    """
    parameters = facts["parameters"]
    lines = [f"{facts['file']}: {facts['format']}, {size_text(facts['bytes'])}, {parameters['total']:,} parameters"]
    if parameters.get("non_trainable"):
        lines[0] += f" ({parameters['trainable']:,} trainable)"
    for key in ("name", "class", "written_by", "dtype_policy", "opsets", "compiled", "training"):
        if facts.get(key) not in (None, ""):
            lines.append(f"{key.replace('_', ' ') + ':':14s}{_value(facts[key])}")
    for key in ("inputs", "outputs"):
        if facts.get(key):
            tensors = (f"{t['name']} {_shape(t['shape'])} {t['dtype']}" for t in facts[key])
            lines.append(f"{key + ':':14s}{', '.join(tensors)}")
    if "layers" in facts:
        lines += ["", *table(("layer", "class", "output", "dtype", "parameters"), list(map(_row, facts["layers"])))]
    if "arrays" in facts:
        rows = [(a["name"], _shape(a["shape"]), a["dtype"]) for a in facts["arrays"]]
        lines += ["", *table(("array", "shape", "dtype"), rows)]
    if "operators" in facts:
        lines += ["", *table(("operator", "nodes"), [(name, str(n)) for name, n in facts["operators"].items()])]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns.

    >>> table(("a", "b"), [("one", "2")])
    ['a    b', '------', 'one  2']
    """
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (head, *rows)]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _row(layer: dict[str, Any]) -> tuple[str, ...]:
    dtypes = ", ".join(layer["dtype"])
    return layer["name"], layer["class"], _shape(layer["output_shape"]), dtypes, f"{layer['parameters']:,}"


def _shape(shape: Sequence[Any] | None) -> str:
    return "" if shape is None else "(" + ", ".join("?" if n is None else str(n) for n in shape) + ")"


def _value(value: Any) -> str:
    return ", ".join(f"{name} {item}" for name, item in value.items()) if isinstance(value, dict) else str(value)
