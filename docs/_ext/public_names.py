"""Every public name of netlet, and which of several names of one thing is the one that the reference describes."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Any


@dataclasses.dataclass
class Entry:
    """One thing of the reference.

    Attributes:
        module: the public module under which it is described.
        name: its name there.
        value: the class, function or constant.
        aliases: its other full names.
    """

    module: str
    name: str
    value: Any
    aliases: list[str] = dataclasses.field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Module and name."""
        return f"{self.module}.{self.name}"

    @property
    def file(self) -> str:
        """The module that defines it."""
        return defined_in(self.value) or self.module


def public_modules(root: str = "netlet") -> Iterator[types.ModuleType]:
    """The package and the modules that it and they list in `__all__`."""
    queue, seen = [importlib.import_module(root)], set()
    while queue:
        module = queue.pop(0)
        if module.__name__ in seen:
            continue
        seen.add(module.__name__)
        yield module
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name, None)
            if isinstance(value, types.ModuleType) and value.__name__.startswith(f"{root}."):
                queue.append(value)


def names_of(module: types.ModuleType) -> list[str]:
    """`__all__` of a module; without one, what it defines, and what other public modules list too (`activations`)."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    listed = {id(getattr(m, n)) for m in public_modules() for n in getattr(m, "__all__", ()) if hasattr(m, n)}
    found = {n: v for n, v in vars(module).items() if not n.startswith("_") and (inspect.isclass(v) or callable(v))}
    return sorted(n for n, v in found.items() if getattr(v, "__module__", "") == module.__name__ or id(v) in listed)


def defined_in(value: Any) -> str:
    """The module that defines a class or a function; "" for other values."""
    if not (inspect.isclass(value) or callable(value)):
        return ""
    value = value if inspect.isclass(value) else inspect.unwrap(value)
    return getattr(value, "__module__", "") or ""


def _preference(module: str, name: str, value: Any) -> tuple[Any, ...]:
    """Smaller is better: its own name, a package that contains its file, a short module's name."""
    home = defined_in(value)
    own = name == getattr(value, "__name__", name)
    inside = module != "netlet" and (home == module or home.startswith(f"{module}."))
    return not own, not inside, module.count("."), module != "netlet", module, name


@functools.cache
def entries() -> dict[str, Entry]:
    """{full name: entry} of all that the reference describes, sorted."""
    places: dict[Any, list[tuple[str, str]]] = defaultdict(list)
    values: dict[Any, Any] = {}
    for module in public_modules():
        for name in names_of(module):
            value = getattr(module, name, None)
            if isinstance(value, types.ModuleType) or value is None or name.startswith("__"):
                continue
            # Numbers and the like are different things even if they are the same object.
            key = id(value) if inspect.isclass(value) or inspect.isroutine(value) else (module.__name__, name)
            places[key].append((module.__name__, name))
            values[key] = value
    result = []
    for key, found in places.items():
        value = values[key]
        found.sort(key=lambda pair: _preference(*pair, value))
        (module, name), *others = found
        result.append(Entry(module, name, value, sorted(f"{m}.{n}" for m, n in others)))
    return {entry.full_name: entry for entry in sorted(result, key=lambda e: (e.module, e.name.lower(), e.name))}


@functools.cache
def public_classes() -> frozenset[type]:
    """The classes among them."""
    return frozenset(entry.value for entry in entries().values() if inspect.isclass(entry.value))


def members(cls: type) -> list[str]:
    """The methods and properties that the reference describes at a class, in the order of their definition.

    Those are its own and those of private bases. What a public base has too is described there.
    """
    bases = [base for base in cls.__mro__[1:] if base in public_classes() or not base.__module__.startswith("netlet")]
    found: dict[str, None] = {}
    for base in cls.__mro__:
        if base in bases:
            continue
        for name, value in vars(base).items():
            target = getattr(value, "__func__", getattr(value, "fget", value))
            known = inspect.isroutine(target) or isinstance(value, (property, functools.cached_property))
            if name.startswith("_") or not known or not getattr(target, "__doc__", None):
                continue
            if not any(hasattr(other, name) for other in bases):
                found.setdefault(name)
    return list(found)


@functools.cache
def links() -> dict[str, str]:
    """{code as people write it: full name}: with and without "netlet.", alone where a name starts with a capital."""
    result: dict[str, str] = {}
    alone: dict[str, set[str]] = defaultdict(set)
    for target, entry in entries().items():
        for name in [target, *entry.aliases]:
            result[name] = target
            result.setdefault(name.removeprefix("netlet."), target)
        names = {target: entry.name}
        if inspect.isclass(entry.value):
            for member in members(entry.value):
                names[f"{target}.{member}"] = f"{entry.name}.{member}"
                result[f"{target}.{member}"] = f"{target}.{member}"
        for full, short in names.items():
            if short[0].isupper():
                alone[short].add(full)
    return {k: v for k, v in result.items() if "." in k} | {k: min(v) for k, v in alone.items() if len(v) == 1}
