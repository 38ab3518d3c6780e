"""Graph: nodes and constants of an ONNX graph under construction, with names that are unique and always the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from netlet.base.extras import needs

onnx: Any = needs("onnx", "onnx", "Model.export")
helper: Any = needs("onnx.helper", "onnx", "Model.export")


def onnx_type(dtype: str) -> int:
    """ONNX's number of a dtype.

    >>> onnx_type("float32")
    1
    """
    names = {"bool": "BOOL", "float32": "FLOAT", "float64": "DOUBLE", "string": "STRING"}
    found: int = getattr(onnx.TensorProto, names.get(dtype, dtype.upper()))
    return found


class Graph:
    """Nodes, in order, and the constants that they read. Equal constants are stored once.

    Args:
        outer: the graph around this one, for the body of a loop: names and constants are those of the outer graph.

    Attributes:
        nodes: the NodeProtos.
        constants: {name: TensorProto}.
        scope: names of the layers whose calls are being written, outermost first.
    """

    def __init__(self, outer: Graph | None = None) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {} if outer is None else outer.constants
        self.scope: list[str] = [] if outer is None else outer.scope
        self._taken: dict[str, int] = {} if outer is None else outer._taken
        self._known: dict[tuple[Any, ...], str] = {} if outer is None else outer._known

    def unique(self, name: str) -> str:
        """`name`, numbered if it is taken."""
        count = self._taken.get(name, 0)
        self._taken[name] = count + 1
        return name if count == 0 else self.unique(f"{name}_{count}")

    def op(self, kind: str, *inputs: str | None, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node.

        Args:
            kind: the operator, e.g. "MatMul".
            *inputs: names of the inputs; None for one that is left out.
            outputs: how many outputs it has.
            **attributes: those of the operator; None for one that is left out.

        Returns:
            The name of the output, or a tuple of names if there are several.
        """
        base = "/".join([*self.scope, kind])
        names = [self.unique(base)] + [self.unique(f"{base}.{i}") for i in range(1, outputs)]
        given = [name or "" for name in inputs]
        while given and not given[-1]:
            given.pop()
        left = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, given, names, name=names[0], **left))
        return names[0] if outputs == 1 else tuple(names)

    def constant(self, value: Any, dtype: str | None = None, hint: str = "constant") -> str:
        """Adds a constant.

        Args:
            value: array or number.
            dtype: its dtype; None: that of the array.
            hint: what it is, for its name.

        Returns:
            The name.
        """
        if dtype == "string":
            data = np.asarray(value, object)
            key: tuple[Any, ...] = (dtype, data.shape, tuple(data.ravel()))
            if key not in self._known:
                self._known[key] = name = self.unique(hint)
                texts = [str(s).encode() for s in data.ravel()]
                self.constants[name] = helper.make_tensor(name, onnx_type(dtype), data.shape, texts)
            return self._known[key]
        array = np.asarray(value)
        if dtype is not None and array.dtype.name != dtype:
            array = array.astype(numpy_dtype(dtype))
        shape = array.shape
        array = np.ascontiguousarray(array)
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        return self.raw(array.dtype.name, shape, array.tobytes(), hint)

    def raw(self, dtype: str, shape: tuple[int, ...], data: bytes, hint: str) -> str:
        """Adds a constant of these bytes, for types that NumPy does not have, such as "int4" (two in a byte)."""
        key = (dtype, shape, hashlib.sha256(data).digest())
        if key not in self._known:
            self._known[key] = name = self.unique(hint)
            self.constants[name] = helper.make_tensor(name, onnx_type(dtype), shape, data, raw=True)
        return self._known[key]

    def ints(self, *values: int) -> str:
        """A constant list of int64."""
        return self.constant(np.array(values, np.int64), hint="ints")


def numpy_dtype(name: str) -> Any:
    """NumPy's dtype of a name; bfloat16 is that of ml_dtypes.

    >>> numpy_dtype("float32")
    dtype('float32')
    """
    if name == "bfloat16":
        return needs("ml_dtypes", "bfloat16", "Model.export of a model with bfloat16").bfloat16
    return np.dtype(name)


def needed_nodes(nodes: list[Any], outputs: list[str]) -> tuple[list[Any], set[str]]:
    """The nodes that the outputs need, and all names that they read."""
    wanted = set(outputs)
    found = []
    for node in reversed(nodes):
        if wanted.isdisjoint(node.output):
            continue
        found.append(node)
        wanted.update(node.input)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                inner = attribute.g
                wanted.update(name for n in inner.node for name in n.input)
                wanted.update(o.name for o in inner.output)
    return found[::-1], wanted
