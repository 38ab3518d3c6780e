"""The inputs that a symbolic tensor is computed from."""

from __future__ import annotations

from typing import Any

from .symbols import KerasTensor


def get_source_inputs(tensor: Any) -> list[KerasTensor]:
    """The symbolic inputs that are needed to compute a symbolic tensor.

    Args:
        tensor: a KerasTensor that an `Input` or a call returned.

    Returns:
        KerasTensors, in the order in which the calls first use them.

    >>> import netlet
    >>> a, b, c = (netlet.Input((2,)) for _ in range(3))
    >>> [t is s for t, s in zip(get_source_inputs(a * b + a), [a, b], strict=True)]
    [True, True]
    """
    if not hasattr(tensor, "_keras_history"):
        return [tensor]
    sources: list[KerasTensor] = []
    seen: set[int] = set()
    waiting: list[KerasTensor] = [tensor]
    while waiting:
        next_tensor = waiting.pop()
        if not hasattr(next_tensor, "_keras_history"):
            continue
        operation, index, _ = next_tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.is_input:
            sources += node.outputs
        else:
            waiting += reversed(node.input_tensors)
    return sources
