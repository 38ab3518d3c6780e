"""The ModelProto of a netlet model: inputs, outputs, names, metadata."""

from __future__ import annotations

from typing import Any

from netlet.base import tree
from netlet.engine.graph import KerasTensor
from netlet.version import __version__

from .exporter import Exporter
from .graph import helper, needed_nodes, onnx, onnx_type
from .values import Value

_LIMIT = 2**31 - 1  # bytes of a protobuf message


def model_proto(model: Any, signature: Any, opset: int, quantized: str) -> Any:
    """The ModelProto.

    Args:
        model: the model.
        signature: structure of KerasTensors: its inputs, with names.
        opset: version of the standard operators.
        quantized: form of quantized layers.

    Raises:
        NotImplementedError: layers that cannot be exported; the message lists all of them.
        ValueError: the file would be larger than a protobuf message may be.
    """
    from . import layers, ops  # noqa: F401  (fill the tables of converters)

    exporter = Exporter(quantized, opset)
    graph = exporter.graph
    inputs = tree.map_structure(lambda t: Value(t, graph.unique(t.name)), signature)
    names = [graph.unique(name) for name in output_names(model)]  # reserved before anything else takes them
    outputs = tree.flatten(exporter.call_layer(model, (inputs,), {}))
    if exporter.unsupported:
        raise NotImplementedError(
            f"Model.export: {len(exporter.unsupported)} part(s) of model '{model.name}' have no ONNX form: "
            + "; ".join(f"{what}: {why}" for what, why in exporter.unsupported.items())
            + "."
        )
    names = names if len(names) == len(outputs) else [graph.unique(f"output_{i}") for i in range(len(outputs))]
    wanted_names = {name: exporter.name(value) for name, value in zip(names, outputs)}
    nodes, wanted = needed_nodes(name_outputs(graph.nodes, wanted_names), names)
    constants = [t for name, t in graph.constants.items() if name in wanted]
    size = sum(t.ByteSize() for t in constants)
    if size > _LIMIT:
        raise ValueError(
            f"Model.export: expected a model of at most 2 GiB, which is the limit of an ONNX file, received weights of "
            f"{size / 2**30:.2f} GiB. Quantize it, or export its parts."
        )
    made = helper.make_graph(
        nodes,
        model.name,
        [_info(v.last, v) for v in tree.flatten(inputs)],
        [_info(name, value) for name, value in zip(names, outputs)],
        initializer=constants,
        doc_string=f"{type(model).__name__} '{model.name}', exported by netlet {__version__}",
    )
    proto = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid(*pair) for pair in exporter.opsets.items()],
        producer_name="netlet",
        producer_version=__version__,
        doc_string=made.doc_string,
    )
    proto.ir_version = helper.find_min_ir_version_for(proto.opset_import)
    return proto


def name_outputs(nodes: list[Any], wanted: dict[str, str]) -> list[Any]:
    """The nodes with outputs renamed; an Identity where a value cannot have the name alone.

    Args:
        nodes: NodeProtos.
        wanted: {name of an output: name of the value that it is now}.
    """
    made = {name for node in nodes for name in node.output}
    renamed: dict[str, str] = {}
    more = []
    for name, value in wanted.items():
        if value in made and value not in renamed:
            renamed[value] = name
        else:
            source = renamed.get(value, value)
            more.append(helper.make_node("Identity", [source], [name], name=name))
    _rename(nodes, renamed)
    return [*nodes, *more]


def _rename(nodes: Any, renamed: dict[str, str]) -> None:
    """Renames values in nodes and in the graphs inside them."""
    for node in nodes:
        for names in (node.input, node.output):
            names[:] = [renamed.get(n, n) for n in names]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g.node, renamed)


def output_names(model: Any) -> list[str]:
    """The names of the layers that compute the outputs; none for a model without a graph."""
    try:
        return [tensor._keras_history.operation.name for tensor in model.outputs]
    except AttributeError:
        return []


def _info(name: str, value: KerasTensor) -> Any:
    """The ValueInfoProto: unknown sizes have names, so that equal names are equal sizes."""
    dims = [n if n is not None else "batch" if i == 0 else f"{name}_{i}" for i, n in enumerate(value.shape)]
    return helper.make_tensor_value_info(name, onnx_type(value.dtype), dims)


def checked(proto: Any) -> bytes:
    """The bytes of a model that onnx's checker accepts; the same bytes for the same model.

    Raises:
        ValueError: the operators of this version do not compute in a dtype of the model.
    """
    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ValueError(
            f"Model.export: expected a model that operators of version {proto.opset_import[0].version} compute, "
            f"received '{proto.graph.name}'. Those of a newer `opset_version` have more dtypes: from 22 on, "
            f"bfloat16 too. ONNX's checker says: {error}"
        ) from error
    data: bytes = proto.SerializeToString(deterministic=True)
    return data
