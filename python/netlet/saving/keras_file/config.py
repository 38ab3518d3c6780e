"""Conversion between netlet's config dicts and Keras's. They differ in module names, ops of graphs, and few details."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from netlet import ops
from netlet.ops.core.dispatch import REGISTRY

from .op_table import BY_CLASS, BY_NAME
from .quantized import is_quantized, layer_from_keras, layer_to_keras

Config = dict[str, Any]

_MODELS = {
    "Functional": ("keras.src.models.functional", "Functional"),
    "Model": ("keras", None),
    "Sequential": ("keras", None),
}
_CLASS_NAMES = {"GroupedQueryAttention": "GroupQueryAttention"}  # netlet's name -> the name in Keras's files
# Layers of `applications` that are not public in Keras: their modules there.
_NOT_PUBLIC = {
    "CustomScaleLayer": "keras.src.applications.inception_resnet_v2",
    "LayerScale": "keras.src.applications.convnext",
    "StochasticDepth": "keras.src.applications.convnext",
}
# Layers that TensorFlow cannot compile with XLA.
_WITHOUT_XLA = frozenset(
    "HashedCrossing Hashing IntegerLookup RandomCrop RandomPerspective RandomRotation RandomShear RandomTranslation "
    "RandomZoom StringLookup TextVectorization".split()
)
_QUANTIZABLE = ("Dense", "EinsumDense", "Embedding")


# ---- netlet to Keras -------------------------------------------------------------------------------------------------
def to_keras(config: Any) -> Any:
    """Keras's form of a config of `serialize_object`.

    Raises:
        ValueError: an op that Keras does not have.
    """
    if isinstance(config, (list, tuple)):
        return [to_keras(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: to_keras(value) for key, value in config.items()}
    if config["class_name"] == "__tuple__":
        return to_keras(config["config"])
    if config["class_name"] == "function":
        return _function_to_keras(config)
    module = config.get("module")
    if module == "netlet.ops":
        return _op_to_keras(config)
    result = {key: to_keras(value) for key, value in config.items()}
    if module == "__main__":
        result["module"] = None
    elif isinstance(module, str) and module.split(".")[0] == "netlet":
        _name_in_keras(result, module)
        if module == "netlet.layers.quantized":
            return layer_to_keras(result)
    return result


def _name_in_keras(config: Config, module: str) -> None:
    """Replaces the names of netlet's class by Keras's, and adds what only Keras's configs have."""
    name = config["class_name"] = _CLASS_NAMES.get(config["class_name"], config["class_name"])
    if module == "netlet.models" and name in _MODELS:
        config["module"], config["registered_name"] = _MODELS[name]
        shape = config["config"].get("build_input_shape")
        if name == "Functional" or shape is not None:
            config.setdefault("build_config", {"input_shape": shape})
        config.setdefault("compile_config", {})
        for call in config.get("inbound_nodes", ()):
            call["kwargs"].setdefault("mask", None)
    elif module == "netlet.config":
        config["module"] = "keras"
    elif module == "netlet.layers.preprocessing.structured":
        config["module"] = "keras.utils"
    elif module == "netlet.applications.base.own_layers":
        config["module"], config["registered_name"] = _NOT_PUBLIC[str(name)], name
    else:
        config["module"] = "keras" + module.removeprefix("netlet")
    if name in _QUANTIZABLE and module == "netlet.layers":
        config["config"].setdefault("quantization_config", None)


def _function_to_keras(config: Config) -> Config:
    own = str(config.get("module")).split(".")[0] == "netlet"
    return {**config, "module": "builtins", "registered_name": "function"} if own else dict(config)


def _op_to_keras(config: Config) -> Config:
    """The entry of an op in a graph: Keras stores some of its arguments in the config."""
    name = config["config"]["op"]
    op = BY_NAME.get(name)
    if op is None:
        raise ValueError(
            f"The model calls ops.{name}, which Keras's files cannot describe. Save it as a '.netlet' file, or put the "
            "call into a layer of your own."
        )
    inner: Config = {"name": config["config"]["name"]}
    calls: list[Config] = []
    for call in config["inbound_nodes"]:
        given = inspect.signature(REGISTRY[name]).bind(*call["args"], **call["kwargs"])
        given.apply_defaults()
        kinds = given.signature.parameters
        arguments = {
            key: value for key, value in given.arguments.items() if kinds[key].kind is not inspect.Parameter.VAR_KEYWORD
        }
        calls.append({"args": [], "kwargs": {}})
        for key in op.call:
            value = arguments.pop(key, None)
            spread = key in kinds and kinds[key].kind is inspect.Parameter.VAR_POSITIONAL
            calls[-1]["args"] += to_keras(list(value)) if spread else [to_keras(value)]
        inner.update(to_keras(arguments))
    return {
        **config,
        "module": op.module,
        "class_name": op.class_name,
        "config": inner,
        "registered_name": op.class_name,
        "inbound_nodes": calls,
    }


def compile_to_keras(config: Config, classes: set[str]) -> Config:
    """Keras's form of the serialized arguments of `compile`.

    Args:
        config: of `compile_config`.
        classes: the names of the classes of the model's layers.
    """
    result: Config = to_keras(config)
    if "check_finite" in result:  # the arguments of netlet's own `compile`
        del result["check_finite"]
        result.setdefault("jit_compile", not classes & _WITHOUT_XLA)
    return result


# ---- Keras to netlet -------------------------------------------------------------------------------------------------
def from_keras(config: Any) -> Any:
    """netlet's form of a config from a Keras file.

    Raises:
        ValueError: an op that netlet does not have.
        NotImplementedError: a quantized layer of another class than Dense and Embedding, or of another mode.
    """
    if isinstance(config, (list, tuple)):
        return type(config)(from_keras(item) for item in config)
    if not isinstance(config, dict):
        return config
    module = config.get("module")
    if isinstance(module, str) and module.startswith("keras.src.ops."):
        return _op_from_keras(config)
    result = {key: from_keras(value) for key, value in config.items() if key != "compile_config"}
    inner = result.get("config")
    own = module == "keras.layers.quantized"  # netlet's own quantized layers, in a file that netlet wrote
    if module == "keras.layers" and is_quantized(result):
        return layer_from_keras(result)
    if isinstance(inner, dict) and not own:
        inner.pop("quantization_config", None)
    return result


def _op_from_keras(config: Config) -> Config:
    key = (config["module"], config["class_name"])
    op = BY_CLASS.get(key)
    function = _function_of(op.name) if op is not None else None
    if op is None or function is None:
        raise ValueError(f"The model calls Keras's op {config['class_name']!r}, which netlet does not have.")
    inner = config["config"]
    parameters = inspect.signature(function).parameters
    options = {k: _with_tuples(v) for k, v in inner.items() if k != "name"}
    for name in [name for name in options if name not in parameters]:
        if options[name] is not None:
            raise ValueError(f"ops.{op.name} of netlet has no argument {name!r}, which the model uses.")
        del options[name]
    calls = []
    for call in config.get("inbound_nodes", ()):
        args = [_with_tuples(from_keras(value)) for value in call["args"]]
        kwargs = {k: _with_tuples(from_keras(v)) for k, v in call["kwargs"].items()}
        if any(parameters[n].kind is inspect.Parameter.VAR_POSITIONAL for n in op.call if n in parameters):
            args = [*options.values(), *args]  # einsum(subscripts, *operands)
        else:
            kwargs = {**dict(zip(op.call, args, strict=False)), **kwargs, **options}
            args = [kwargs.pop(op.call[0])]
        calls.append({"args": args, "kwargs": kwargs})
    return {
        "module": "netlet.ops",
        "class_name": "Op",
        "config": {"name": config["name"], "op": function.__name__},
        "registered_name": None,
        "name": config["name"],
        "inbound_nodes": calls,
    }


def _function_of(name: str) -> Callable[..., Any] | None:
    """netlet's op of this name, which may be a second name, as true_divide is; None if there is none."""
    function: Any = REGISTRY.get(name) or getattr(ops, name, None)
    return function if function is not None and REGISTRY.get(getattr(function, "__name__", "")) is function else None


def _with_tuples(value: Any) -> Any:
    """JSON has no tuples; ops take lists of constants as tuples (axes, shapes, indices)."""
    if isinstance(value, (list, tuple)) and not any(
        isinstance(v, dict) and v.get("class_name") == "__keras_tensor__" for v in value
    ):
        return {"class_name": "__tuple__", "config": [_with_tuples(v) for v in value]}
    return value
