"""What happens around `build` and `call`: signatures, shapes of arguments, names in errors."""

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


def name_layer(error: Exception, name: str) -> None:
    """Puts the innermost layer's name in front of an op's message, unless a layer is named in it already."""
    text = error.args[0] if error.args else None
    if type(error) not in (ValueError, TypeError) or not isinstance(text, str):
        return  # an exception class of the user's own may read its arguments
    if "Layer '" not in text and "Model '" not in text:
        error.args = (f"Layer '{name}': {text}", *error.args[1:])


def nested_too_deeply(name: str) -> ValueError:
    """What the outermost call raises where Python's recursion limit ended a call inside it."""
    return ValueError(
        f"Layer '{name}': expected calls nested less deeply than Python's recursion limit ({sys.getrecursionlimit()}), "
        "received layers inside layers beyond it (or a call() that calls itself without end). Put the layers one after "
        "another into one model, or raise the limit with sys.setrecursionlimit()."
    )


def parameters(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a method that is bound to an object, or of a function that stands in its place."""
    function = getattr(method, "__func__", None)
    return _parameters(method, False) if function is None else _parameters(function, True)


@functools.lru_cache(maxsize=4096)  # by function: a bound method would keep its object alive
def _parameters(function: Callable[..., Any], first_is_self: bool) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    if first_is_self:
        found.pop(next(iter(found), ""), None)
    return found


def finishing(build: Callable[..., None]) -> Callable[..., None]:
    """What happens around every `build`: the name scope before, and afterwards `built` and no more new weights.

    A build that raises, also by Ctrl-C or for lack of memory, leaves no half of a layer behind.
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
            build(self, *args, **kwargs)
        object.__setattr__(self, "_building", False)
        named = {**dict(zip(parameters(types.MethodType(build, self)), args, strict=False)), **kwargs}
        object.__setattr__(self, "_build_arguments", named)
        self.built = True
        self._lock_state()

    return wrapper


def has_tensor(value: Any) -> bool:
    return any(hasattr(leaf, "shape") for leaf in tree.flatten(value))


def shapes_in(value: Any) -> Any:
    """Shapes of the tensors in a structure; real batches have any size, so their first axis counts as None."""

    def shape(t: Any) -> Any:
        if not hasattr(t, "shape"):  # a list of masks has None where there is none
            return None
        return t.shape if isinstance(t, KerasTensor) or not len(t.shape) else (None, *tuple(t.shape)[1:])

    return tree.map_structure(shape, value)


def as_shapes(value: Any) -> Any:
    return tree.map_shapes(lambda s: s, value)
