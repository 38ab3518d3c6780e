"""Ops on symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet.base.naming import auto_name

from .infer import infer_spec
from .operation import Operation


class OpCall(Operation):
    """One call of a `netlet.ops` function in a graph.

    Args:
        fn: the function.
        name: unique name; default made from the function's name.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None) -> None:
        self.fn = fn
        super().__init__(name or auto_name(fn.__name__))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return infer_spec(self.fn, args, kwargs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "op": getattr(self.fn, "op_name", self.fn.__name__)}


def symbolic_op(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Adds a call of a `netlet.ops` function with symbolic arguments to the graph. Returns KerasTensors."""
    return OpCall(fn)(*args, **kwargs)
