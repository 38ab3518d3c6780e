"""Keras scripts run with changed imports: the same parameters, in the same order, with the same defaults.

Every public name that both packages have is compared. Intended differences are listed below with their reasons.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest

import netlet

# A Keras newer than the one these lists were made for may have new parameters; the order of the others must still hold.
NEWER_KERAS = tuple(map(int, keras.__version__.split(".")[:2])) > (3, 15)
MODULES = (
    "activations applications callbacks constraints initializers layers losses metrics models ops ops.image optimizers "
    "optimizers.schedules quantizers random regularizers saving utils"
).split()
CLASSES = ["Layer", "Model", "Sequential", "Variable"]

# Keras's parameters that netlet's signatures do not name, at any position. (`**kwargs` may still accept them: the
# optimizers' common arguments reach the base class that way.)
LEFT_OUT = {
    "lora_rank": "adapters of large models",
    "lora_alpha": "adapters of large models",
    "quantization_config": "not there yet",
    "gptq_unpacked_column_size": "not there yet",
    "ragged": "no ragged tensors",
    "synchronized": "one process",
    "zipped": "a model is one file",
    "max_shard_size": "a model is one file",
    "state": "an older form of train_step",
    "args": "*args that Keras passes on",
    "safe_mode": "loading is always safe",
    "skip_mismatch": "in **kwargs",
    "retstep": "NumPy's, of linspace",
    "initial": "NumPy's, of max and min",
    "inputs": "a Sequential's output is computed from what it is called with",
    "training": "likewise",
    "mask": "likewise",
    "n": "Keras renamed ops.identity's",
}
OPTIMIZER_COMMON = {
    *("clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps", "name"),
}
# (name, parameter): why its default or its position differs.
DIFFERENT = {
    ("Model.export", "format"): "ONNX is the only format",
    ("Sequential.export", "format"): "ONNX is the only format",
    ("ops.linspace", "axis"): "of linspace between arrays, which is not there",
    ("ops.prod", "dtype"): "the type of x",
    ("utils.Progbar", "interval"): "redrawn at most ten times a second",
    ("ops.arange", "step"): "None means 1",
    ("ops.pad", "constant_values"): "None means 0",
    ("Model.quantize", "mode"): "int8 without an argument",
    ("Sequential.quantize", "mode"): "int8 without an argument",
}
NOT_COMPARED = {
    "Layer.add_variable": "an older name of add_weight",
    "Model.add_variable": "an older name of add_weight",
    "Sequential.add_variable": "an older name of add_weight",
    "layers.Conv3DTranspose": "Keras has data_format before output_padding in this class alone",
    "layers.Convolution3DTranspose": "likewise",
    "Model.build": "may be called without a shape where the inputs are known",
}


def parameters(function: Any) -> dict[str, Any]:
    function = function.__init__ if inspect.isclass(function) else function
    skip = inspect.Parameter.VAR_KEYWORD
    return {
        p.name: p.default
        for p in inspect.signature(function).parameters.values()
        if p.kind != skip and p.name != "self"
    }


def common() -> dict[str, tuple[Any, Any]]:
    found = {}
    for module in MODULES:
        theirs, ours = keras, netlet
        for part in module.split("."):
            theirs, ours = getattr(theirs, part), getattr(ours, part)
        for name in sorted(set(dir(theirs)) & set(dir(ours))):
            pair = getattr(theirs, name), getattr(ours, name)
            if not name.startswith("_") and all(map(callable, pair)):
                found[f"{module}.{name}"] = pair
    for name in CLASSES:
        theirs, ours = getattr(keras, name), getattr(netlet, name)
        for method in sorted(set(dir(theirs)) & set(dir(ours))):
            pair = getattr(theirs, method), getattr(ours, method)
            if not method.startswith("_") and all(map(inspect.isfunction, pair)):
                found[f"{name}.{method}"] = pair
    return {name: pair for name, pair in found.items() if name not in NOT_COMPARED}


def differences(name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    left_out = set(LEFT_OUT) | (OPTIMIZER_COMMON if name.startswith("optimizers.") else set())
    wrong = [f"lacks {p}" for p in theirs if p not in ours and p not in left_out and (name, p) not in DIFFERENT]
    shared = [p for p in theirs if p in ours]
    if [p for p in ours if p in theirs] != shared:
        wrong.append(f"has another order: {list(ours)}, Keras {list(theirs)}")
    if NEWER_KERAS:
        return [w for w in wrong if w.startswith("has another order")]
    for p in shared:
        a, b = theirs[p], ours[p]
        if isinstance(a, tuple) and a in ((b,) * len(a), ((b, b),) * len(a)):
            continue  # strides=1 is (1, 1) too, padding=1 is ((1, 1), (1, 1))
        if (name, p) not in DIFFERENT and not callable(a) and repr(a) != repr(b) and a is not inspect.Parameter.empty:
            wrong.append(f"{p}={b!r}, Keras {p}={a!r}")
    return wrong


PAIRS = common()


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_parameters_are_those_of_keras(name):
    theirs, ours = PAIRS[name]
    assert differences(name, parameters(theirs), parameters(ours)) == []


def test_the_names_that_scripts_use_are_compared():
    assert len(PAIRS) > 300
    assert {"layers.Dense", "Model.fit", "Model.evaluate", "optimizers.Adam", "callbacks.EarlyStopping"} <= set(PAIRS)


def test_a_planted_fault_is_found():
    assert differences("x", {"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert NEWER_KERAS or differences("x", {"a": 1}, {"a": 2})
    assert NEWER_KERAS or differences("x", {"a": 1}, {})
    assert not differences("x", {"a": 1}, {"a": 1, "more": 0})
