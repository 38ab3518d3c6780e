"""Function: the part of a graph between symbolic inputs and outputs, which runs on values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.base import tree

from .operation import Operation
from .symbols import KerasTensor, Node, is_symbolic


class Function(Operation):
    """The calls between inputs and outputs of a graph, as one operation.

    Args:
        inputs: structure of KerasTensors.
        outputs: structure of KerasTensors that depend only on the inputs.
        name: unique in a model; None (the default): "function", numbered.

    Attributes:
        nodes: the calls in an order in which they can be made.
        operations: the operations that are called, in the order in which Keras lists a model's layers.
        steps: (operation, function that fills its arguments, slots of its outputs) for each call that `run` makes.
        reads: for each step, the slots of the tensors among its arguments.
        plain: for each step, whether it has one argument and no keyword arguments.

    Raises:
        ValueError: an output depends on another input, or two operations have the same name.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> x = netlet.Input((3,))
    >>> function = netlet.Function(x, netlet.ops.sum(x * 2.0, axis=1))
    >>> function(np.ones((2, 3), "float32")).tolist()
    [6.0, 6.0]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name or "function")
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
        self.steps = self._plan_steps()

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
        """Numbers the tensors, so that a run is a loop over steps that read and write a list."""
        self._slot = {id(t): i for i, t in enumerate(self.inputs)}
        steps = []
        self._step_nodes: list[Node] = []
        for node in self.nodes:
            if node.is_input or all(id(t) in self._slot for t in node.outputs):
                continue
            out = tuple(self._slot.setdefault(id(t), len(self._slot)) for t in node.outputs)
            steps.append((node.operation, _filler(node), out))
            self._step_nodes.append(node)
        self.reads = [[self._slot[id(t)] for t in node.input_tensors] for node in self._step_nodes]
        self.plain = [len(node.args) == 1 and not node.kwargs for node in self._step_nodes]
        return [(op, fill(self._slot), out) for op, fill, out in steps]

    # ---- as an operation -------------------------------------------------------------------------------------------
    def call(self, inputs: Any) -> Any:
        """The outputs for values of the inputs.

        Args:
            inputs: Tensors or arrays in the structure of the graph's inputs.

        Returns:
            Tensors, in the structure of the graph's outputs.

        Raises:
            ValueError: another number of inputs, or a shape that does not fit.
        """
        return self.run(self._checked(inputs), lambda operation, args, kwargs: operation(*args, **kwargs))

    def _checked(self, inputs: Any) -> list[Any]:
        """The values of the inputs as Tensors."""
        given = tree.flatten(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(f"Function '{self.name}': expected {len(self.inputs)} inputs, received {len(given)}.")
        values = [v if isinstance(v, _core.Tensor) else _core.as_tensor(v) for v in given]
        for value, symbol in zip(values, self.inputs, strict=True):
            fits = len(value.shape) == len(symbol.shape) and all(
                want in (None, size) for size, want in zip(value.shape, symbol.shape, strict=True)
            )
            if not fits:
                raise ValueError(
                    f"Function '{self.name}': expected an input of shape {symbol.shape}, received {tuple(value.shape)}."
                )
        return values

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for shapes of the inputs.

        Args:
            input_shape: a shape for each input, in the structure of the graph's inputs; None for any size.

        Returns:
            tuples, in the structure of the graph's outputs.
        """
        shapes = iter(self.inputs)
        symbols = tree.map_shapes(lambda shape: KerasTensor(shape, next(shapes).dtype), input_shape)
        return tree.map_structure(lambda t: t.shape, self.compute_output_spec(symbols))

    @property
    def output_slots(self) -> list[int]:
        """The slots of the graph's outputs."""
        return [self._slot[id(t)] for t in self.outputs]

    def followers(self) -> dict[int, int]:
        """Returns {index of a step: index of the only step that reads its output}.

        Only for steps with one input tensor, no other arguments and one output.
        """

        def plain(node: Node) -> bool:
            return len(node.args) == 1 and isinstance(node.args[0], KerasTensor) and not node.kwargs

        uses = Counter(id(t) for node in self._step_nodes for t in node.input_tensors)
        uses.update(id(t) for t in self.outputs)
        takers = [(i, node) for i, node in enumerate(self._step_nodes) if plain(node)]
        maker = {id(node.outputs[0]): i for i, node in takers if len(node.outputs) == 1}
        taken = [(id(node.args[0]), i) for i, node in takers]
        return {maker[t]: i for t, i in taken if t in maker and uses[t] == 1}

    def run(
        self,
        values: list[Any],
        call: Callable[[Operation, tuple[Any, ...], dict[str, Any]], Any],
        steps: list[Any] | None = None,
    ) -> Any:
        """Computes the outputs.

        Args:
            values: the input values, flattened.
            call: `call(operation, args, kwargs)`, which runs one node.
            steps: equivalent steps to run instead of `self.steps`, for example with several steps fused into one.

        Returns:
            The outputs, in the structure of the graph's outputs.
        """
        slots: list[Any] = [None] * len(self._slot)
        slots[: len(values)] = values
        for operation, fill, out in self.steps if steps is None else steps:
            args, kwargs = fill(slots)
            result = call(operation, args, kwargs)
            if len(out) == 1 and not isinstance(result, (list, tuple, dict)):
                slots[out[0]] = result
            else:
                for place, value in zip(out, tree.flatten(result), strict=True):
                    slots[place] = value
        return tree.pack_like(self.outputs_struct, [slots[i] for i in self.output_slots])


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
    """Returns the nodes from inputs to outputs, and {operation: its rank in a depth-first search from the outputs}."""
    ordered: list[Node] = []
    first_seen: dict[Operation, int] = {}
    given = {id(t) for t in inputs}
    done: set[int] = set()
    for output in outputs:
        # (node, iterator over its parents). An explicit stack: recursion would fail for a deep network.
        stack: list[tuple[Node, Any]] = []

        def visit(tensor: KerasTensor, stack: list[tuple[Node, Any]] = stack) -> None:
            if not hasattr(tensor, "_keras_history"):
                raise ValueError(f"Graph disconnected: {tensor!r} is neither the output of a layer nor an Input.")
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
    """Returns {depth: nodes} and the operations by decreasing depth, as Keras lists a model's layers.

    The depth of a node is the length of its longest path to an output.
    """
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
