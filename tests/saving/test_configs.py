"""Every optimizer, loss, metric, initializer etc. is restored unchanged from its config."""

from __future__ import annotations

import inspect
import json

import pytest

import netlet
from netlet import layers, saving
from netlet.saving.registry import builtin_names

ARGUMENTS = {
    "Constant": {"value": 0.25},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform", "seed": 3},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    "PiecewiseConstantDecay": {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "power": 2.0},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.2},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 10},
    "OneCycle": {"max_learning_rate": 0.1, "total_steps": 10, "anneal_strategy": "linear", "three_phase": True},
    "Cyclic": {"base_learning_rate": 0.1, "max_learning_rate": 0.2, "mode": "exp_range", "gamma": 0.5},
    "SGD": {"learning_rate": 0.03, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0},
    "RMSprop": {"learning_rate": 0.03, "rho": 0.8, "centered": True, "momentum": 0.5},
    "Adam": {"learning_rate": 0.03, "beta_1": 0.8, "amsgrad": True, "epsilon": 1e-5},
    "AdamW": {"learning_rate": 0.03, "weight_decay": 0.01, "global_clipnorm": 2.0},
    "LBFGS": {"learning_rate": 0.5, "max_iter": 7, "history_size": 3, "line_search_fn": "strong_wolfe"},
    "Huber": {"delta": 0.5, "name": "h"},
    "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1},
    "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1},
    "SparseCategoricalCrossentropy": {"from_logits": True, "name": "s"},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotMeanIoU": {"num_classes": 3},
    "ConfusionMatrix": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "L1": {"l1": 0.3},
    "L2": {"l2": 0.3},
    "L1L2": {"l1": 0.3, "l2": 0.1},
}
ABSTRACT = {
    *("Initializer", "Regularizer", "Constraint", "Loss", "Metric", "Optimizer", "LearningRateSchedule"),
    *("LossFunctionWrapper", "MeanMetricWrapper", "Model", "Functional", "Sequential", "DTypePolicy"),
    *("RandomInitializer", "SumOverBatchMetric"),
    *("LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"),  # around others: in their own tests
}


def config_classes():
    """Every public class of netlet that is neither a layer nor a model nor abstract, each once."""
    found = {}
    for name in builtin_names(function=False):
        if name in ABSTRACT or name in layers.__all__ or not name[0].isupper():
            continue
        for module in (
            "optimizers.schedules",
            "optimizers",
            "losses",
            "metrics",
            "initializers",
            "regularizers",
            "constraints",
        ):
            cls = saving.registry.find_builtin(f"netlet.{module}", name, function=False)
            if cls is not None and cls.__name__ == name:
                found[cls] = name
    return sorted(found, key=lambda cls: (cls.__module__, cls.__name__))


@pytest.mark.parametrize("cls", config_classes(), ids=lambda cls: f"{cls.__module__.split('.')[1]}.{cls.__name__}")
@pytest.mark.parametrize("given", [False, True], ids=["defaults", "arguments"])
def test_config_of(cls, given):
    name = cls.__name__
    needed = any(
        p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in inspect.signature(cls).parameters.values()
    )
    obj = cls(**ARGUMENTS[name]) if needed or (given and name in ARGUMENTS) else cls()
    text = json.dumps(saving.serialize_object(obj))
    again = saving.deserialize_object(json.loads(text))
    assert type(again) is cls
    assert json.dumps(saving.serialize_object(again)) == text
    for key, value in (ARGUMENTS.get(name, {}) if given else {}).items():
        assert again.get_config()[key] == pytest.approx(value) if isinstance(value, float) else True


def test_there_are_classes_of_every_kind():
    names = {cls.__name__ for cls in config_classes()}
    assert {"Adam", "ExponentialDecay", "Huber", "SparseCategoricalAccuracy", "GlorotUniform", "L2", "MaxNorm"} <= names


def test_an_optimizer_with_a_schedule():
    schedule = netlet.optimizers.schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=10)
    optimizer = netlet.optimizers.AdamW(schedule, weight_decay=0.01)
    again = saving.deserialize_object(json.loads(json.dumps(saving.serialize_object(optimizer))))
    assert again.get_config() == optimizer.get_config()


def test_a_slice_without_a_part():
    with pytest.raises(ValueError, match=r"config of __slice__: 'step' is missing"):
        saving.deserialize_keras_object({"class_name": "__slice__", "config": {"start": 0, "stop": None}})
