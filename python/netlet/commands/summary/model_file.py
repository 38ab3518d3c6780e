"""Models of netlet and Keras: layers, parameters, how they were compiled, how far they were trained."""

from __future__ import annotations

import os
from typing import Any

from netlet.models import load_model


def describe(path: str) -> dict[str, Any]:
    """What is in a `.netlet`, `.keras` or `.h5` file."""
    model = load_model(path)
    facts: dict[str, Any] = {
        "format": f"{os.path.splitext(path)[1][1:]} model",
        "name": model.name,
        "class": type(model).__name__,
        "dtype_policy": getattr(model.dtype_policy, "name", str(model.dtype_policy)),
        "inputs": _shapes(getattr(model, "inputs", None)),
        "outputs": _shapes(getattr(model, "outputs", None)),
        "layers": [_layer(layer) for layer in model.layers],
        "parameters": {
            "total": model.count_params(),
            "trainable": sum(v.size for v in model.trainable_weights),
            "non_trainable": sum(v.size for v in model.non_trainable_weights),
        },
        "weights_bytes": sum(int(v.value.nbytes) for v in model.weights),
    }
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        facts["compiled"] = {
            "optimizer": type(optimizer).__name__,
            "learning_rate": float(optimizer.learning_rate),
            "loss": _name(getattr(model, "loss", None)),
        }
        facts["training"] = {"steps": int(optimizer.iterations)}
    return facts


def _layer(layer: Any) -> dict[str, Any]:
    shape = getattr(getattr(layer, "output", None), "shape", None) if _has_output(layer) else None
    return {
        "name": layer.name,
        "class": type(layer).__name__,
        "output_shape": None if shape is None else list(shape),
        "dtype": sorted({v.dtype for v in layer.weights}) or [layer.compute_dtype],
        "parameters": layer.count_params() if layer.built else 0,
        "trainable": layer.trainable,
    }


def _has_output(layer: Any) -> bool:
    try:
        return hasattr(layer.output, "shape")
    except (AttributeError, ValueError, RuntimeError):  # a layer with several calls or none has no single output
        return False


def _shapes(tensors: Any) -> list[dict[str, Any]]:
    found = tensors if isinstance(tensors, (list, tuple)) else []
    return [{"name": t.name, "shape": list(t.shape), "dtype": str(t.dtype)} for t in found]


def _name(loss: Any) -> Any:
    return loss if loss is None or isinstance(loss, str) else getattr(loss, "name", None) or type(loss).__name__
