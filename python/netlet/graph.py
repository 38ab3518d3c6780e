"""The graph of a functional model: symbolic tensors, the calls that made them, and running them again on values.

A `KerasTensor` stands for a value of known shape (None where any extent will do). Calling a layer or an op on one adds
a `Node`; `Function(inputs, outputs)` keeps the nodes between the two and repeats their calls on real tensors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from . import _core
from .config import standardize_dtype
from .operators import Operators
from .utils import tree
from .utils.naming import auto_name

Extents = tuple[int | None, ...]


class KerasHistory(NamedTuple):
    """Which output of which call of which operation a KerasTensor is."""

    operation: Operation
    node_index: int
    tensor_index: int


class KerasTensor(Operators):
    """A value that is not there yet: shape (None where unknown), dtype, and the call that will make it."""

    _symbolic = True
    _keras_history: KerasHistory

    def __init__(self, shape: Any, dtype: Any = None, name: str | None = None, record_history: bool = True) -> None:
        self.shape: Extents = tuple(None if d is None else int(d) for d in shape)
        self.dtype = standardize_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self.sparse = False

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise _core.SymbolicArgument(
            f"{self!r} is symbolic: it has no values. Use netlet.ops on it, or a layer, instead of NumPy functions."
        )

    def __len__(self) -> int:
        raise TypeError(f"{self!r} is symbolic and has no length.")

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} is symbolic: Python cannot iterate over it.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} is symbolic: it has no truth value.")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def is_symbolic(value: Any) -> bool:
    """Whether a KerasTensor is anywhere in the structure."""
    if isinstance(value, KerasTensor):
        return True
    if isinstance(value, (list, tuple)):
        return any(is_symbolic(item) for item in value)
    if isinstance(value, dict):
        return any(is_symbolic(item) for item in value.values())
    return False


class Operation:
    """What a node can call: a Layer, or an op on symbolic tensors. Has a unique name and knows its calls."""

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"A name is a string without '/'; given {name!r}.")
        self.name: str = name or auto_name(type(self).__name__)
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """KerasTensors of the result, without adding a node."""
        raise NotImplementedError

    @property
    def input(self) -> Any:
        return self._only_node("input").input_tensors_struct

    @property
    def output(self) -> Any:
        return self._only_node("output").outputs_struct

    def _only_node(self, what: str) -> Node:
        if len(self._inbound_nodes) != 1:
            count = len(self._inbound_nodes)
            reason = "has not been called on symbolic inputs" if count == 0 else f"was called {count} times"
            raise AttributeError(f"Layer '{self.name}' {reason}, so it has no single `{what}`.")
        return self._inbound_nodes[0]


class OpCall(Operation):
    """One use of a `netlet.ops` function in a graph."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None) -> None:
        self.fn = fn
        super().__init__(name or auto_name(fn.__name__))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args) or is_symbolic(kwargs):
            outputs = self.compute_output_spec(*args, **kwargs)
            Node(self, args, kwargs, outputs)
            return outputs
        return self.fn(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return infer_spec(self.fn, args, kwargs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "op": self.fn.__name__}


def symbolic_op(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `netlet.ops` does with symbolic arguments: a node, and KerasTensors of the result."""
    return OpCall(fn)(*args, **kwargs)


class Node:
    """One call of an operation: its arguments (symbolic tensors among them) and the symbolic tensors it gave."""

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        leaves = tree.flatten([list(args), kwargs])
        self.input_tensors: list[KerasTensor] = [a for a in leaves if isinstance(a, KerasTensor)]
        self.outputs_struct = outputs
        self.outputs: list[KerasTensor] = tree.flatten(outputs)
        for out in self.outputs:
            if not isinstance(out, KerasTensor):
                raise ValueError(f"'{operation.name}' must return tensors; it returned {type(out).__name__}: {out!r}.")
        self.is_input = not self.input_tensors
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for i, out in enumerate(self.outputs):
            out._keras_history = KerasHistory(operation, index, i)
        for parent in self.input_tensors:
            parent._keras_history.operation._outbound_nodes.append(self)

    @property
    def input_tensors_struct(self) -> Any:
        if len(self.args) == 1 and not is_symbolic(self.kwargs):
            return self.args[0]
        return self.input_tensors

    @property
    def output_tensors(self) -> list[KerasTensor]:
        return self.outputs

    @property
    def parent_nodes(self) -> list[Node]:
        histories = [t._keras_history for t in self.input_tensors]
        return [h.operation._inbound_nodes[h.node_index] for h in histories]


# ---- shapes ----------------------------------------------------------------------------------------------------------
_PROBES = (2, 3)  # what None stands for in the two trial runs; an extent that differs between them is None


def infer_spec(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """KerasTensors like what fn returns, found by recording fn (nothing is computed) with None = 2 and None = 3."""
    first = _trial(fn, args, kwargs, _PROBES[0])
    unknown = any(None in t.shape for t in tree.flatten([list(args), kwargs]) if isinstance(t, KerasTensor))
    second = _trial(fn, args, kwargs, _PROBES[1]) if unknown else first
    others = iter(tree.flatten(second))

    def merge(a: Any) -> Any:
        b = next(others)
        if a is None:
            return None
        if len(a.shape) != len(b.shape):
            raise ValueError(f"The rank of the result depends on the batch size: {a.shape} and {b.shape}.")
        return KerasTensor([p if p == q else None for p, q in zip(a.shape, b.shape, strict=True)], a.dtype)

    merged = [merge(leaf) for leaf in tree.flatten(first)]
    return tree.pack_like(first, merged)


def _trial(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], extent: int) -> Any:
    tape = _core.Tape(record=True)

    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        return tape.input([extent if d is None else d for d in leaf.shape], leaf.dtype, leaf.name)

    with tape:
        outputs = fn(*tree.map_structure(stand_in, args), **tree.map_structure(stand_in, kwargs))

    def spec(leaf: Any) -> Any:
        if leaf is None:
            return None
        tensor = getattr(leaf, "_tensor", leaf)
        return _Leaf(tuple(int(d) for d in tensor.shape), standardize_dtype(tensor.dtype))

    return tree.map_structure(spec, outputs)


class _Leaf:
    """Shape and dtype of one trial result; no tuple, so that `tree` takes it for a leaf."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, dtype


# ---- running a graph -------------------------------------------------------------------------------------------------
class Function:
    """The calls between `inputs` and `outputs` (structures of KerasTensors), repeated on values by `run`.

    Raises:
        ValueError: an output does not depend on the inputs alone, or two operations have one name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs_struct, self.outputs_struct = inputs, outputs
        self.inputs: list[KerasTensor] = tree.flatten(inputs)
        self.outputs: list[KerasTensor] = tree.flatten(outputs)
        ordered, first_seen = _topological(self.inputs, self.outputs)
        self._check_connected(ordered)
        self.nodes_by_depth, self.operations = _by_depth(ordered, first_seen, self.inputs)
        self.nodes = [n for depth in sorted(self.nodes_by_depth, reverse=True) for n in self.nodes_by_depth[depth]]
        names: set[str] = set()
        for operation in self.operations:
            if operation.name in names:
                raise ValueError(f"The name '{operation.name}' is used twice in the model; names must be unique.")
            names.add(operation.name)
        self._steps = self._plan_steps()

    def _check_connected(self, ordered: list[Node]) -> None:
        known = {id(t) for t in self.inputs}
        for node in ordered:
            if node.is_input and not all(id(t) in known for t in node.outputs):
                raise ValueError(
                    f"Graph disconnected: the outputs depend on input '{node.operation.name}', which is not among "
                    f"the model's inputs {[t.name for t in self.inputs]}."
                )
            known.update(id(t) for t in node.outputs)

    def _plan_steps(self) -> list[tuple[Operation, Any, tuple[int, ...]]]:
        """Tensors become places in a list, so that a run is a plain loop."""
        self._slot = {id(t): i for i, t in enumerate(self.inputs)}
        steps = []
        for node in self.nodes:
            if node.is_input or all(id(t) in self._slot for t in node.outputs):
                continue
            out = tuple(self._slot.setdefault(id(t), len(self._slot)) for t in node.outputs)
            steps.append((node.operation, _filler(node), out))
        return [(op, fill(self._slot), out) for op, fill, out in steps]

    def run(self, values: list[Any], call: Callable[[Operation, tuple[Any, ...], dict[str, Any]], Any]) -> Any:
        """The outputs for these inputs (flat, in order); `call(operation, args, kwargs)` runs one node."""
        slots: list[Any] = [None] * len(self._slot)
        slots[: len(values)] = values
        for operation, fill, out in self._steps:
            args, kwargs = fill(slots)
            result = call(operation, args, kwargs)
            if len(out) == 1 and not isinstance(result, (list, tuple, dict)):
                slots[out[0]] = result
            else:
                for place, value in zip(out, tree.flatten(result), strict=True):
                    slots[place] = value
        return tree.pack_like(self.outputs_struct, [slots[self._slot[id(t)]] for t in self.outputs])


def _filler(node: Node) -> Callable[[dict[int, int]], Callable[[list[Any]], tuple[tuple[Any, ...], dict[str, Any]]]]:
    def bind(slot: dict[int, int]) -> Callable[[list[Any]], tuple[tuple[Any, ...], dict[str, Any]]]:
        args, kwargs = node.args, node.kwargs
        if len(args) == 1 and isinstance(args[0], KerasTensor) and not is_symbolic(kwargs):
            place = slot[id(args[0])]
            return lambda slots: ((slots[place],), kwargs)

        def fill(slots: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            def value(leaf: Any) -> Any:
                return slots[slot[id(leaf)]] if isinstance(leaf, KerasTensor) else leaf

            return tree.map_structure(value, args), tree.map_structure(value, kwargs)

        return fill

    return bind


def _topological(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], dict[Operation, int]]:
    """Nodes from inputs to outputs, and the order in which a depth-first walk from the outputs meets operations."""
    ordered: list[Node] = []
    first_seen: dict[Operation, int] = {}
    given = {id(t) for t in inputs}
    done: set[int] = set()
    for output in outputs:
        # (node, iterator over its parents): an explicit stack, since a deep network would exhaust Python's.
        stack: list[tuple[Node, Any]] = []

        def visit(tensor: KerasTensor, stack: list[tuple[Node, Any]] = stack) -> None:
            if not hasattr(tensor, "_keras_history"):
                raise ValueError(f"Graph disconnected: {tensor!r} was made by no layer and is not an Input.")
            node = tensor._keras_history.operation._inbound_nodes[tensor._keras_history.node_index]
            if id(node) in done or (not node.is_input and id(tensor) in given):
                return
            first_seen.setdefault(node.operation, len(first_seen))
            done.add(id(node))
            stack.append((node, iter(node.input_tensors)))

        visit(output)
        while stack:
            node, parents = stack[-1]
            for parent in parents:
                before = len(stack)
                visit(parent)
                if len(stack) > before:
                    break
            else:
                ordered.append(node)
                stack.pop()
    return ordered, first_seen


def _by_depth(
    ordered: list[Node], first_seen: dict[Operation, int], inputs: list[KerasTensor]
) -> tuple[dict[int, list[Node]], list[Operation]]:
    """Depth = the longest way to an output; operations from deep to shallow, as Keras lists a model's layers."""
    in_graph = {id(n) for n in ordered}
    node_depth: dict[int, int] = {}
    operation_depth: dict[Operation, int] = {}
    for node in reversed(ordered):
        depth = max(node_depth.get(id(node), 0), operation_depth.get(node.operation, 0))
        node_depth[id(node)] = operation_depth[node.operation] = depth
        for parent in node.parent_nodes:
            if id(parent) in in_graph:
                node_depth[id(parent)] = max(depth + 1, node_depth.get(id(parent), 0))
    nodes = list(ordered)
    for tensor in inputs:  # inputs that no output uses
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if node.is_input and operation not in operation_depth:
            operation_depth[operation] = node_depth[id(node)] = 0
            first_seen[operation] = -1
            nodes.append(node)
    by_depth: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        by_depth[node_depth[id(node)]].append(node)
    operations = sorted(operation_depth, key=lambda op: (-operation_depth[op], first_seen[op]))
    return dict(by_depth), operations
