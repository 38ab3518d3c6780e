"""Operators of classical models (ai.onnx.ml)."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant

DOMAIN = "ai.onnx.ml"


@operator("ArrayFeatureExtractor", domain=DOMAIN)
def array_feature_extractor(node: Node, x: Any, indices: Any) -> Any:
    """Chosen columns."""
    return ops.take(x, ops.reshape(indices, (-1,)), axis=-1)


@operator("Binarizer", domain=DOMAIN)
def binarizer(node: Node, x: Any) -> Any:
    """1 above a threshold, else 0."""
    return ops.cast(ops.greater(x, node.attribute("threshold", 0.0)), str(x.dtype))


@operator("LabelEncoder", domain=DOMAIN)
def label_encoder(node: Node, x: Any) -> Any:
    """Another value for each that is a key, else a default: in Python, as either may be texts."""
    keys, values = (_table(node, kind) for kind in ("keys", "values"))
    if keys is None or values is None:
        raise node.error("expected the attributes keys_... and values_..., received none.")
    default = _default(node, values.dtype)
    given = constant(node, x, "X")
    known = dict(zip(keys.tolist(), values.tolist(), strict=True))
    absent = next((v for k, v in known.items() if k != k), default)  # a key of NaN
    result = np.empty(given.size, values.dtype)
    result[:] = [absent if v != v else known.get(v, default) for v in given.ravel().tolist()]
    return result.reshape(given.shape)


def _table(node: Node, kind: str) -> np.ndarray | None:
    for name, dtype in (("tensor", None), ("strings", object), ("int64s", np.int64), ("floats", np.float32)):
        values = node.attribute(f"{kind}_{name}", None)
        if values is not None:
            return np.asarray(values, dtype)
    return None


def _default(node: Node, dtype: Any) -> Any:
    tensor = node.attribute("default_tensor", None)
    if tensor is not None:
        return tensor.item()
    if dtype.kind == "O":
        return node.attribute("default_string", "_Unused")
    return node.attribute("default_float", -0.0) if dtype.kind == "f" else node.attribute("default_int64", -1)
