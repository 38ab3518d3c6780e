"""Conversion of objects to plain dicts that JSON can hold, and back: Keras 3's config format, without lambdas.

An object becomes {"module", "class_name", "config", "registered_name"}. Nothing here imports a module that a config
names or runs code that a config holds: `registry` decides which names are known.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from netlet.base.suggest import unknown
from netlet.base.untrusted import damaged_config_named
from netlet.config import numpy_dtype
from netlet.engine.graph import KerasTensor

from .registry import (
    CustomObjectScope,
    builtin_names,
    collects_own_objects,
    custom_object_scope,
    find_builtin,
    find_builtin_function,
    get_custom_objects,
    get_registered_by_last_part,
    get_registered_name,
    get_registered_object,
    own_name,
    public_home,
    register_keras_serializable,
)
from .sharing import current_sharing, sharing_scope

__all__ = [
    "CustomObjectScope",
    "building",
    "custom_object_scope",
    "deserialize_keras_object",
    "deserialize_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
    "serialize_object",
    "sharing_scope",
]

_ARRAY_DTYPES = frozenset(
    "float16 bfloat16 float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool".split(),
)


_unbuilt: ContextVar[list[tuple[Any, dict[str, Any]]] | None] = ContextVar("netlet_unbuilt", default=None)


def serialize_object(obj: Any) -> Any:
    """Returns the config of a layer, model, loss, function, list, dict, array or plain value, which JSON can hold.

    Args:
        obj: the object; lists, tuples and dicts may contain others.

    Raises:
        ValueError: a lambda (a saved model holds no code), or an object without `get_config`.
        TypeError: its `get_config` returns no dict.

    Source: Keras 3, `keras.saving.serialize_keras_object`.

    Example:

    >>> serialize_object({"shape": (None, 2), "scale": np.float32(0.5)})
    {'shape': (None, 2), 'scale': 0.5}
    """
    if isinstance(obj, np.generic):
        return obj.item()
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_object(item) for item in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, Mapping) and not hasattr(obj, "get_config"):
        return {str(key): serialize_object(value) for key, value in obj.items()}
    if isinstance(obj, (np.ndarray, np.dtype)):
        return _array_config(obj) if isinstance(obj, np.ndarray) else obj.name
    if isinstance(obj, (bytes, slice, type(Ellipsis))) or getattr(obj, "_symbolic", False):
        return _special_config(obj)
    if type(obj).__module__ == "netlet._core":
        return _array_config(np.asarray(obj))
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType, type)):
        return _function_config(obj)
    return _instance_config(obj)


def _numpy_dtype(name: str) -> np.dtype:
    return numpy_dtype(name) if name == "bfloat16" else np.dtype(name)


def _array_config(array: np.ndarray) -> Any:
    config = {"value": array.tolist(), "dtype": array.dtype.name}
    if array.size == 0:
        config["shape"] = list(array.shape)  # nested lists do not have it if an axis is empty
    return {"class_name": "__numpy__", "config": config}


def _special_config(obj: Any) -> dict[str, Any]:
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin-1")}}
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": {k: serialize_object(v) for k, v in parts.items()}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    history = getattr(obj, "_keras_history", None)
    place = [history[0].name, int(history[1]), int(history[2])] if history else None
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": list(obj.shape), "dtype": str(obj.dtype), "keras_history": place},
    }


def _function_config(obj: Any) -> dict[str, Any]:
    if obj.__name__ == "<lambda>" and not collects_own_objects():
        raise ValueError(
            "A lambda cannot be saved: a netlet file holds no code. Give the function a name with `def` and decorate "
            "it with @netlet.saving.register_keras_serializable()."
        )
    home = public_home(obj)
    if home is not None:
        return {"module": home[0], "class_name": "function", "config": home[1], "registered_name": home[1]}
    key = own_name(obj)
    return {"module": obj.__module__, "class_name": "function", "config": key, "registered_name": key}


def _instance_config(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    if not hasattr(obj, "get_config"):
        raise ValueError(
            f"Cannot serialize {obj!r} of type {cls.__name__}: a class that is saved needs a `get_config()` method "
            "that returns a dict of its constructor's arguments."
        )
    inner = obj.get_config()
    if not isinstance(inner, dict):
        raise TypeError(f"The `get_config()` method of {obj!r} should return a dict. It returned: {inner!r}")
    home = public_home(cls)
    config: dict[str, Any] = {
        "module": home[0] if home else cls.__module__,
        "class_name": home[1] if home else cls.__name__,
        "config": {str(key): serialize_object(value) for key, value in inner.items()},
        "registered_name": None if home else own_name(cls),
    }
    build = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build:
        config["build_config"] = serialize_object(build)
    if (sharing := current_sharing.get()) is not None:
        # Number every object, not only those that occur again: `get_config` may return copies of its configs.
        config["shared_object_id"] = sharing.numbers.setdefault(id(obj), (obj, len(sharing.numbers) + 1))[1]
    return config


def deserialize_object(config: Any, custom_objects: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
    """Returns the object of a config.

    Args:
        config: what `serialize_object` returned, also after conversion to JSON and back. Plain values are unchanged.
        custom_objects: dict of name to class or function that the config may name; None (the default): none.
        safe_mode: accepted for compatibility with Keras; loading never runs code.

    Raises:
        ValueError: a name that is neither netlet's own, nor registered, nor in `custom_objects`; a damaged config; a
            lambda.
        TypeError: an argument that it does not have.

    Source: Keras 3, `keras.saving.deserialize_keras_object`.

    Example:

    >>> deserialize_object({"class_name": "__slice__", "config": {"start": 1, "stop": None, "step": 2}})
    slice(1, None, 2)
    """
    module_objects = kwargs.pop("module_objects", None)
    kwargs.pop("safe_mode", None)
    if kwargs:
        raise TypeError(f"Unexpected arguments: {sorted(kwargs)}")
    known = {**(module_objects or {}), **(custom_objects or {})}
    scope = CustomObjectScope(known) if known else contextlib.nullcontext()
    with scope, damaged_config_named("an object"), building():
        return _deserialize(config)


@contextmanager
def building() -> Iterator[None]:
    """Context manager: layers made from configs inside are built when the model that contains them calls them, which
    gives their weights the same paths as before. Layers that are not called are built at the end from their config."""
    if _unbuilt.get() is not None:
        yield
        return
    token = _unbuilt.set([])
    try:
        yield
        for instance, build in _unbuilt.get() or ():
            found = {key: _deserialize(value) for key, value in build.items()}
            quantized = found.pop("quantized", None)
            if not getattr(instance, "built", True):
                instance.build_from_config(found)
                instance.built = True
            if quantized and hasattr(instance, "restore_quantized_parts"):
                instance.restore_quantized_parts(quantized)
    finally:
        _unbuilt.reset(token)


def _deserialize(config: Any) -> Any:
    if isinstance(config, str):
        found = get_registered_object(config)
        return config if found is None else found
    if config is None or isinstance(config, (bool, int, float)):
        return config
    if isinstance(config, (list, tuple)):
        return [_deserialize(item) for item in config]
    if not isinstance(config, Mapping):
        return config  # already an object: `from_config(get_config())` in one process
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise ValueError(f"A config's `class_name`: expected a string, received {name!r}.")
    if name.startswith("__") and name.endswith("__"):
        return _deserialize_special(name, inner)
    if name == "function":
        return _find_function(config)
    return _deserialize_instance(config)


def _deserialize_special(name: str, inner: Any) -> Any:
    if name == "__lambda__":
        raise ValueError("The config holds a Python lambda. netlet never loads code from a file.")
    if name == "__ellipsis__":
        return Ellipsis
    if not isinstance(inner, Mapping):
        raise ValueError(f"The config of {name}: expected a dict, received {type(inner).__name__}.")
    try:
        if name in ("__numpy__", "__tensor__"):
            if inner["dtype"] not in _ARRAY_DTYPES:
                raise ValueError(f"the dtype {inner['dtype']!r} is not one of {sorted(_ARRAY_DTYPES)}")
            array = np.array(inner["value"], dtype=_numpy_dtype(inner["dtype"]))
            return array.reshape(inner["shape"]) if array.size == 0 and "shape" in inner else array
        if name == "__bytes__":
            return inner["value"].encode("latin-1")
        if name == "__slice__":
            return slice(*(_deserialize(inner[part]) for part in ("start", "stop", "step")))
        if name == "__keras_tensor__":
            tensor = KerasTensor(tuple(inner["shape"]), dtype=inner["dtype"])
            tensor._pre_serialization_keras_history = inner["keras_history"]  # type: ignore[attr-defined]
            return tensor
    except KeyError as error:
        raise ValueError(f"Damaged config of {name}: {error} is missing.") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"Damaged config of {name}: {error}") from error
    raise ValueError(f"Unknown special value {name!r} in a config.")


def _find_function(config: Mapping[str, Any]) -> Any:
    name, key, module = config["config"], config.get("registered_name"), config.get("module")
    if not isinstance(name, str):
        raise ValueError(f"A function's config: expected its name, received {name!r}.")
    for label in (key, name):
        if isinstance(label, str) and (found := get_registered_object(label)) is not None:
            return found
    if module == "builtins":  # Keras 3.6 stores only the last part of a registered name
        found = find_builtin_function(name) or get_registered_by_last_part(name)
    else:
        found = find_builtin(module, name, function=True)
    if found is None:
        raise _unknown_object("function", name, key, module)
    return found


def _deserialize_instance(config: Mapping[str, Any]) -> Any:
    name, inner = config["class_name"], config["config"]
    shared = config.get("shared_object_id")
    sharing = current_sharing.get()
    if sharing is not None and isinstance(shared, int) and shared in sharing.objects:
        known, instance = sharing.objects[shared]
        if known != name:
            raise ValueError(f"A {known} and a {name} in the config have the same number, {shared}.")
        return instance
    cls = _find_class(config)
    if isinstance(cls, types.FunctionType):
        return cls
    if inner is None:
        inner = {}
    if not isinstance(inner, dict):
        raise ValueError(f"The config of {name}: expected a dict, received {type(inner).__name__}.")
    if not hasattr(cls, "from_config"):
        raise ValueError(f"Cannot rebuild an instance of {name}: the class has no `from_config()` method.")
    try:
        with damaged_config_named(name):
            instance = cls.from_config(dict(inner))
    except TypeError as error:
        # Not a TypeError: the object that contains this one would add the same explanation again.
        raise ValueError(
            f"{name} could not be rebuilt from its config: {error}. Its `from_config()` must deserialize objects "
            "(layers, losses) that its `get_config()` returned, and its constructor must take every key of "
            f"{sorted(map(str, inner))}."
        ) from error
    build = config.get("build_config")
    if isinstance(build, dict) and build and (not getattr(instance, "built", True) or "quantized" in build):
        unbuilt = _unbuilt.get()
        assert unbuilt is not None
        unbuilt.append((instance, build))
    if sharing is not None and isinstance(shared, int):
        sharing.objects[shared] = (name, instance)
    return instance


def _find_class(config: Mapping[str, Any]) -> Any:
    name, key, module = config["class_name"], config.get("registered_name"), config.get("module")
    if isinstance(module, str) and key in (None, "", name):
        found = find_builtin(module, name, function=False)
        if found is not None:
            return found
    # netlet's own classes have no registered name, so a file cannot use `custom_objects` to replace them.
    for label in (key, name):
        if isinstance(label, str) and (found := get_registered_object(label)) is not None:
            return found
    raise _unknown_object("class", name, key, module)


def _unknown_object(kind: str, name: str, key: Any, module: Any) -> ValueError:
    if isinstance(module, str) and module.split(".")[0] in ("netlet", "keras"):
        return unknown(f"{module} {kind}", name, builtin_names(kind == "function"))
    label = key if isinstance(key, str) else name
    return ValueError(
        f"Unknown {kind} {name!r} (saved as {label!r}). A saved model holds no code, so import the module that defines "
        f"it, with the decorator @netlet.saving.register_keras_serializable() on it, before loading; or pass "
        f"custom_objects={{{label!r}: {name}}}."
    )


serialize_keras_object = serialize_object
deserialize_keras_object = deserialize_object
