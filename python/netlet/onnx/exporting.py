"""Model.export of an OnnxOperator: its nodes go into the file as they are, in the file's version of the operators."""

from __future__ import annotations

from typing import Any

from netlet.base import tree
from netlet.base.extras import needs
from netlet.export.onnx.exporter import Exporter
from netlet.export.onnx.graph import onnx_type
from netlet.export.onnx.registry import Unsupported, layer

from .node import standard_domain
from .operator_layer import OnnxOperator


@layer(OnnxOperator)
def _operator(e: Exporter, layer: Any, out: Any, inputs: Any, **_: Any) -> Any:
    given = tree.flatten(inputs)
    graph = _converted(e, layer, given, tree.flatten(out))
    names = [v.name for v in graph.input if v.name not in layer.weight_specs]
    renamed = {name: e.name(value) for name, value in zip(names, given, strict=True)}
    renamed.update({name: e.weight(value, value.dtype) for name, value in layer._values.items()})
    numpy_helper = needs("onnx.numpy_helper", "onnx", "Model.export")
    for tensor in graph.initializer:
        renamed[tensor.name] = e.graph.constant(numpy_helper.to_array(tensor), hint=f"{layer.name}/{tensor.name}")
    _rename(e, graph.node, renamed)
    e.graph.nodes.extend(graph.node)
    outputs = [renamed[v.name] for v in graph.output]
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _converted(e: Exporter, layer: Any, inputs: list[Any], outputs: list[Any]) -> Any:
    """The layer's GraphProto with operators of the opset that is exported."""
    helper = needs("onnx.helper", "onnx", "Model.export")
    graph = layer.graph_proto()
    for domain, version in layer.opsets.items():
        if standard_domain(domain) and e.opsets.setdefault(domain, version) != version:
            raise Unsupported(f"another part of the model has version {e.opsets[domain]} of its domain '{domain}'")
    target = e.opsets[""]
    if layer.opsets.get("", target) == target:
        return graph
    types = dict(zip([v.name for v in graph.input if v.name not in layer.weight_specs], inputs, strict=True))
    types.update(layer._values)
    for info in graph.input:
        value = types[info.name]
        info.CopyFrom(helper.make_tensor_value_info(info.name, onnx_type(str(value.dtype)), value.shape))
    for info, value in zip(graph.output, outputs, strict=True):
        info.CopyFrom(helper.make_tensor_value_info(info.name, onnx_type(str(value.dtype)), value.shape))
    opsets = [helper.make_opsetid(domain, version) for domain, version in layer.opsets.items()]
    converter = needs("onnx.version_converter", "onnx", "Model.export")
    try:
        return converter.convert_version(helper.make_model(graph, opset_imports=opsets), target).graph
    except Exception as error:  # the converter raises errors of C++
        raise Unsupported(f"onnx cannot convert its operators to opset {target}: {error}") from error


def _rename(e: Exporter, nodes: Any, renamed: dict[str, str]) -> None:
    """Gives all values that these nodes make names that the file does not have yet, in their subgraphs too.

    Args:
        e: the exporter.
        nodes: NodeProtos.
        renamed: {name: name in the file} of what they read; becomes that of what they make, too.
    """
    for node in nodes:
        node.name = e.graph.unique("/".join([*e.graph.scope, node.name or node.op_type]))
        node.input[:] = [renamed.get(name, name) for name in node.input]
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                inner = dict(renamed)
                for value in (*graph.input, *graph.initializer):
                    inner[value.name] = value.name = e.graph.unique(value.name)
                _rename(e, graph.node, inner)
                for value in graph.output:
                    value.name = inner[value.name]
        for i, name in enumerate(node.output):
            if name:
                renamed[name] = node.output[i] = e.graph.unique("/".join([*e.graph.scope, name]))
