"""Helpers around `build` and `call`: signatures, shapes of arguments, layer names in errors."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from netlet.base import tree
from netlet.base.all_or_nothing import all_or_nothing
from netlet.base.naming import current_path, name_scope
from netlet.engine.graph import KerasTensor


def missing_argument(wanted: dict[str, inspect.Parameter], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """The first argument without a default that a call leaves out, or None."""
    given = {*list(wanted)[: len(args)], *kwargs}
    needed = (
        name for name, p in wanted.items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    )
    return next((name for name in needed if name not in given), None)


def name_layer(error: Exception, name: str) -> None:
    """Prefixes an op's error message with the layer's name, unless the message already names a layer or model."""
    text = error.args[0] if error.args else None
    if type(error) not in (ValueError, TypeError) or not isinstance(text, str):
        return  # a user's own exception class may use its arguments differently
    if "Layer '" not in text and "Model '" not in text:
        error.args = (f"Layer '{name}': {text}", *error.args[1:])


def nested_too_deeply(name: str) -> ValueError:
    """The error that the outermost call raises when a call inside it exceeds Python's recursion limit."""
    return ValueError(
        f"Layer '{name}': expected calls nested less deeply than Python's recursion limit ({sys.getrecursionlimit()}), "
        "received layers nested deeper (or a call() that calls itself without end). Put the layers one after "
        "another into one model, or raise the limit with sys.setrecursionlimit()."
    )


def parameters(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Parameters of a bound method (without self), or of a plain function assigned in its place."""
    function = getattr(method, "__func__", None)
    return _parameters(method, False) if function is None else _parameters(function, True)


@functools.lru_cache(maxsize=4096)  # keyed by function: a cached bound method would keep its object alive
def _parameters(function: Callable[..., Any], first_is_self: bool) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    if first_is_self:
        found.pop(next(iter(found), ""), None)
    return found


def finishing(build: Callable[..., None]) -> Callable[..., None]:
    """Wraps a class's `build`: enters the name scope, then sets `built` and locks the layer against new weights.

    If `build` raises (also KeyboardInterrupt or MemoryError), the layer returns to its state before the call.
    """

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if self._building:  # super().build() of a subclass
            build(self, *args, **kwargs)
            return
        all_or_nothing([self], whole, self, *args, **kwargs)

    def whole(self: Any, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "_building", True)
        with name_scope(self.name, self):
            object.__setattr__(self, "_path", current_path())
            self._resolve_policy(self._path)
            build(self, *args, **kwargs)
        object.__setattr__(self, "_building", False)
        named = {**dict(zip(parameters(types.MethodType(build, self)), args, strict=False)), **kwargs}
        object.__setattr__(self, "_build_arguments", named)
        self.built = True
        self._lock_state()

    return wrapper


def has_tensor(value: Any) -> bool:
    """Whether any leaf of a structure has a shape."""
    return any(hasattr(leaf, "shape") for leaf in tree.flatten(value))


def shapes_in(value: Any) -> Any:
    """Shapes of the tensors in a structure. The batch axis of real tensors is None, since later batches may differ."""

    def shape(t: Any) -> Any:
        if not hasattr(t, "shape"):  # e.g. None in a list of masks
            return None
        return t.shape if isinstance(t, KerasTensor) or not len(t.shape) else (None, *tuple(t.shape)[1:])

    return tree.map_structure(shape, value)


def as_shapes(value: Any) -> Any:
    """The shapes in a structure, e.g. one read from a JSON config, as tuples."""
    return tree.map_shapes(lambda s: s, value)
