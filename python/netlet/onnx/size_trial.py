"""SizeTrial: which sizes of a graph's values vary with the free sizes of its inputs.

While a Model is made, an unknown size is None, and nothing says how two of them are related: that (None, None, 4) is
(batch * heads, time, 4), and can be reshaped to (batch, heads, time, 4), cannot be seen. So the graph is followed
twice, on symbolic tensors whose sizes are all known; a size that differs is free. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from netlet import _core
from netlet.engine.graph import KerasTensor

from .folding import can_fold, folded
from .graph import Graph, Value
from .node import Node
from .running import Call, call_operator, run_graph

_UNKNOWN = object()
# The free sizes of the two runs: of a batch, of a spatial axis of an image, of any other axis. Halves, quarters and
# eighths of a pair differ too, as sizes after pooling must, and 21 is below the number of positions of text models.
_BATCH, _SPATIAL, _OTHER = (2, 3), (64, 160), (8, 21)


class SizeTrial:
    """The shapes of a graph's values, with None for sizes that vary.

    Args:
        graph: the graph, with constants folded.
        calling: `Program.calling`, which expands the model's own functions.
    """

    def __init__(self, graph: Graph, calling: Callable[[Call], Call]) -> None:
        self._graph, self._calling = graph, calling

    def spec(self, name: str) -> dict[str, Any] | None:
        """{"shape", "dtype"} of a value; None if it was not found.

        Args:
            name: of an output of a node.
        """
        first, second = (run.get(name) for run in self._runs)
        if first is None or second is None or len(first.shape) != len(second.shape):
            return None
        shape = [m if m == n else None for m, n in zip(first.shape, second.shape, strict=True)]
        return {"shape": shape, "dtype": str(first.dtype)}

    def same(self, a: str, b: str, axis: int) -> bool:
        """Whether two values have the same size along an axis.

        Args:
            a, b: their names.
            axis: of both.
        """
        pairs = [(run.get(a), run.get(b)) for run in self._runs]
        return all(x is not None and y is not None and x.shape[axis] == y.shape[axis] for x, y in pairs)

    @cached_property
    def _runs(self) -> tuple[dict[str, KerasTensor | None], dict[str, KerasTensor | None]]:
        return self._run(0), self._run(1)

    def _run(self, which: int) -> dict[str, KerasTensor | None]:
        found: dict[str, KerasTensor | None] = {}

        def call(node: Node, values: list[Any]) -> tuple[Any, ...]:
            known = all(v is not _UNKNOWN for v in [*values, *node.captured.values()])
            outputs = _symbolic(node, values) if known else None
            if outputs is None:
                return (_UNKNOWN,) * len(node.outputs)
            for name, value in zip(node.outputs, outputs, strict=False):
                if isinstance(value, KerasTensor):  # a name of a function's body may come twice: then it is no answer
                    found[name] = None if name in found else value
            return outputs

        sizes: dict[str, int] = {}
        inputs = {v.name: _stand_in(v, which, sizes) for v in self._graph.inputs}
        found.update(inputs)
        run_graph(self._graph, inputs, self._calling(call))
        return found


def _symbolic(node: Node, values: list[Any]) -> tuple[Any, ...] | None:
    """The outputs of a node for symbolic tensors; None if it needs values."""
    try:
        return folded(node, values) if can_fold(node, values) else call_operator(node, values)
    except (NotImplementedError, TypeError, ValueError, RuntimeError, _core.SymbolicArgument):
        return None  # no answer: the layer's own inference reports what is wrong with the node


def _stand_in(value: Value, which: int, sizes: dict[str, int]) -> KerasTensor:
    """An input with known sizes; a name of a size stands for one size in all inputs."""
    shape: list[int] = []
    for axis, size in enumerate(value.shape or ()):
        pair = _BATCH if axis == 0 else _SPATIAL if len(value.shape or ()) > 3 and axis > 1 else _OTHER
        shape.append(size if isinstance(size, int) else sizes.setdefault(size or f"{value.name}.{axis}", pair[which]))
    return KerasTensor(tuple(shape), value.dtype or "float32")
