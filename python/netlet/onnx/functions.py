"""Operators that are defined by other operators: a model's own functions, and those that ONNX's standard defines so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.base.extras import needs

from .graph import Graph
from .node import Node, standard_domain
from .schemas import schema


def body_graph(function: Any, node: Node) -> Graph:
    """A FunctionProto as a graph, with the attributes of a call filled in.

    Args:
        function: the FunctionProto.
        node: the call.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx")
    given = {a.name: a for a in node.proto.attribute}
    for attribute in function.attribute_proto:
        given.setdefault(attribute.name, attribute)
    graph = onnx.GraphProto(name=function.name)
    graph.input.extend([onnx.ValueInfoProto(name=name) for name in function.input])
    # A definition may leave out outputs that the call does not use.
    defined = {*function.input, *(name for inner in function.node for name in inner.output)}
    outputs = [name if name in defined else "" for name in function.output]
    graph.output.extend([onnx.ValueInfoProto(name=name) for name in outputs])
    graph.node.extend([_filled(onnx, inner, given) for inner in function.node])
    opsets = {**node.opsets, **{standard_domain(o.domain): o.version for o in function.opset_import}}
    return Graph.of(graph, opsets, node.largest)


def _filled(onnx: Any, node: Any, given: Mapping[str, Any]) -> Any:
    """A NodeProto whose references to attributes of the function are replaced by the call's attributes."""
    result = onnx.NodeProto()
    result.CopyFrom(node)
    del result.attribute[:]
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            if attribute.ref_attr_name not in given:
                continue  # the operator's own default holds
            filled = result.attribute.add()
            filled.CopyFrom(given[attribute.ref_attr_name])
            filled.name = attribute.name
        elif attribute.type == onnx.AttributeProto.GRAPH:
            filled = result.attribute.add()
            filled.CopyFrom(attribute)
            del filled.g.node[:]
            filled.g.node.extend([_filled(onnx, inner, given) for inner in attribute.g.node])
        else:
            result.attribute.add().CopyFrom(attribute)
    return result


def definition(node: Node, values: list[Any] | None = None) -> Any:
    """The FunctionProto by which ONNX defines an operator; None if it does not.

    Args:
        node: a node of the operator.
        values: its inputs, on whose dtypes some definitions depend; None: only whether there is a definition is asked.
    """
    onnx = needs("onnx", "onnx", "netlet.onnx")
    known = schema(node.op_type, node.opset, node.domain)
    if known is None:
        return None
    if known.has_function:
        versions = [v for v in known.function_opset_versions if v <= node.opset]
        return onnx.FunctionProto.FromString(known.get_function_with_opset_version(max(versions))) if versions else None
    if not known.has_context_dependent_function:
        return None
    versions = [v for v in known.context_dependent_function_opset_versions if v <= node.opset]
    if not versions or values is None:
        return True if versions else None
    types = [_type_of(onnx, value).SerializeToString() for value in values]
    text = known.get_context_dependent_function_with_opset_version(max(versions), node.proto.SerializeToString(), types)
    return onnx.FunctionProto.FromString(text)


def _type_of(onnx: Any, value: Any) -> Any:
    """The TypeProto of a value: its dtype and shape."""
    if value is None:
        return onnx.TypeProto()
    helper = needs("onnx.helper", "onnx", "netlet.onnx")
    name = getattr(value.dtype, "name", str(value.dtype))
    kind = onnx.TensorProto.BFLOAT16 if name == "bfloat16" else helper.np_dtype_to_tensor_dtype(np.dtype(name))
    return helper.make_tensor_type_proto(kind, list(value.shape))
