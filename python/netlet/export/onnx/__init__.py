"""Models as ONNX files: `export_onnx` writes the operators of a model's layers."""

from __future__ import annotations

from typing import Any

from netlet.saving.atomic import replace_file

from .graph import onnx
from .model import checked, model_proto

# The oldest operators that the exporter writes: DequantizeLinear of blocks (21) and Gelu (20). ONNX Runtime reads them
# since 1.18; a newer default would shut out runtimes and win nothing.
DEFAULT_OPSET = 21
FORMS = ("qdq", "qoperator")


def export_onnx(model: Any, path: str, signature: Any, opset_version: int | None, quantized: str) -> None:
    """Writes a model to an ONNX file.

    Args:
        model: the model.
        path: the file, replaced as a whole.
        signature: structure of KerasTensors: the model's inputs, with names.
        opset_version: version of the standard operators, at least 21; None: 21.
        quantized: form of quantized layers: "qdq" or "qoperator".

    Raises:
        NotImplementedError: layers that cannot be exported; the message lists all of them.
        ValueError: another opset or form; a model above 2 GiB; one with a dtype that the opset does not have.
    """
    opset = DEFAULT_OPSET if opset_version is None else opset_version
    newest = onnx.defs.onnx_opset_version()
    if not DEFAULT_OPSET <= opset <= newest:
        raise ValueError(
            f"Model.export: expected `opset_version` from {DEFAULT_OPSET} to {newest} (the newest of the installed "
            f"onnx), received {opset}."
        )
    if quantized not in FORMS:
        raise ValueError(f"Model.export: expected `quantized` to be one of {FORMS}, received {quantized!r}.")
    replace_file(path, [checked(model_proto(model, signature, opset, quantized))])
