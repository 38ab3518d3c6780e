"""Small ONNX models for tests, and what ONNX Runtime computes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """A graph that grows node by node. Values are names; arrays among a node's inputs become initializers.

    Args:
        opset: of the standard operators.
        **inputs: {name: (shape, dtype)} or {name: shape} of float32; names of dimensions may be texts.
    """

    def __init__(self, opset: int = 17, **inputs: Any) -> None:
        self.opset = opset
        self.inputs = [_value(name, spec) for name, spec in inputs.items()]
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.functions: list[Any] = []

    def __call__(self, op_type: str, *inputs: Any, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        """The name of a new node's output, or a list of names; None leaves an input out."""
        names = [self._name(value) for value in inputs]
        made = [f"{op_type.lower()}_{len(self.nodes)}" + (f"_{i}" if i else "") for i in range(outputs)]
        node = helper.make_node(op_type, names, made, f"/{op_type}_{len(self.nodes)}", domain=domain, **attributes)
        self.nodes.append(node)
        return made[0] if outputs == 1 else made

    def _name(self, value: Any) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self.constants.append(numpy_helper.from_array(np.asarray(value), f"constant_{len(self.constants)}"))
        return str(self.constants[-1].name)

    def model(self, *outputs: str, dtype: int = TensorProto.FLOAT) -> Any:
        """The ModelProto with these outputs."""
        values = [helper.make_tensor_value_info(name, dtype, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "network", self.inputs, values, self.constants)
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(f.domain, 1) for f in self.functions)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=self.functions)


def _value(name: str, spec: Any) -> Any:
    shape, dtype = (
        spec if isinstance(spec, tuple) and len(spec) == 2 and isinstance(spec[1], str) else (spec, "float32")
    )
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))


def by_runtime(model: Any, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs that ONNX Runtime computes on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found: Sequence[np.ndarray] = session.run(None, dict(feeds))
    return list(found)


def randoms(seed: int = 0) -> Any:
    """A function of a shape: float32 numbers from a normal distribution of standard deviation 0.5."""
    generator = np.random.default_rng(seed)
    return lambda *shape: (generator.standard_normal(shape) * 0.5).astype(np.float32)
