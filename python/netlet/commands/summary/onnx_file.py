"""ONNX files: inputs, outputs, operators and parameters. Data in other files are not read."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from netlet.base.extras import needs


def describe(path: str) -> dict[str, Any]:
    """What is in an `.onnx` file."""
    onnx = needs("onnx", "onnx", "netlet summary")
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError:
        raise
    except Exception as error:  # protobuf's own, whose class depends on its version
        raise ValueError(f"{path} is not an ONNX file, or it is damaged: {error}") from None
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    return {
        "format": "onnx model",
        "name": graph.name,
        "written_by": f"{model.producer_name} {model.producer_version}".strip(),
        "opsets": {opset.domain or "ai.onnx": opset.version for opset in model.opset_import},
        "inputs": [_value(onnx, value) for value in graph.input if value.name not in constants],
        "outputs": [_value(onnx, value) for value in graph.output],
        "operators": dict(Counter(node.op_type for node in graph.node).most_common()),
        "parameters": {"total": sum(math.prod(tensor.dims) for tensor in graph.initializer)},
    }


def _value(onnx: Any, value: Any) -> dict[str, Any]:
    kind = value.type.tensor_type
    shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in kind.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type) if kind.elem_type else None
    return {"name": value.name, "shape": shape, "dtype": str(dtype)}
