"""netlet: a small neural network library with a native core and Keras's API.

A Keras 3 script with Sequential or functional models runs after changing its import to `import netlet as keras`.

>>> import netlet
>>> model = netlet.Sequential([netlet.Input((784,)), netlet.layers.Dense(16, activation="relu")])
>>> model.count_params()
12560

Submodules are imported at their first use, so `import netlet` takes little longer than importing NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .base.threads import get_num_threads, register_with_threadpoolctl, set_num_threads
from .version import __version__

if TYPE_CHECKING:
    from . import (
        activations,
        applications,
        backend,
        callbacks,
        compat,
        config,
        constraints,
        data,
        datasets,
        distillation,
        distribution,
        dtype_policies,
        export,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        onnx,
        ops,
        optimizers,
        plots,
        preprocessing,
        quantizers,
        random,
        regularizers,
        saving,
        tree,
        utils,
        visualization,
        wrappers,
    )
    from .base.device import device, devices, from_dlpack, to_device
    from .base.name_scope import name_scope
    from .config import DTypePolicy
    from .constraints import Constraint
    from .engine.gradient_tape import GradientTape
    from .engine.graph import Function, KerasTensor, Operation
    from .engine.stateless_scope import StatelessScope, SymbolicScope
    from .engine.tensor import Tensor
    from .engine.variable import Variable
    from .initializers import Initializer
    from .layers import Input, InputSpec, Layer
    from .layers.base.remat import RematScope, remat
    from .losses import Loss
    from .metrics import Metric
    from .models.functional import Model
    from .models.sequential import Sequential
    from .optimizers import Optimizer
    from .quantizers import Quantizer
    from .regularizers import Regularizer

_MODULES = (
    "activations",
    "applications",
    "backend",
    "callbacks",
    "compat",
    "config",
    "constraints",
    "data",
    "datasets",
    "distillation",
    "distribution",
    "dtype_policies",
    "export",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "onnx",
    "ops",
    "optimizers",
    "plots",
    "preprocessing",
    "quantizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "visualization",
    "wrappers",
)
_NAMES = {
    "Constraint": "constraints",
    "DTypePolicy": "config",
    "FloatDTypePolicy": "dtype_policies",
    "Function": "engine.graph",
    "GradientTape": "engine.gradient_tape",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasTensor": "engine.graph",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "engine.graph",
    "Optimizer": "optimizers",
    "Quantizer": "quantizers",
    "Regularizer": "regularizers",
    "RematScope": "layers.base.remat",
    "Sequential": "models",
    "StatelessScope": "engine.stateless_scope",
    "SymbolicScope": "engine.stateless_scope",
    "Tensor": "engine.tensor",
    "Variable": "engine.variable",
    "device": "base.device",
    "devices": "base.device",
    "from_dlpack": "base.device",
    "name_scope": "base.name_scope",
    "remat": "layers.base.remat",
    "to_device": "base.device",
}

__all__ = [
    "Constraint",
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Operation",
    "Optimizer",
    "Quantizer",
    "Regularizer",
    "RematScope",
    "Sequential",
    "StatelessScope",
    "SymbolicScope",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "compat",
    "config",
    "constraints",
    "data",
    "datasets",
    "device",
    "devices",
    "distillation",
    "distribution",
    "dtype_policies",
    "export",
    "from_dlpack",
    "get_num_threads",
    "initializers",
    "isa",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "onnx",
    "ops",
    "optimizers",
    "plots",
    "preprocessing",
    "quantizers",
    "random",
    "regularizers",
    "remat",
    "saving",
    "set_num_threads",
    "to_device",
    "tree",
    "utils",
    "version",
    "visualization",
    "wrappers",
]


def isa() -> str:
    """Returns the instruction set that the kernels use.

    One of "scalar", "avx2", "avx512" or "neon", or one with low-precision dot products: "avx2_vnni", "avx512_vnni",
    "avx512_bf16" (which includes VNNI), "neon_dot".

    >>> isa().split("_")[0] in ("scalar", "avx2", "avx512", "neon")
    True
    """
    from . import _core

    return _core.active_isa()


def version() -> str:
    """Returns the version, as `keras.version()` does.

    >>> version() == __version__
    True
    """
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        return value
    from .base.missing import missing

    raise missing(__name__, name, __all__)


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})


register_with_threadpoolctl()
