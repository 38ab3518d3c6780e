"""The handlers of ONNX operators: functions that compute an operator with `netlet.ops`, found by name and opset."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Handler(NamedTuple):
    """How an operator is computed.

    Attributes:
        function: `function(node, *inputs)`, which returns the output, or a tuple of them.
        since: the first opset whose definition it follows.
        any_layout: whether it computes element by element, so that the axes may be in any order.
    """

    function: Callable[..., Any]
    since: int
    any_layout: bool


_handlers: dict[tuple[str, str], list[Handler]] = {}


def operator(op_type: str, since: int = 1, domain: str = "", any_layout: bool = False) -> Callable[[F], F]:
    """Decorator of a handler `f(node, *inputs)`; a model's opset chooses the one with the greatest `since` it reaches.

    The inputs are NumPy arrays (constants), Tensors (values) or KerasTensors (while a Model is made), lists of them for
    sequences, and None for an optional input that is left out; the handler calls `netlet.ops`, which takes them all.

    Args:
        op_type: the operator's name.
        since: the first opset whose definition the handler follows.
        domain: "" for the standard operators.
        any_layout: whether it computes element by element.
    """

    def decorator(function: F) -> F:
        handlers = _handlers.setdefault((domain, op_type), [])
        handlers.append(Handler(function, since, any_layout))
        handlers.sort(key=lambda handler: handler.since)
        return function

    return decorator


def find(domain: str, op_type: str, opset: int) -> Handler | None:
    """The handler of an operator in a version of its domain; None if there is none."""
    _import_families()
    fitting = [h for h in _handlers.get((domain, op_type), []) if h.since <= opset]
    return fitting[-1] if fitting else None


@lru_cache(maxsize=1)
def _import_families() -> None:
    """Imports the files beside this one, which register their handlers."""
    package = importlib.import_module(__package__ or "")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
