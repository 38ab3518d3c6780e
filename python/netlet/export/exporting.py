"""export_model: what `Model.export` does."""

from __future__ import annotations

import os
from typing import Any

from netlet.base import tree
from netlet.base.extras import needs
from netlet.engine.graph import KerasTensor

FORMATS = ("onnx",)


def export_model(
    model: Any,
    filepath: Any,
    format: str = "onnx",
    verbose: bool | None = None,
    input_signature: Any = None,
    *,
    opset_version: int | None = None,
    quantized: str = "qdq",
) -> None:
    """Writes a model for inference to a file of another program.

    Args:
        model: the model, built.
        filepath: str or path of the file.
        format: "onnx", the default and the only one.
        verbose: whether to print where it was written; None (the default): no.
        input_signature: structure of InputSpecs, symbolic tensors or arrays: shapes and dtypes of the inputs, and
            names if they have some. None (the default): the model's inputs.
        opset_version: version of ONNX's standard operators; None (the default): 21.
        quantized: how quantized layers are written: "qdq" (the default), pairs of QuantizeLinear and DequantizeLinear
            around float operators, or "qoperator", integer operators.

    Raises:
        ImportError: onnx is not installed.
        ValueError: another format; a model whose inputs are not known; other bad arguments.
        NotImplementedError: layers that have no form in the format; the message lists all of them.

    >>> import os, tempfile
    >>> import netlet, onnx
    >>> model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2, activation="relu")])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    >>> export_model(model, path)
    >>> [node.op_type for node in onnx.load(path).graph.node]
    ['Gemm', 'Relu']
    """
    if format not in FORMATS:
        raise ValueError(f"Model.export: expected `format` to be one of {FORMATS}, received {format!r}.")
    needs("onnx", "onnx", "Model.export")
    from .onnx import export_onnx

    path = os.fspath(filepath)
    signature = model_signature(model) if input_signature is None else given_signature(input_signature)
    export_onnx(model, path, signature, opset_version, quantized)
    if verbose:
        print(f"Saved the model '{model.name}' as {path}.")


def model_signature(model: Any) -> Any:
    """The inputs of a model as KerasTensors with the inputs' names; ValueError if it is not built."""
    if getattr(model, "_function", None) is not None:
        return tree.map_structure(lambda t: KerasTensor(t.shape, t.dtype, name=_input_name(t)), model.input)
    if getattr(model, "_symbols", None):
        symbol = model._symbols[0]
        return KerasTensor(symbol.shape, symbol.dtype, name=_input_name(symbol))
    shapes = model._build_arguments
    if not model.built or not shapes:
        raise ValueError(
            f"Model.export: the inputs of model '{model.name}' are not known. Call it once, or pass `input_signature`."
        )
    (shape,) = list(shapes.values())[:1]
    count = iter(range(1000))

    def symbol_of(s: Any) -> KerasTensor:
        return KerasTensor((None, *s[1:]), model.compute_dtype, name=f"input_{next(count)}")

    return tree.map_shapes(symbol_of, shape)


def _input_name(symbol: KerasTensor) -> str:
    return str(symbol._keras_history.operation.name)


def given_signature(structure: Any) -> Any:
    """The argument `input_signature` as KerasTensors with names."""
    if isinstance(structure, (list, tuple)) and len(structure) == 1:
        structure = structure[0]
    count = iter(range(len(tree.flatten(structure))))

    def symbol_of(leaf: Any) -> KerasTensor:
        if not hasattr(leaf, "shape") or leaf.shape is None:
            raise ValueError(
                f"Model.export: expected `input_signature` with a shape for each input, received {leaf!r}."
            )
        dtype = getattr(leaf, "dtype", None)
        name = getattr(leaf, "name", None) or f"input_{next(count)}"
        return KerasTensor(leaf.shape, None if dtype is None else getattr(dtype, "name", dtype), name=name)

    return tree.map_structure(symbol_of, structure)
