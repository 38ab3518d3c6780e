"""Configs of Keras 2, converted to those of Keras 3."""

from __future__ import annotations

import inspect
from typing import Any

from ..registry import find_builtin
from ..serialization import deserialize_object

Config = dict[str, Any]

# Arguments of layers that Keras 3 no longer has, and that do not change what a layer computes.
_GONE = frozenset(
    "batch_input_shape implementation time_major input_length ragged type_spec virtual_batch_size renorm_clipping "
    "renorm_momentum fused adjustment kernel_initializer kernel_regularizer kernel_constraint query_shape key_shape "
    "value_shape".split()
)
_STRING_METRICS = ("accuracy", "acc", "crossentropy", "ce")


def modern(config: Any) -> Any:
    """A config as Keras 3 writes it. Configs of Keras 3 are unchanged.

    Raises:
        ValueError: it is not a config.
    """
    if isinstance(config, list):
        return [modern(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "__tuple__" and "items" in config:
        return modern(config["items"])
    if config.get("class_name") == "TensorShape" and "items" in config:
        return modern(config["items"])
    converted = {
        key: value if key.endswith(("_initializer", "_regularizer", "_constraint")) else modern(value)
        for key, value in config.items()
    }
    if not isinstance(config.get("class_name"), str) or not isinstance(config.get("config"), (dict, list)):
        return converted
    if "module" not in config:
        _complete(converted, _first_shape(config["config"]))
    if isinstance(converted["config"], dict) and "layers" in converted["config"]:
        converted["config"]["layers"] = [_modern_entry(entry) for entry in converted["config"]["layers"]]
    return converted


def _complete(config: Config, shape: Any) -> None:
    """Adds the module of a class, and replaces arguments that have changed. `shape` is that of a Sequential's input."""
    name, inner = config["class_name"], config["config"]
    if isinstance(inner, list):  # the Sequential of Keras 1 and early Keras 2
        inner = config["config"] = {"layers": inner}
    if name in ("Functional", "Model", "Sequential"):
        config.update(module="keras", registered_name=None)
        if name != "Sequential" and "input_layers" in inner:
            config["class_name"] = "Functional"
            for ends in ("input_layers", "output_layers"):
                if isinstance(inner[ends], list) and len(inner[ends]) == 1:
                    inner[ends] = inner[ends][0]  # Keras 2 did not distinguish a tensor from a list of one
        if name == "Sequential":
            _begin_with_input(inner, shape)
        return
    cls = find_builtin("keras.layers", name, function=False)
    if cls is None:
        if name in ("Policy", "PolicyV1"):
            config.update(module="keras", class_name="DTypePolicy", registered_name=None)
        else:
            config.setdefault("registered_name", name)
        return
    config.update(module="keras.layers", registered_name=None)
    if name == "InputLayer" and "batch_input_shape" in inner:
        inner["batch_shape"] = inner.pop("batch_input_shape")
    for key in set(inner) - _arguments_of(cls):
        if key in _GONE or inner[key] in (None, False) or (key == "groups" and inner[key] == 1):
            del inner[key]
    axis = inner.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        inner["axis"] = axis[0]


def _arguments_of(cls: type) -> set[str]:
    """The names of the arguments that the constructors of a class and its bases take."""
    constructors = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base) and base is not object]
    return {name for constructor in constructors for name in inspect.signature(constructor).parameters}


def _begin_with_input(inner: Config, shape: Any) -> None:
    """A Sequential of Keras 2 may begin with a layer that has the input's shape."""
    built = inner.pop("build_input_shape", None)
    shape = built if shape is None else shape
    layers = inner.get("layers")
    if shape is None or not isinstance(layers, list) or not layers or not isinstance(layers[0], dict):
        return
    if layers[0].get("class_name") != "InputLayer":
        entry = {"batch_shape": shape, "dtype": "float32", "name": "input_layer"}
        layers.insert(
            0, {"module": "keras.layers", "class_name": "InputLayer", "config": entry, "registered_name": None}
        )


def _first_shape(inner: Any) -> Any:
    """The `batch_input_shape` of the first layer of a Sequential."""
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    first = layers[0] if isinstance(layers, list) and layers else None
    config = first.get("config") if isinstance(first, dict) else None
    return config.get("batch_input_shape") if isinstance(config, dict) else None


def _modern_entry(entry: Any) -> Any:
    """The entry of a layer in a functional model."""
    if isinstance(entry, dict) and isinstance(entry.get("inbound_nodes"), list):
        entry["inbound_nodes"] = [
            _modern_call(call) if isinstance(call, list) else call for call in entry["inbound_nodes"]
        ]
    return entry


def _modern_call(call: list[Any]) -> Config:
    """One call of a layer, which was a list of [layer, call index, output index, other arguments]."""
    tensors = [_symbol(item[:3]) for item in call]
    kwargs = call[0][3] if call and len(call[0]) > 3 else {}
    args = tensors if len(tensors) == 1 else [tensors]
    return {"args": args, "kwargs": {key: _symbol(value) for key, value in (kwargs or {}).items()}}


def _symbol(value: Any) -> Any:
    """A reference to the output of a call; other values are unchanged."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": [], "dtype": "float32", "keras_history": value},
        }
    return [_symbol(item) for item in value] if isinstance(value, list) else value


def compile_arguments(training: Any) -> Config:
    """The arguments of `compile` from a `training_config`."""
    optimizer = training["optimizer_config"]
    if isinstance(optimizer, dict) and "module" not in optimizer:
        name = str(optimizer["class_name"]).split(">")[-1]  # "Custom>Adam": a registered name
        optimizer = {**optimizer, "class_name": name, "module": "keras.optimizers", "registered_name": None}
        inner = optimizer["config"] = {k: v for k, v in optimizer["config"].items() if k not in _OLD_OPTIMIZER}
        rate = inner.get("learning_rate", inner.pop("lr", None))
        if isinstance(rate, dict) and "module" not in rate:
            rate = {**rate, "module": "keras.optimizers.schedules", "registered_name": None}
        if rate is not None:
            inner["learning_rate"] = rate
    return {
        "optimizer": deserialize_object(optimizer),
        "loss": _compiled(training.get("loss"), "losses"),
        "metrics": _compiled(training.get("metrics"), "metrics"),
        "weighted_metrics": _compiled(training.get("weighted_metrics"), "metrics"),
        "loss_weights": training.get("loss_weights"),
    }


_OLD_OPTIMIZER = ("decay", "is_legacy_optimizer", "jit_compile")


def _compiled(value: Any, part: str) -> Any:
    """A loss or metric, or a structure of them."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        if part == "metrics" and value["class_name"] == "MeanMetricWrapper" and isinstance(inner, dict):
            return inner.get("fn") if isinstance(inner.get("fn"), str) else inner.get("name")
        if "module" not in value:
            if isinstance(inner, dict) and isinstance(inner.get("reduction"), str):
                value = {
                    **value,
                    "config": {**inner, "reduction": _REDUCTIONS.get(inner["reduction"], inner["reduction"])},
                }
            value = {**value, "module": f"keras.{part}", "registered_name": None}
        return deserialize_object(value)
    if isinstance(value, dict):
        return {key: _compiled(item, part) for key, item in value.items()}
    if isinstance(value, list):
        return [_compiled(item, part) for item in value]
    return value if value in _STRING_METRICS else deserialize_object(value)


_REDUCTIONS = {"auto": "sum_over_batch_size"}
