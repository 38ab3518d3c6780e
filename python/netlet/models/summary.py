"""The table that `model.summary()` prints, in Keras's layout."""

from __future__ import annotations

import math
import re
import shutil
import textwrap
from collections.abc import Iterable
from typing import Any

from netlet.base import tree
from netlet.base.exclusive import in_turn


def readable_size(size: float) -> str:
    """A number of bytes as text with a unit.

    Args:
        size: number of bytes.

    Returns:
        Text with two decimals; a KB is 1024 bytes.

    >>> readable_size(52008)
    '50.79 KB'
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def table(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> str:
    """The text of `Model.summary`.

    Args:
        model: the model.
        line_length: width in characters; by default the terminal's width minus 4, up to a width that depends on the
            columns.
        positions: where each column ends, as fractions of the width.
        expand_nested: whether to list the layers of nested models too.
        show_trainable: whether to add a column that shows which layers are trainable.
        layer_range: (first, last) layer names or regular expressions, or None for all layers.

    Returns:
        The lines, joined.

    Raises:
        ValueError: `line_length` is too small for the columns; `layer_range` matches no layer.
    """
    with in_turn(model):
        header, rows = cells(model, expand_nested, show_trainable, layer_range)
    if "Connected to" in header:
        width, positions = 108, positions or [0.3, 0.56, 0.74, 1.0]
    else:
        width, positions = 88, positions or [0.45, 0.80, 1.0]
    if show_trainable:
        width, positions = width + 12, [p * 0.90 for p in positions] + [1.0]
    positions = positions[: len(header)]
    line_length = line_length or min(width, shutil.get_terminal_size().columns - 4)
    widths = _column_widths(positions, line_length)
    return "\n".join([f'Model: "{model.name}"', *_draw(header, rows, widths), *totals(model)])


def cells(
    model: Any, expand_nested: bool = False, show_trainable: bool = False, layer_range: Any = None
) -> tuple[list[str], list[list[str]]]:
    """The texts of the table.

    Args:
        model: the model.
        expand_nested: whether to list the layers of nested models too; default False.
        show_trainable: whether to add a column that shows which layers are trainable; default False.
        layer_range: (first, last) layer names or regular expressions; default None for all layers.

    Returns:
        (names of the columns, cells of each row).

    Raises:
        ValueError: `layer_range` matches no layer.
    """
    function = getattr(model, "_function", None)
    chain = function is None or _is_chain(function, model)
    header = ["Layer (type)", "Output Shape", "Param #"]
    header += [] if chain else ["Connected to"]
    header += ["Trainable"] if show_trainable else []
    operations = model.layers if function is None else function.operations
    chosen = operations[slice(*_range(operations, layer_range))]
    return header, [row for op in chosen for row in _rows(op, function, chain, expand_nested, show_trainable, 0)]


def _column_widths(positions: list[float], line_length: int) -> list[int]:
    """Widths of the cells' texts in characters: fractions of the line, less what borders and padding take."""
    edges = [int(p * line_length) for p in positions]
    widths = [b - a for a, b in zip([0, *edges[:-1]], edges, strict=True)]
    if min(widths) < 4:
        raise ValueError(f"summary(line_length={line_length}): too narrow for {len(widths)} columns.")
    excess = sum(w + 2 for w in widths) - (line_length - len(widths) - 1)
    for i in range(len(widths)):
        cut = round(max(excess, 0) / (len(widths) - i))
        widths[i], excess = widths[i] - cut, excess - cut
    return widths


def _draw(header: list[str], rows: list[list[str]], widths: list[int]) -> list[str]:
    """The table's lines, with borders."""
    right = header.index("Param #")
    centre = header.index("Trainable") if "Trainable" in header else -1

    def line(cells: list[str], bar: str) -> list[str]:
        wrapped = [textwrap.wrap(c, w) or [""] for c, w in zip(cells, widths, strict=True)]
        out = []
        for i in range(max(len(w) for w in wrapped)):
            parts = []
            for column, (texts, w) in enumerate(zip(wrapped, widths, strict=True)):
                text = texts[i] if i < len(texts) else ""
                parts.append(
                    text.rjust(w) if column == right else text.center(w) if column == centre else text.ljust(w)
                )
            out.append(f"{bar} " + f" {bar} ".join(parts) + f" {bar}")
        return out

    def rule(left: str, fill: str, cross: str, end: str) -> str:
        return left + cross.join(fill * (w + 2) for w in widths) + end

    lines = [rule("┏", "━", "┳", "┓"), *line(header, "┃"), rule("┡", "━", "╇", "┩")]
    for i, row in enumerate(rows):
        if i:
            lines.append(rule("├", "─", "┼", "┤"))
        lines += line(row, "│")
    return [*lines, rule("└", "─", "┴", "┘")]


def _rows(op: Any, function: Any, chain: bool, nested: bool, trainable: bool, level: int) -> Iterable[list[str]]:
    """The row of a layer or op, then those of its nested layers."""
    prefix = "   " * level + "└ " if level else ""
    row = [
        f"{prefix}{op.name} ({_class_name(op)})",
        _shape(op),
        _params(op),
    ]
    if not chain:
        row.append(_connections(op, function))
    if trainable:
        row.append(("Y" if op.trainable else "N") if getattr(op, "weights", None) else "-")
    yield row
    if nested:
        for inner in getattr(op, "layers", []):
            yield from _rows(inner, function, chain, nested, trainable, level + 1)


def _class_name(op: Any) -> str:
    """The class of a layer, or the name of an op as the name of a class, which an op has in Keras."""
    if hasattr(op, "built"):
        return type(op).__name__
    return "".join(word.capitalize() for word in op.fn.__name__.split("_"))


def _params(op: Any) -> str:
    """The number of weights of a layer or op, as text."""
    if not hasattr(op, "built"):
        return "0"
    return f"{op.count_params():,}" if op.built else "0 (unbuilt)"


def _shape(op: Any) -> str:
    """The output shape of a layer's last call, or of the shape it was built with; "?" if unknown."""
    nodes = op._inbound_nodes
    if nodes:
        shapes = [str(t.shape) for t in nodes[-1].outputs]
        return shapes[0] if len(shapes) == 1 else "[" + ", ".join(shapes) + "]"
    build = getattr(op, "_build_arguments", None)
    if not build:
        return "?"
    try:
        spec = tree.flatten(tree.map_shapes(str, op.compute_output_shape(*build.values())))
    except (NotImplementedError, TypeError):
        return "?"
    return str(spec[0]) if len(spec) == 1 else "[" + ", ".join(spec) + "]"


def _connections(op: Any, function: Any) -> str:
    """ "layer[call][output]" for each input of a layer or op in this model."""
    own = {id(node) for node in function.nodes}
    histories = [t._keras_history for node in op._inbound_nodes if id(node) in own for t in node.input_tensors]
    return ", ".join(f"{h.operation.name}[{h.node_index}][{h.tensor_index}]" for h in histories) or "-"


def _is_chain(function: Any, model: Any) -> bool:
    """Whether the graph is a chain of layers that are called once, so that the table needs no connections."""
    if any(len(nodes) > 1 or len(nodes[0].input_tensors) > 1 for nodes in function.nodes_by_depth.values()):
        return False
    own = [id(node) for node in function.nodes]
    return all(sum(id(n) in own for n in layer._inbound_nodes) <= 1 for layer in model.layers)


def _range(operations: list[Any], layer_range: Any) -> tuple[int, int]:
    """(start, stop) of the operations that `layer_range` selects."""
    if layer_range is None:
        return 0, len(operations)
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary(layer_range=): expected a pair of layer names, received {layer_range!r}.")
    found = [[i for i, op in enumerate(operations) if re.match(name, op.name)] for name in layer_range]
    if not all(found):
        raise ValueError(f"summary: no layers match {layer_range!r}; the layers are {[op.name for op in operations]}.")
    first, last = min(found[0]), max(found[1])
    return (first, last + 1) if first <= last else (min(found[1]), max(found[0]) + 1)


def totals(model: Any) -> list[str]:
    """The lines below the table: numbers of weights and bytes."""
    groups = {"Trainable": model.trainable_variables, "Non-trainable": model.non_trainable_variables}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        groups["Optimizer"] = optimizer.variables
    counts = {name: sum(math.prod(v.shape) for v in group) for name, group in groups.items()}
    sizes = {name: sum(v.value.nbytes for v in group) for name, group in groups.items()}
    lines = [f" Total params: {sum(counts.values()):,} ({readable_size(sum(sizes.values()))})"]
    return lines + [f" {name} params: {counts[name]:,} ({readable_size(sizes[name])})" for name in groups]
