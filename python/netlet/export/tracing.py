"""What a layer's `call` computes, as a list of op and layer calls: it runs on symbolic tensors of two batch sizes.

`call` may read sizes (`x.shape[0]`) and compute with them, so the symbolic tensors have sizes in place of None. It runs
twice, with other sizes. What differs between the two runs depends on those sizes: a size that differs is a `Size`, a
constant that differs is a `Varying`, and an axis that differs has no fixed size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlet.base import tree
from netlet.engine.graph import KerasTensor, Node, OpCall
from netlet.engine.variable import Variable

# The sizes of unknown axes in the two runs, by position of the axis. Differences tell the axes apart: that of the batch
# is prime. The others are multiples of 32, which poolings and strides divide.
_BATCH = (21, 38)
_OTHERS = ((64, 96), (128, 224), (320, 448), (576, 768), (896, 1152))


@dataclass(frozen=True)
class Size:
    """An integer that depends on the sizes of unknown axes.

    Attributes:
        first, second: its values in the two runs.
    """

    first: int
    second: int


@dataclass(frozen=True)
class Varying:
    """An array, computed without symbolic tensors, that depends on the sizes of unknown axes.

    Attributes:
        first, second: its values in the two runs.
    """

    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class TracedCall:
    """One call of an operation.

    Attributes:
        operation: the layer, op or other operation.
        args, kwargs: its arguments; tensors among them are inputs of the trace or outputs of earlier calls.
        outputs: the KerasTensors of its results, in their structure. `of_batch` says whether axis 0 is the batch.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any


class Untraceable(Exception):
    """The two runs of a call differ in more than sizes; the message says in what."""


def probe_sizes(axis: int) -> tuple[int, int]:
    """The sizes of an unknown axis in the two runs.

    >>> probe_sizes(0), probe_sizes(1)
    ((21, 38), (64, 96))
    """
    return _OTHERS[axis - 1] if 0 < axis <= len(_OTHERS) else _BATCH


def trace(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], parts: list[Any]
) -> tuple[list[TracedCall], Any]:
    """The calls that `fn(*args, **kwargs)` makes.

    Args:
        fn: a function of tensors, made of ops and layers.
        args, kwargs: its arguments, with KerasTensors.
        parts: the layers that it may call; the graph does not keep these calls.

    Returns:
        (the calls that the result needs, in order; the result). Tensors in both are arguments, outputs of earlier
        calls, or those that no operation made.

    Raises:
        Untraceable: the calls depend on the sizes.
        Exception: what `fn` raises.
    """
    unknown = any(None in t.shape for t in _tensors((args, kwargs)))
    runs = [_Run(fn, args, kwargs, k, parts) for k in range(2 if unknown else 1)]
    first, second = runs[0], runs[-1]
    if len(first.nodes) != len(second.nodes):
        raise Untraceable("it makes other calls for other sizes of the input")
    merged = first.given
    calls = []
    for a, b in zip(first.nodes, second.nodes, strict=True):
        if _what(a) is not _what(b) or len(a.outputs) != len(b.outputs):
            raise Untraceable("it makes other calls for other sizes of the input")
        args, kwargs = _merged((a.args, a.kwargs), (b.args, b.kwargs), merged)
        for x, y in zip(a.outputs, b.outputs, strict=True):
            if len(x.shape) != len(y.shape):
                raise Untraceable("the rank of a result depends on sizes of the input")
            shape = [m if m == n else None for m, n in zip(x.shape, y.shape, strict=True)]
            merged[id(x)] = made = KerasTensor(shape, x.dtype)
            made.of_batch = bool(shape) and (x.shape[0], y.shape[0]) == _BATCH  # type: ignore[attr-defined]
        outputs = _merged(a.outputs_struct, b.outputs_struct, merged)
        calls.append(TracedCall(a.operation, args, kwargs, outputs))
    return calls, _merged(first.outputs, second.outputs, merged)


class _Run:
    """One run of the function.

    Attributes:
        given: {id of a symbolic tensor of the run: the argument in whose place it is}.
        outputs: what the function returned.
        nodes: the calls that the outputs need, in order.
    """

    def __init__(self, fn: Any, args: Any, kwargs: Any, which: int, parts: list[Any]) -> None:
        self.given: dict[int, KerasTensor] = {}
        self._alive: list[KerasTensor] = []
        stand_ins: dict[int, KerasTensor] = {}

        def stand_in(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            if id(leaf) not in stand_ins:
                shape = [probe_sizes(i)[which] if d is None else d for i, d in enumerate(leaf.shape)]
                stand_ins[id(leaf)] = made = KerasTensor(shape, leaf.dtype, name=leaf.name)
                self.given[id(made)] = leaf
                self._alive.append(made)
            return stand_ins[id(leaf)]

        marks = [(p, len(p._inbound_nodes), len(p._outbound_nodes)) for p in parts]
        try:
            self.outputs = fn(*tree.map_structure(stand_in, args), **tree.map_structure(stand_in, kwargs))
            self.nodes = _ordered(_tensors(self.outputs), self.given)
        finally:
            for part, inbound, outbound in marks:
                del part._inbound_nodes[inbound:], part._outbound_nodes[outbound:]


def _what(node: Node) -> Any:
    """The op's function, or the layer."""
    return node.operation.fn if isinstance(node.operation, OpCall) else node.operation


def _ordered(outputs: list[KerasTensor], given: dict[int, KerasTensor]) -> list[Node]:
    """The nodes between the given tensors and the outputs, in an order in which they can be computed."""
    ordered: list[Node] = []
    done: set[int] = set()
    stack = [(t, False) for t in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in given:
            continue
        if not hasattr(tensor, "_keras_history"):
            continue  # no operation made it: it is a weight
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            ordered.append(node)
        else:
            stack.append((tensor, True))
            stack.extend((t, False) for t in reversed(node.input_tensors))
    return ordered


def _tensors(value: Any) -> list[KerasTensor]:
    """The KerasTensors in a structure."""
    if isinstance(value, KerasTensor):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _tensors(v)]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _tensors(v)]
    return []


def _merged(a: Any, b: Any, tensors: dict[int, KerasTensor]) -> Any:
    """The value that two runs agree on."""
    if isinstance(a, KerasTensor):
        return tensors.get(id(a), a)
    if type(a) is not type(b):
        raise Untraceable(f"an argument is {a!r} for one size of the input and {b!r} for another")
    if isinstance(a, slice):
        return slice(*(_merged(getattr(a, k), getattr(b, k), tensors) for k in ("start", "stop", "step")))
    if isinstance(a, dict):
        return {k: _merged(v, b[k], tensors) for k, v in a.items()}
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            raise Untraceable("the length of a list depends on sizes of the input")
        items = [_merged(x, y, tensors) for x, y in zip(a, b, strict=True)]
        return tuple(items) if isinstance(a, tuple) else items
    if a is b or isinstance(a, Variable):
        return a
    if hasattr(a, "__array__") and not isinstance(a, np.generic):
        x, y = np.asarray(a), np.asarray(b)
        return x if x.shape == y.shape and np.array_equal(x, y) else Varying(x, y)
    if isinstance(a, (int, np.integer)) and not isinstance(a, bool):
        return a if a == b else Size(int(a), int(b))
    if callable(a) or a == b:
        return a
    raise Untraceable(f"an argument is {a!r} for one size of the input and {b!r} for another")
