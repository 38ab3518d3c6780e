"""The tables of converters: of layers by class, and of ops by name. Files in `layers/` and `ops/` fill them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
LAYERS: dict[type, Callable[..., Any]] = {}
OPS: dict[str, Callable[..., Any]] = {}


class Unsupported(Exception):
    """A layer or op that ONNX has no form for; the message says why."""


def layer(*classes: type) -> Callable[[F], F]:
    """Decorator of a converter `f(exporter, layer, out, *args, **kwargs)` of these classes' `call`.

    `out` has the outputs' KerasTensors. It returns the name of the output, a Value, or a tuple of them. A layer without
    a converter is exported as the ops that its `call` is made of.
    """

    def register(fn: F) -> F:
        LAYERS.update(dict.fromkeys(classes, fn))
        return fn

    return register


def op(*names: str) -> Callable[[F], F]:
    """Decorator of a converter `f(exporter, out, **arguments)` of these ops; arguments have the op's names."""

    def register(fn: F) -> F:
        OPS.update(dict.fromkeys(names, fn))
        return fn

    return register


def layer_converter(instance: Any) -> Callable[..., Any] | None:
    """The converter of a layer: that of the nearest class with the same `call`."""
    for cls in type(instance).__mro__:
        if cls in LAYERS and cls.call is type(instance).call:  # type: ignore[attr-defined]
            return LAYERS[cls]
    return None
