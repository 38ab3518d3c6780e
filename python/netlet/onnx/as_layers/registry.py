"""The converters: functions that make a layer of a node, found by the operator's name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ..node import Node

F = TypeVar("F", bound=Callable[..., Any])
FUSED = "netlet"
"""The domain of nodes that `fusing` makes of several."""

_converters: dict[tuple[str, str], Callable[..., Any]] = {}


def layer_of(*op_types: str, domain: str = "") -> Callable[[F], F]:
    """Decorator of a converter `f(build, node, *inputs)`.

    It returns the outputs as a handler does, or NotImplemented if the node is no layer: its weights are no constants,
    or the layer lacks something. Then the operator's handler is used.

    Args:
        op_types: names of operators.
        domain: of the operators.
    """

    def decorator(function: F) -> F:
        _converters.update({(domain, op_type): function for op_type in op_types})
        return function

    return decorator


def find(node: Node) -> Callable[..., Any] | None:
    """The converter of a node's operator, or None."""
    _import_converters()
    return _converters.get((node.domain, node.op_type))


@lru_cache(maxsize=1)
def _import_converters() -> None:
    """Imports the files beside this one, which register their converters."""
    package = importlib.import_module(__package__ or "")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
