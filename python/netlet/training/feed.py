"""Makes the Tensors that a step receives from arrays: in the dtypes that the model computes with."""

from __future__ import annotations

import math
from typing import Any

from netlet import _core, config
from netlet.base.tree import flatten
from netlet.config import numpy_dtype

from .data_sources import ArrayData
from .own_step import keeps_integers


def feed(
    tape: _core.Tape, model: Any, mode: str, data: ArrayData, batch: int, rows: tuple[int, int] | None = None
) -> list[_core.Tensor]:
    """The recorded Tensors of a batch.

    Args:
        tape: the recording tape.
        model: the Trainer.
        mode: "train", "test" or "predict".
        data: the arrays.
        batch: rows of a batch.
        rows: (first row, number of rows) to take of each batch; None for all.

    Returns:
        A Tensor of `batch` rows for each of `data.leaves()`. A training step gathers its rows from the whole array, so
        that they can be shuffled; the other steps read consecutive rows.
    """
    return [
        source(tape, model, data, i, batch, mode == "train", keeps_integers(model, mode), rows)
        for i in range(len(data.leaves()))
    ]


def source(
    tape: _core.Tape,
    model: Any,
    data: ArrayData,
    i: int,
    batch: int,
    gather: bool,
    integers: bool = False,
    rows: tuple[int, int] | None = None,
) -> _core.Tensor:
    """The recorded Tensor for one array.

    Args:
        tape: the recording tape.
        model: the Trainer.
        data: the arrays.
        i: index in `data.leaves()`.
        batch: rows of a batch.
        gather: whether the rows are gathered in a given order; else the step reads consecutive rows in place.
        integers: whether integer targets keep an integer dtype.
        rows: (first row, number of rows) to take of each batch; None for all.

    Returns:
        A Tensor of `batch` rows, or of those in `rows`, in the dtype that the model computes with.
    """
    part, index = _position(model, data, i)
    leaf = data.leaves()[i]
    wanted = _dtype(model, part, index, leaf, integers)
    shape = (batch if data.even else leaf.shape[0], *leaf.shape[1:])
    name = part if index is None else f"{part}[{index}]"
    if gather:
        return tape.feed(shape, leaf.dtype, wanted, name, *(rows or ()))
    t = tape.input(shape, leaf.dtype, name)
    if rows is not None:
        row = math.prod(shape[1:]) * numpy_dtype(leaf.dtype).itemsize
        t = _core.view(t, (rows[1], *shape[1:]), rows[0] * row)
    return t if leaf.dtype == wanted else _core.cast(t, wanted)


def cast_to_model(model: Any, data: ArrayData, i: int, integers: bool = False) -> _core.Tensor:
    """All rows of one array, in the dtype that the model computes with, for an eager step.

    Args:
        model: the Trainer.
        data: the arrays.
        i: index in `data.leaves()`.
        integers: whether integer targets keep an integer dtype.

    Returns:
        The Tensor.
    """
    part, index = _position(model, data, i)
    leaf = data.leaves()[i]
    return _core.cast(leaf, _dtype(model, part, index, leaf, integers))


def check_inputs(model: Any, data: ArrayData) -> None:
    """Checks that the data have one array for each input of a model that is a graph.

    Args:
        model: the Trainer.
        data: the arrays; a dict as x is not checked.

    Raises:
        ValueError: another number of arrays.
    """
    inputs = getattr(model, "fed_inputs", None)
    given = len(flatten(data.x))
    if inputs is None or isinstance(data.x, dict) or given == len(inputs):
        return
    hint = " Give x and y as two arguments, not as one tuple." if data.y is None and given == 2 else ""
    wanted = "1 array" if len(inputs) == 1 else f"{len(inputs)} arrays, one for each input"
    raise ValueError(f"{data.method}(x): model '{model.name}' expected {wanted}, received {given}.{hint}")


def _position(model: Any, data: ArrayData, i: int) -> tuple[str, int | None]:
    """(part, index) of the i-th array: "x", "y" or "sample_weight", and the index of the model's input or output.

    The index is None if the part has one array without a known name.
    """
    for part in ("x", "y", "sample_weight"):
        structure = getattr(data, part)
        places = flatten(structure)
        leaves = [k for k, t in enumerate(places) if t is not None]
        if i >= len(leaves):
            i -= len(leaves)
            continue
        if isinstance(structure, dict):
            keys = [k for k in sorted(structure) if structure[k] is not None]
            names = _names(model, "input" if part == "x" else "output")
            if len(keys) == len(leaves) and keys[i] in names:
                return part, names.index(keys[i])
        i = leaves[i] if part == "x" else model.output_of(leaves[i], len(places))
        return part, i if i or len(places) > 1 else None
    raise IndexError(i)


def _names(model: Any, end: str) -> list[str]:
    """Keys of a dict of arrays for the inputs or outputs (`end` is "input" or "output"), in the model's order."""
    structure = getattr(model, end, None)
    return sorted(structure) if isinstance(structure, dict) else list(getattr(model, f"{end}_names", None) or [])


def _spec(model: Any, end: str, index: int) -> Any:
    """The symbolic input or output with this index; None if the model is not a graph."""
    specs = getattr(model, end, None) or []
    return specs[index] if index < len(specs) else None


def _dtype(model: Any, part: str, index: int | None, leaf: _core.Tensor, integers: bool) -> str:
    """The dtype in which a step receives an array.

    Inputs have the dtype of the symbolic input. Targets and weights have the float dtype of the output or the model;
    integer targets stay integers if the loss takes class indices or `integers` is True.
    """
    compute = getattr(model, "compute_dtype", None) or config.floatx()
    if compute not in ("float32", "float64"):
        compute = config.floatx()
    floating = config.is_float(leaf.dtype)
    if part == "x":
        spec = _spec(model, "fed_inputs", index or 0)
        if spec is not None:
            return str(spec.dtype)
        return compute if floating else _integer(leaf)
    if not floating:
        if integers:
            return _integer(leaf)
        if part == "y" and model.wants_integer_labels(index or 0):
            return "int32"
    spec = _spec(model, "outputs", index or 0)
    return str(spec.dtype) if spec is not None and str(spec.dtype) in ("float32", "float64") else compute


def _integer(leaf: _core.Tensor) -> str:
    """The array's dtype, with int32 instead of int64."""
    return "int32" if leaf.dtype == "int64" else leaf.dtype
