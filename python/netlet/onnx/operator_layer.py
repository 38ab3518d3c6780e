"""OnnxOperator: the layer of ONNX nodes that no other layer computes."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.base.extras import needs
from netlet.engine.graph import KerasTensor
from netlet.layers import Layer

from .folding import can_fold, folded
from .graph import Graph
from .node import Node
from .running import call_operator, run_graph

LARGEST = 1 << 28  # elements of what the nodes compute from shapes alone; a damaged file must not ask for any number


class OnnxOperator(Layer):
    """A few nodes of an ONNX model as a layer, which `netlet.onnx.load` makes.

    It is made where an operator depends on the shape of what it computes with, which is known only when the model runs,
    where it has subgraphs (If, Loop, Scan), or where it has constants that can be trained, which become its weights.

    Args:
        graph: the nodes: a serialized GraphProto in base 64.
        opsets: {domain: version} of their operators.
        weights: {name of a value: {"shape", "dtype", "trainable"}} of the constants that are weights; None (the
            default) for none.
        outputs: [{"shape", "dtype"}] of the outputs, for symbolic inputs; None (the default): they are inferred.
            Inference takes each unknown size as independent of the others, and so fails where a Reshape needs one to be
            a multiple.
        **kwargs: the arguments of `Layer`, e.g. `name`.

    Raises:
        ValueError: `graph` is no such text, or has no inputs.

    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
    >>> layer = OnnxOperator(base64.b64encode(graph.SerializeToString()).decode(), {"": 21})
    >>> layer(np.array([1.0, -2.0], "float32")).tolist()
    [-1.0, 2.0]
    """

    def __init__(
        self,
        graph: str,
        opsets: dict[str, int],
        weights: dict[str, Any] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.graph_text, self.opsets, self.weight_specs = graph, dict(opsets), dict(weights or {})
        self.output_specs = outputs
        try:
            proto = self.graph_proto()
        except (binascii.Error, TypeError, ValueError) as error:
            raise ValueError(f"OnnxOperator: expected a GraphProto in base 64 as `graph`: {error}") from error
        except Exception as error:  # protobuf's DecodeError
            raise ValueError(f"OnnxOperator: expected a GraphProto in base 64 as `graph`: {error}") from error
        self._graph = Graph.of(proto, self.opsets, LARGEST)
        self._names = [v.name for v in self._graph.inputs if v.name not in self.weight_specs]
        if not self._names:
            raise ValueError("OnnxOperator: expected a graph with at least one input that is no weight.")

    def graph_proto(self) -> Any:
        """Its nodes, as a new GraphProto.

        Returns:
            onnx.GraphProto.

        Raises:
            ImportError: onnx is not installed.
        """
        onnx = needs("onnx", "onnx", "netlet.onnx.OnnxOperator")
        return onnx.GraphProto.FromString(base64.b64decode(self.graph_text, validate=True))

    def build(self, input_shape: Any) -> None:
        self._values: dict[str, Any] = {}
        for name, spec in self.weight_specs.items():
            self._values[name] = self.add_weight(
                name="".join(c if c.isalnum() else "_" for c in name),
                shape=tuple(spec["shape"]),
                dtype=spec["dtype"],
                trainable=bool(spec["trainable"]),
                initializer="zeros",
            )

    def call(self, inputs: Any) -> Any:
        given = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        values = {**dict(zip(self._names, given, strict=True)), **self._values}
        outputs = run_graph(self._graph, values, _call)
        return outputs[0] if len(outputs) == 1 else outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self.output_specs is None:
            return super().compute_output_spec(*args, **kwargs)
        if None not in tree.flatten([list(t.shape) for t in tree.flatten([*args, kwargs])]):
            return super().compute_output_spec(*args, **kwargs)  # all sizes are known: these outputs' sizes are, too
        specs = [KerasTensor(tuple(spec["shape"]), spec["dtype"]) for spec in self.output_specs]
        return specs[0] if len(specs) == 1 else specs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "graph": self.graph_text,
            "opsets": self.opsets,
            "weights": self.weight_specs,
            "outputs": self.output_specs,
        }


def _call(node: Node, values: list[Any]) -> tuple[Any, ...]:
    """Shapes, and what is computed from them, are arrays, also while a step is recorded."""
    return folded(node, values) if can_fold(node, values) else call_operator(node, values)


def operator_graph(nodes: list[Node], inputs: list[str], outputs: list[str], constants: dict[str, np.ndarray]) -> str:
    """The argument `graph` of an OnnxOperator.

    Args:
        nodes: the nodes.
        inputs: names of the values that the layer is called with, and of its weights.
        outputs: names of its outputs.
        constants: {name: array} of all other values.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx")
    numpy_helper = needs("onnx.numpy_helper", "onnx", "netlet.onnx")
    proto = onnx.GraphProto(name=nodes[-1].name)
    proto.node.extend([node.proto for node in nodes])
    proto.input.extend([onnx.ValueInfoProto(name=name) for name in inputs])
    proto.output.extend([onnx.ValueInfoProto(name=name) for name in outputs])
    proto.initializer.extend([numpy_helper.from_array(np.asarray(a), name) for name, a in constants.items()])
    return base64.b64encode(proto.SerializeToString()).decode()
