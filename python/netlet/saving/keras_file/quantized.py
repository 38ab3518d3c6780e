"""Layers that Keras quantized, in Keras's files: their configs."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]

_CLASSES = {  # (Keras's class, whether its inputs become codes) -> netlet's class
    ("Dense", True): "KerasInt8Dense",
    ("Dense", False): "KerasWeightOnlyDense",
    ("Embedding", False): "KerasWeightOnlyEmbedding",
}
_NAMES = {ours: theirs for (theirs, _), ours in _CLASSES.items()}


def is_quantized(config: Any) -> bool:
    """Whether the config of a layer in a Keras file is that of a quantized one.

    Args:
        config: {"class_name", "config", ...}.
    """
    inner = config.get("config")
    if not isinstance(inner, dict):
        return False
    return inner.get("quantization_config") is not None or _mode_of(inner.get("dtype")) is not None


def layer_from_keras(config: Config) -> Config:
    """netlet's form of the config of a quantized layer of a Keras file.

    Args:
        config: Keras's.

    Raises:
        NotImplementedError: a class, a mode or quantizers that netlet does not read.
    """
    inner = dict(config["config"])
    name, policy, given = inner.get("name"), inner.get("dtype"), inner.pop("quantization_config", None)
    given = given if isinstance(given, dict) else {}
    mode = _mode_of(policy) or str(given.get("class_name", "")).removesuffix("QuantizationConfig").lower()
    own = dict(given.get("config") or {})
    bits, _, group = mode.partition("/")
    if bits not in ("int8", "int4"):
        raise NotImplementedError(
            f"Layer {name!r} is quantized with mode {mode!r}: netlet reads Keras's modes 'int8' and 'int4'."
        )
    options: Config = {"mode": bits, "activations": None, "group_size": _group(own.get("block_size", group or None))}
    quantizer = own.get("activation_quantizer", _ABSMAX if bits == "int8" else None)
    if quantizer is not None and config["class_name"] != "Embedding":  # whose inputs are indices
        options.update(activations="dynamic", **_absmax(name, quantizer))
    cls = _CLASSES.get((config["class_name"], options["activations"] is not None))
    if cls is None:
        raise NotImplementedError(
            f"Layer {name!r} is a quantized {config['class_name']}: netlet reads Keras's quantized Dense and Embedding."
        )
    if isinstance(policy, dict):
        source = (policy.get("config") or {}).get("source_name", "float32")
        inner["dtype"] = {**policy, "class_name": "DTypePolicy", "config": {"name": source}}
    elif isinstance(policy, str):
        inner["dtype"] = policy.rpartition("_from_")[2]
    inner["quantization_config"] = {
        "module": "keras.quantizers",
        "class_name": "KerasConfig",
        "config": options,
        "registered_name": None,
    }
    return {**config, "module": "keras.layers.quantized", "class_name": cls, "config": inner}


def layer_to_keras(config: Config) -> Config:
    """Keras's form of the config of such a layer; other configs are returned as they are.

    Args:
        config: {"class_name", "config", ...}, otherwise in Keras's form.
    """
    if config.get("class_name") not in _NAMES:
        return config
    inner = dict(config["config"])
    given = inner["quantization_config"]["config"]
    mode, group = given["mode"], given["group_size"]
    quantizers: Config = {"weight_quantizer": None, "activation_quantizer": None}
    if given["activations"] is not None:
        options = {"value_range": [given["lowest"], given["highest"]], "epsilon": given["epsilon"]}
        quantizers["activation_quantizer"] = {**_ABSMAX, "config": {**options, "output_dtype": "int8"}}
    if mode == "int4":
        quantizers["block_size"] = group
    source = inner["dtype"]["config"]["name"] if isinstance(inner["dtype"], dict) else inner["dtype"]
    policy = ("QuantizedDTypePolicy", "int8") if mode == "int8" else ("Int4DTypePolicy", f"int4/{group or -1}")
    inner["dtype"] = {
        "module": "keras.dtype_policies",
        "class_name": policy[0],
        "config": {"mode": policy[1], "source_name": source},
        "registered_name": None,
    }
    inner["quantization_config"] = {
        "module": "keras.quantizers",
        "class_name": f"{mode.capitalize()}QuantizationConfig",
        "config": quantizers,
        "registered_name": None,
    }
    return {**config, "module": "keras.layers", "class_name": _NAMES[config["class_name"]], "config": inner}


_ABSMAX: Config = {"module": "keras.quantizers", "class_name": "AbsMaxQuantizer", "config": {}, "registered_name": None}


def _mode_of(policy: Any) -> str | None:
    """The mode in a dtype policy of Keras: "int8", "int4/128"; None for a float policy."""
    if isinstance(policy, str):
        mode, separator, _ = policy.partition("_from_")
        return mode if separator else None
    inner = policy.get("config") if isinstance(policy, dict) else None
    found = inner.get("mode") if isinstance(inner, dict) else None
    return found if isinstance(found, str) else None


def _group(size: Any) -> int | None:
    return None if size is None or int(size) == -1 else int(size)


def _absmax(name: Any, quantizer: Any) -> Config:
    """The options of an AbsMaxQuantizer of inputs."""
    inner = quantizer.get("config") if isinstance(quantizer, dict) else None
    if not isinstance(inner, dict) or quantizer.get("class_name") != "AbsMaxQuantizer":
        raise NotImplementedError(
            f"Layer {name!r}: expected Keras's AbsMaxQuantizer of inputs, received {quantizer!r}."
        )
    lowest, highest = inner.get("value_range", (-127, 127))
    return {"lowest": lowest, "highest": highest, "epsilon": inner.get("epsilon", 1e-7)}
