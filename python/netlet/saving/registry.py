"""The Python objects that a config may name: netlet's own, those registered by decorator, those passed by the caller.

A config never causes an import. Loading a config that names any other object raises an error.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from netlet.base.lazy import import_all

T = TypeVar("T")

_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_own: ContextVar[dict[str, Any] | None] = ContextVar("netlet_own_objects", default=None)
_scope: ContextVar[Mapping[str, Any] | None] = ContextVar("netlet_custom_objects", default=None)

# The modules whose public classes may be named, in the order in which `public_home` searches them.
_CLASS_MODULES = (
    "netlet.layers",
    "netlet.layers.quantized",
    "netlet.layers.preprocessing.structured",
    "netlet.quantizers",
    "netlet.optimizers.schedules",
    "netlet.optimizers",
    "netlet.losses",
    "netlet.metrics",
    "netlet.initializers",
    "netlet.regularizers",
    "netlet.constraints",
    "netlet.models",
    "netlet.config",
    "netlet.random",
    "netlet.applications.base.own_layers",
    "netlet.distillation",
    "netlet.onnx",
)
# The modules whose public functions may be named. Functions such as `models.load_model` must not be.
_FUNCTION_MODULES = ("netlet.activations", "netlet.losses", "netlet.metrics")
_IMPORTED_LATER = ("netlet.layers", "netlet.layers.quantized")  # which import their files at the first use
_NEVER = {"get", "serialize", "deserialize"}
# Keras's module of a class, and ours.
_MODULE_ALIASES = {
    "keras": "netlet.models",
    "netlet": "netlet.models",
    "keras.src.models.functional": "netlet.models",
    "keras.src.models.sequential": "netlet.models",
    "keras.dtype_policies": "netlet.config",
    "keras.utils": "netlet.layers.preprocessing.structured",  # FeatureSpace
    "keras.src.applications.convnext": "netlet.applications.base.own_layers",
    "keras.src.applications.inception_resnet_v2": "netlet.applications.base.own_layers",
}
_CLASS_ALIASES = {("netlet.models", "DTypePolicy"): ("netlet.config", "DTypePolicy")}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorator that registers a class or function under the key "package>name", so that saved models may name it.

    Args:
        package: first part of the key; default "Custom".
        name: second part of the key; None (the default): the object's own name.

    Returns:
        A decorator, which returns the class or function unchanged.

    Raises:
        ValueError: the class has no `get_config`.

    Source: Keras 3, `keras.saving.register_keras_serializable`.

    Example:

    >>> @register_keras_serializable("my_package")
    ... class Doubled:
    ...     def get_config(self):
    ...         return {}
    >>> get_registered_name(Doubled)
    'my_package>Doubled'
    """

    def decorator(obj: T) -> T:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(f"Cannot register class {obj.__name__}: it has no `get_config()` method.")
        key = f"{package}>{name if name is not None else getattr(obj, '__name__', type(obj).__name__)}"
        _registered[key] = obj
        _names[obj] = key
        return obj

    return decorator


def get_registered_name(obj: Any) -> str:
    """Returns the key under which an object is registered, or its Python name if it is not registered.

    Args:
        obj: a class or function.

    >>> def mine(): ...
    >>> get_registered_name(mine), get_registered_name(register_keras_serializable("part")(mine))
    ('mine', 'part>mine')
    """
    try:
        return _names[obj]
    except (KeyError, TypeError):
        return str(obj.__name__)


@contextmanager
def own_objects() -> Iterator[dict[str, Any]]:
    """Context manager: collects the functions and classes, other than netlet's, that are serialized inside.

    Lambdas are among them, so a model can be copied in memory or pickled though no file could hold it.

    Yields:
        {name: function or class}: the custom_objects with which the configs can be deserialized.
    """
    found: dict[str, Any] = {}
    token = _own.set(found)
    try:
        yield found
    finally:
        _own.reset(token)


def collects_own_objects() -> bool:
    """Whether the code runs inside of `own_objects`."""
    return _own.get() is not None


def own_name(obj: Any) -> str:
    """The name of a function or class in configs; inside of `own_objects` no two have the same one."""
    name, found = get_registered_name(obj), _own.get()
    if found is not None:
        while found.setdefault(name, obj) is not obj:
            name += "'"
    return name


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """Returns the object of a name, or None.

    It searches the enclosing `custom_object_scope`s, the registered objects, custom_objects and module_objects, in this
    order.

    Args:
        name: the key "package>name" of a registered object, or a name in one of the dicts.
        custom_objects: {name: class or function}; None (the default): none.
        module_objects: further ones, searched last; None (the default): none.

    >>> class Mine: ...
    >>> get_registered_object("Mine", {"Mine": Mine}) is Mine, get_registered_object("Mine")
    (True, None)
    """
    for place in (_scope.get(), _registered, custom_objects, module_objects):
        if place and name in place:
            return place[name]
    return None


def get_registered_by_last_part(name: str) -> Any:
    """Returns the object that is registered as "<package>><name>", or None."""
    return next((obj for key, obj in _registered.items() if key.endswith(f">{name}")), None)


def get_custom_objects() -> dict[str, Any]:
    """Returns the dict of registered objects itself, not a copy; entries may be added, as in Keras.

    >>> class Mine: ...
    >>> get_custom_objects()["Mine"] = Mine
    >>> get_registered_object("Mine") is Mine, get_custom_objects().pop("Mine") is Mine
    (True, True)
    """
    return _registered


class CustomObjectScope:
    """Context manager: configs that are read inside may name the given objects.

    In nested scopes, the objects of all scopes may be named. Each thread has its own scopes.

    Args:
        custom_objects: dict of name to class or function.

    Example:

    >>> class Mine: ...
    >>> with custom_object_scope({"Mine": Mine}):
    ...     get_registered_object("Mine") is Mine
    True
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects: dict[str, Any] = dict(custom_objects or {})
        self._tokens: list[Token[Mapping[str, Any] | None]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scope.set({**(_scope.get() or {}), **self.custom_objects}))
        return self

    def __exit__(self, *exc_info: object) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def public_home(obj: Any) -> tuple[str, str] | None:
    """Returns (module, name) of netlet's public class or function; None for an object that is not netlet's."""
    name = getattr(obj, "__name__", None)
    if name is None or not str(getattr(obj, "__module__", "")).startswith("netlet."):
        return None
    for module in _FUNCTION_MODULES if isinstance(obj, types.FunctionType) else _CLASS_MODULES:
        if _imported(module) and _public(module, name) is obj:
            return module, name
    return None


def find_builtin(module: str | None, name: str, function: bool) -> Any:
    """Returns netlet's class (or function) of that name, or None. Keras's module names are replaced by ours."""
    if module is None:
        return None
    module = _MODULE_ALIASES.get(module, "netlet." + module[6:] if module.startswith("keras.") else module)
    module, name = _CLASS_ALIASES.get((module, name), (module, name))
    if module not in (_FUNCTION_MODULES if function else _CLASS_MODULES):
        return None
    if module in _IMPORTED_LATER:  # all of them, so that what is imported does not depend on what a file names
        for package in _IMPORTED_LATER:
            import_all(package)
        importlib.import_module("netlet.quantizers")
    found = None if name in _NEVER else _public(module, name)
    if not str(getattr(found, "__module__", "")).startswith("netlet."):
        return None
    if function:
        return found if isinstance(found, types.FunctionType) else None
    return found if inspect.isclass(found) and hasattr(found, "from_config") else None


def find_builtin_function(name: str) -> Any:
    """Returns netlet's function of that name from any of its modules, or None."""
    for module in _FUNCTION_MODULES:
        if (found := find_builtin(module, name, function=True)) is not None:
            return found
    return None


def builtin_names(function: bool) -> Iterable[str]:
    """Every name that `find_builtin` finds, for suggestions."""
    modules = _FUNCTION_MODULES if function else filter(_imported, _CLASS_MODULES)
    return _names_found(function, tuple(modules))


@functools.lru_cache(8)
def _names_found(function: bool, modules: tuple[str, ...]) -> list[str]:
    names = ((module, name) for module in modules for name in _public_names(module))
    return [name for module, name in names if find_builtin(module, name, function) is not None]


def _imported(module: str) -> bool:
    """Whether a module is there already, or is one of the parts at the top that all models need.

    A file must not cause the import of others unless it names them (applications, distillation, FeatureSpace, onnx).
    """
    own = module.count(".") == 1 and module not in ("netlet.distillation", "netlet.onnx")
    return own or module in sys.modules


def _public(module: str, name: str) -> Any:
    """A public object of a module, or None. Modules import some of their names when they are first used."""
    part = _module(module)
    if part is None:
        return None
    if _has_table(part):
        return part.OBJECTS.get(name)
    return None if name.startswith("_") or name not in _listed(part) else getattr(part, name)


def _public_names(module: str) -> Collection[str]:
    """The public names of a module: its table OBJECTS, else its `__all__`, else names without a leading underscore."""
    part = _module(module)
    if part is None:
        return ()
    if _has_table(part):
        table: Mapping[str, Any] = part.OBJECTS
        return table
    return [name for name in _listed(part) if not name.startswith("_")]


def _module(name: str) -> types.ModuleType | None:
    """A module of netlet's; None if there is none of that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("netlet"):
            return None
        raise


def _listed(part: types.ModuleType) -> Collection[str]:
    listed: Collection[str] = vars(part).get("__all__", vars(part))
    return listed


def _has_table(part: types.ModuleType) -> bool:
    return isinstance(vars(part).get("OBJECTS"), Mapping)
