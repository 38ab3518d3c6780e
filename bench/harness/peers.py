"""The other libraries. Each function returns {name: call}, or {} where the library is not installed.

    peers={
        "numpy": partial(np.exp, x, np.empty_like(x)),
        **torch_peer("exp", x, out=True),
        **onnx_peer("Exp", x),
    }

Each peer runs under its best conditions: outputs allocated before, inputs in its preferred layout, and as many threads
as netlet.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

import netlet
from netlet.commands.bench.timing import Work

PEERS = {"numpy": "NumPy", "torch": "PyTorch", "onnxruntime": "ONNX Runtime"}


def have(module: str) -> bool:
    return find_spec(module) is not None


def torch_peer(
    function: str | Callable[..., Any], *arrays: np.ndarray, out: bool = False, **options: Any
) -> dict[str, Work]:
    """PyTorch's call. Tensors share the arrays' memory and strides.

    Args:
        function: a name below `torch` ("nn.functional.silu"), or f(torch, *tensors).
        arrays: the arguments.
        out: the function accepts `out=`; later calls then write to the memory of the first result.
        options: keyword arguments of the function.
    """
    if not have("torch"):
        return {}
    import torch

    tensors = [torch.from_numpy(a) for a in arrays]
    if callable(function):
        return {"torch": partial(function, torch, *tensors, **options)}
    found: Any = torch
    for name in function.split("."):
        found = getattr(found, name)
    work = partial(found, *tensors, **options)
    return {"torch": partial(work, out=work()) if out else work}


def onnx_peer(op: str, *arrays: np.ndarray, constants: int = 0, opset: int = 20, **attributes: Any) -> dict[str, Work]:
    """ONNX Runtime's call: a model with one node of ONNX's operator `op` and one result, run on memory bound before.

    Args:
        op: the operator's name.
        arrays: its inputs.
        constants: how many of the last inputs the model holds, as a layer's weights: they are packed once.
        opset: the version of the operators.
        attributes: of the operator; domain="com.microsoft" for an operator of ONNX Runtime.
    """
    if not (have("onnxruntime") and have("onnx")):
        return {}
    import onnxruntime
    from onnx import helper, numpy_helper

    def describe(name: str, array: np.ndarray) -> Any:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)

    arrays = tuple(np.ascontiguousarray(a) for a in arrays)
    names = [f"x{i}" for i in range(len(arrays))]
    node = helper.make_node(op, names, ["y"], **attributes)
    held = [numpy_helper.from_array(a, n) for a, n in zip(arrays, names)][len(arrays) - constants :]
    arrays, names = arrays[: len(arrays) - constants], names[: len(arrays) - constants]
    graph = helper.make_graph(
        [node], op, list(map(describe, names, arrays)), [helper.make_empty_tensor_value_info("y")], held
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = netlet.get_num_threads()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    result = session.run(None, dict(zip(names, arrays)))[0]
    binding = session.io_binding()
    for name, array in zip(names, arrays):
        binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
    binding.bind_output("y", "cpu", 0, result.dtype, result.shape, result.ctypes.data)

    def run() -> np.ndarray:
        _ = arrays  # keeps them alive: the binding has only their addresses
        session.run_with_iobinding(binding)
        return result

    return {"onnxruntime": run}


def limit_threads(threads: int) -> list[str]:
    """Sets the number of threads of the peers. Returns notes for the header: versions, and peers that are missing."""
    said = []
    for module, name in PEERS.items():
        try:
            said.append(f"{name} {version(module)}")
        except PackageNotFoundError:
            said.append(f"{name} is not installed and left out")
    if have("torch"):
        import torch

        torch.set_num_threads(threads)
    if have("threadpoolctl"):
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads)
    else:
        said.append("NumPy takes the threads that it takes: no threadpoolctl")
    return said
