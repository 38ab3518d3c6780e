"""load: an ONNX model as a netlet.Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netlet.base.shortening import short_messages
from netlet.config import DTYPES
from netlet.engine.graph import KerasTensor, shapes_of_file
from netlet.layers import Input
from netlet.models import Model

from .building import Builder
from .deferred import Deferred
from .folding import fold
from .fusing import fuse
from .graph import Graph, Value
from .program import Program
from .reading import read
from .running import run_graph
from .size_trial import SizeTrial


@short_messages()
def load(source: Any, name: str | None = None, input_shapes: Mapping[str, Sequence[int | None]] | None = None) -> Model:
    """Makes a Model of an ONNX model.

    Operators that are layers (Conv, Gemm, MatMul with a constant matrix, BatchNormalization, LSTM ...) become layers of
    netlet with the file's weights; all others become ops. Constants are computed while loading. The model predicts, can
    be compiled and trained, quantized and saved like any other. Images keep ONNX's layout (N, C, H, W) at the model's
    inputs and outputs; inside, they are held with their channels last, as netlet's kernels want them.

    Args:
        source: path of a file, bytes, an open file, or an onnx.ModelProto. Other files that it names are not opened.
        name: of the model; None (the default): the graph's.
        input_shapes: {name of an input: its shape with the batch axis, None for sizes that stay free}, in place of the
            file's. Some exporters call sizes free that they wrote into the graph as numbers; such a file needs this.

    Returns:
        The model, not compiled. Its inputs have the names of the graph's; dimensions that the file leaves open are
        None.

    Raises:
        TypeError: `source` is something else.
        ValueError: a damaged model, one whose weights are in other files, or shapes that do not fit it.
        NotImplementedError: operators that netlet lacks; the message lists all of them with the names of nodes.
        OSError: the file cannot be read.
        ImportError: onnx is not installed.

    Source: https://onnx.ai/onnx/repo-docs/IR.html

    Example:

    >>> import numpy as np, onnx
    >>> from onnx import helper
    >>> x, y = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["n", 3]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "small", [x], [y])
    >>> model = load(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    >>> model.predict(np.array([[-1.0, 0.0, 2.0]], "float32"), verbose=0).tolist()
    [[0.0, 0.0, 2.0]]
    """
    program = Program(read(source))
    program.check_supported()
    plain = _with_shapes(fold(program.graph), input_shapes) if input_shapes else fold(program.graph)
    graph = fuse(plain)
    builder = Builder(SizeTrial(plain, program.calling))
    inputs = {v.name: _input(v, builder) for v in graph.inputs}
    if not inputs:
        raise ValueError(f"ONNX graph '{graph.name}': expected at least one input, received none.")
    try:
        with shapes_of_file(program.nbytes):
            results = run_graph(graph, inputs, program.calling(builder.call))
    except ValueError as error:
        free = {v.name: v.shape for v in graph.inputs if any(not isinstance(n, int) for n in (v.shape or ())[1:])}
        if not free:
            raise
        raise ValueError(
            f"{error} If the graph fits some sizes alone, pass them as `input_shapes`; free are now {free}."
        ) from error
    outputs = [_output(graph, value, result, builder) for value, result in zip(graph.outputs, results, strict=True)]
    given = list(inputs.values())
    return Model(
        given[0] if len(given) == 1 else given,
        outputs[0] if len(outputs) == 1 else outputs,
        name=name or builder.unique(graph.name or "onnx_model"),
    )


def _with_shapes(graph: Graph, shapes: Mapping[str, Sequence[int | None]]) -> Graph:
    """The graph with other shapes of its inputs; they have as many axes, and what the file says of known sizes."""
    unknown = set(shapes) - {v.name for v in graph.inputs}
    if unknown:
        names = [v.name for v in graph.inputs]
        raise ValueError(f"netlet.onnx.load: input_shapes: expected names among {names}, received {sorted(unknown)}.")
    inputs = []
    for value in graph.inputs:
        shape = tuple(shapes.get(value.name, value.shape or ()))
        old = value.shape if value.shape is not None else shape
        if len(shape) != len(old) or any(isinstance(m, int) and m != n for m, n in zip(old, shape)):
            raise ValueError(f"netlet.onnx.load: input_shapes['{value.name}']: expected {old}, received {shape}.")
        inputs.append(value._replace(shape=tuple(m if n is None else n for m, n in zip(old, shape))))
    return Graph(graph.name, inputs, graph.outputs, graph.constants, graph.nodes)


def _input(value: Value, builder: Builder) -> Any:
    """The symbolic input of a graph's input."""
    if value.dtype is None or value.shape is None:
        raise NotImplementedError(f"ONNX input '{value.name}': expected a tensor with a type and a number of axes.")
    if any(isinstance(d, int) and d < 0 for d in value.shape):
        raise ValueError(f"ONNX input '{value.name}': expected a shape, received {value.shape}.")
    if value.dtype not in (*DTYPES, "string"):
        raise NotImplementedError(
            f"ONNX input '{value.name}': expected one of the dtypes {', '.join(DTYPES)}, received {value.dtype}."
        )
    shape = [d if isinstance(d, int) else None for d in value.shape]
    return Input(batch_shape=shape, dtype=value.dtype, name=builder.unique(value.name))


def _output(graph: Graph, value: Value, result: Any, builder: Builder) -> Any:
    result = builder.plain(result)
    if isinstance(result, Deferred):
        result = builder.computed(graph.nodes[-1], result)
    if not isinstance(result, KerasTensor):
        raise NotImplementedError(
            f"ONNX graph '{graph.name}': its output '{value.name}' does not depend on its inputs, or is no tensor."
        )
    return result
