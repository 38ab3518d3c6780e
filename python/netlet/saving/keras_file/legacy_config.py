"""Configs of Keras 2, converted to those of Keras 3."""

from __future__ import annotations

from typing import Any

from ..registry import find_builtin
from ..serialization import deserialize_object

Config = dict[str, Any]

# Arguments of layers that Keras 3 no longer has and that do not change what a layer computes.
_DROPPED = frozenset(
    "batch_input_shape implementation time_major input_length ragged sparse type_spec optional virtual_batch_size "
    "renorm renorm_clipping renorm_momentum fused adjustment interpolation_method".split()
)
_STILL_USED = {("InputLayer", "sparse"), ("InputLayer", "optional"), ("InputLayer", "ragged")}
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
        _complete(converted)
    if isinstance(converted["config"], dict) and "layers" in converted["config"]:
        converted["config"]["layers"] = [_modern_entry(entry) for entry in converted["config"]["layers"]]
    return converted


def _complete(config: Config) -> None:
    """Adds the module of a class, and replaces arguments that have changed."""
    name, inner = config["class_name"], config["config"]
    if isinstance(inner, list):  # the Sequential of Keras 1 and early Keras 2
        inner = config["config"] = {"layers": inner}
    if name in ("Functional", "Model", "Sequential"):
        config.update(module="keras", registered_name=None)
        if name != "Sequential" and "input_layers" in inner:
            config["class_name"] = "Functional"
        elif name == "Sequential":
            _begin_with_input(inner)
        return
    if find_builtin("keras.layers", name, function=False) is None and name != "Lambda":
        if name in ("Policy", "PolicyV1"):
            config.update(module="keras", class_name="DTypePolicy", registered_name=None)
        else:
            config.setdefault("registered_name", name)
        return
    config.update(module="keras.layers", registered_name=None)
    if name == "InputLayer" and "batch_input_shape" in inner:
        inner["batch_shape"] = inner["batch_input_shape"]
    for key in _DROPPED & set(inner):
        if (name, key) not in _STILL_USED or not inner[key]:
            del inner[key]
    axis = inner.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        inner["axis"] = axis[0]


def _begin_with_input(inner: Config) -> None:
    """A Sequential of Keras 2 may begin with a layer that has the input's shape."""
    layers = inner.get("layers")
    if not isinstance(layers, list) or not layers or not isinstance(layers[0], dict):
        return
    shape = inner.pop("build_input_shape", None)
    if layers[0].get("class_name") == "InputLayer":
        return
    if shape is not None:
        entry = {"batch_shape": shape, "dtype": "float32", "name": "input_layer"}
        layers.insert(
            0, {"module": "keras.layers", "class_name": "InputLayer", "config": entry, "registered_name": None}
        )


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
