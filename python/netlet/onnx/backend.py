"""netlet behind ONNX's backend interface (`onnx.backend.base`), with which ONNX's own tests run on it.

A prepared model is computed node by node, with netlet's kernels. To train a model, or to run it as one plan, make a
`netlet.Model` of it with `netlet.onnx.load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netlet.base.extras import needs

from .program import Program

__all__ = ["BackendRep", "is_compatible", "prepare", "run_model", "run_node", "supports_device"]

_USER = "netlet.onnx.backend"
LARGEST_CONSTANT = 1 << 27  # elements; VGG-19 of ONNX's own tests makes its weights of 103 million


class BackendRep:
    """A model that is ready to run, which `prepare` returns.

    Args:
        program: the checked model.

    Source: ONNX, `onnx.backend.base.BackendRep`.

    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
    >>> prepared = prepare(helper.make_model(graph))
    >>> prepared.run({"x": np.array([1, -2], "float32")})[0].tolist()
    [-1.0, 2.0]
    """

    def __init__(self, program: Program) -> None:
        self._program = program

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The model's outputs.

        Args:
            inputs: {name: array}, or the arrays in the order of the model's inputs.
            **kwargs: ignored: options of other backends.

        Returns:
            tuple of NumPy arrays; a list of them for a sequence, None for an empty optional value.

        Raises:
            ValueError: missing inputs, or more of them than the model has.
        """
        graph = self._program.graph
        if not isinstance(inputs, Mapping):
            given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            # Old files list initializers among the inputs. They are given only by those who replace all of them.
            names = [v.name for v in graph.inputs if v.name not in graph.constants]
            names = names if len(given) <= len(names) else [v.name for v in graph.inputs]
            if len(given) > len(names):
                raise ValueError(f"{_USER}: expected at most {len(names)} inputs, received {len(given)}.")
            inputs = dict(zip(names, given, strict=False))
        return tuple(_as_numpy(value) for value in self._program.run(inputs))


def _as_numpy(value: Any) -> Any:
    """A result as users of the interface expect it."""
    if isinstance(value, (list, tuple)):
        return [_as_numpy(v) for v in value]
    return value if value is None else np.asarray(value)


def supports_device(device: str) -> bool:
    """Whether models can be prepared for a device.

    Args:
        device: "CPU", "CUDA" or "CUDA:1". GPUs run netlet's own models; graphs of ONNX run on the CPU.

    Returns:
        True for the CPU.

    >>> supports_device("CPU"), supports_device("CUDA")
    (True, False)
    """
    return device.partition(":")[0].upper() == "CPU"


def is_compatible(model: Any, device: str = "CPU", **kwargs: Any) -> bool:
    """Whether netlet has all operators of a model.

    Args:
        model: a ModelProto.
        device: where it would run; "CPU" by default.
        **kwargs: ignored: options of other backends.

    Returns:
        bool; False for a damaged model too.

    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    >>> graphs = [helper.make_graph([helper.make_node(op, ["x"], ["y"])], "g", [x], [y]) for op in ("Relu", "Rleu")]
    >>> [is_compatible(helper.make_model(graph)) for graph in graphs]
    [True, False]
    """
    try:
        Program(model).check_supported()
    except (NotImplementedError, ValueError):
        return False
    return supports_device(device)


def prepare(model: Any, device: str = "CPU", **kwargs: Any) -> BackendRep:
    """A model that can run again and again.

    Args:
        model: a ModelProto.
        device: "CPU", the default.
        **kwargs: largest_constant: number of elements that a constant may have which the graph makes from a shape,
            2^27 by default. Options of other backends are ignored.

    Returns:
        BackendRep, whose `run(inputs)` returns the outputs.

    Raises:
        ValueError: another device, or a damaged model.
        NotImplementedError: operators that netlet lacks, all of them named.
        ImportError: onnx is not installed.

    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    >>> prepare(helper.make_model(graph)).run([np.array([-1, 2], "float32")])[0].tolist()
    [0.0, 2.0]
    """
    if not supports_device(device):
        raise ValueError(f"{_USER}: expected the device 'CPU', received {device!r}.")
    needs("onnx.checker", "onnx", _USER)
    program = Program(model, kwargs.get("largest_constant", LARGEST_CONSTANT))
    program.check_supported()
    return BackendRep(program)


def run_model(model: Any, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
    """The outputs of a model: `prepare` and `run` in one call.

    Args:
        model: a ModelProto.
        inputs: {name: array}, or the arrays in the order of the model's inputs.
        device: "CPU", the default.
        **kwargs: as for `prepare`.

    Returns:
        tuple of NumPy arrays.

    Raises:
        ValueError: another device, a damaged model, missing inputs, or more of them than the model has.
        NotImplementedError: operators that netlet lacks, all of them named.
        ImportError: onnx is not installed.

    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [x], [y])
    >>> run_model(helper.make_model(graph), [np.array([1, -2], "float32")])[0].tolist()
    [1.0, 2.0]
    """
    return prepare(model, device, **kwargs).run(inputs)


def run_node(node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any) -> tuple[Any, ...]:
    """The outputs of one node.

    Args:
        node: a NodeProto.
        inputs: its inputs in order, or {name: array}.
        device: "CPU", the default.
        outputs_info: ignored: netlet computes dtypes and shapes.
        **kwargs: `opset_version` of the standard operators; the newest that netlet follows by default.

    Returns:
        tuple of NumPy arrays.

    Raises:
        ValueError: another device, or inputs that do not fit.
        NotImplementedError: netlet lacks the operator.
        ImportError: onnx is not installed.

    >>> from onnx import helper
    >>> run_node(helper.make_node("Neg", ["x"], ["y"]), [np.array([1.0], "float32")])[0].tolist()
    [-1.0]
    """
    helper = needs("onnx.helper", "onnx", _USER)
    onnx = needs("onnx", "onnx", _USER)
    names = dict.fromkeys(filter(None, node.input))
    graph = onnx.GraphProto(name=node.name or node.op_type, node=[node])
    graph.input.extend([onnx.ValueInfoProto(name=name) for name in names])
    graph.output.extend([onnx.ValueInfoProto(name=name) for name in node.output if name])
    newest = min(onnx.defs.onnx_opset_version(), kwargs.get("opset_version", onnx.defs.onnx_opset_version()))
    opsets = [helper.make_opsetid("", newest)]
    if node.domain not in ("", "ai.onnx"):
        opsets.append(helper.make_opsetid(node.domain, 1))
    model = helper.make_model(graph, opset_imports=opsets)
    given = inputs if isinstance(inputs, Mapping) else dict(zip(filter(None, node.input), inputs, strict=True))
    return run_model(model, given, device)
