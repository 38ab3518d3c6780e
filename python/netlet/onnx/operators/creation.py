"""Values made from nothing: constants, ranges, windows, random numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops, random

from ..node import Node
from .element_types import attribute_type, cast, is_integer, type_of
from .registry import operator
from .values import constant


@operator("Constant")
def constant_operator(node: Node) -> Any:
    """The value of one of its attributes."""
    value = node.attribute("value", None)
    if value is not None:
        return value
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64),
                        ("value_ints", np.int64), ("value_string", object), ("value_strings", object)):  # fmt: skip
        value = node.attribute(name, None)
        if value is not None:
            return np.array(value, dtype)
    raise node.error("expected one of the attributes value, value_float(s), value_int(s), value_string(s).")


@operator("ConstantOfShape")
def constant_of_shape(node: Node, shape: Any) -> Any:
    """One value everywhere."""
    dims = constant(node, shape, "input").tolist()
    node.check_size(dims)
    value = node.attribute("value", np.zeros(1, np.float32))
    return np.full(dims, value.reshape(-1)[0], value.dtype)


@operator("Range")
def range_operator(node: Node, start: Any, limit: Any, delta: Any) -> Any:
    """Numbers from start in steps of delta, below limit."""
    first, end, step = (
        constant(node, v, n).reshape(()) for v, n in ((start, "start"), (limit, "limit"), (delta, "delta"))
    )
    number = np.float64 if not is_integer(first) else np.int64
    first, end, step = first.astype(number), end.astype(number), step.astype(number)
    count = max(0, math.ceil((end - first) / step))
    node.check_size((count,))
    return cast(node, first + np.arange(count) * step, type_of(start))


@operator("EyeLike")
def eye_like(node: Node, x: Any) -> Any:
    """1 on a diagonal, 0 elsewhere, in x's shape."""
    rows, columns = x.shape
    node.check_stated((rows, columns))
    values = np.eye(rows, columns, k=node.attribute("k", 0))
    return cast(node, values, attribute_type(node, "dtype", type_of(x)) or "")


# ---- windows ---------------------------------------------------------------------------------------------------------
WINDOWS: dict[str, tuple[float, float, float]] = {  # a - b cos(2πn/N) + c cos(4πn/N)
    "BlackmanWindow": (0.42, 0.5, 0.08),
    "HammingWindow": (25 / 46, 21 / 46, 0.0),
    "HannWindow": (0.5, 0.5, 0.0),
}


def _register_window(name: str, terms: tuple[float, float, float]) -> None:
    @operator(name)
    def window(node: Node, size: Any) -> Any:
        count = int(constant(node, size, "size").item())
        node.check_size((count,))
        turn = 2 * np.pi * np.arange(count) / (count if node.attribute("periodic", 1) else count - 1)
        a, b, c = terms
        values = a - b * np.cos(turn) + c * np.cos(2 * turn)
        return cast(node, values, attribute_type(node, "output_datatype", "float32") or "")


for _name, _terms in WINDOWS.items():
    _register_window(_name, _terms)


@operator("MelWeightMatrix")
def mel_weight_matrix(node: Node, bins: Any, length: Any, rate: Any, low: Any, high: Any) -> Any:
    """Triangles that sum the bins of a spectrum: (length // 2 + 1, bins)."""
    names = ("num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz")
    count, size, hertz, start, end = (
        constant(node, v, n).item() for v, n in zip((bins, length, rate, low, high), names, strict=True)
    )
    node.check_size((size // 2 + 1, count + 2))
    mel_start, mel_end = (2595 * math.log10(1 + f / 700) for f in (start, end))
    edges = 700 * (10 ** ((mel_start + (mel_end - mel_start) / (count + 2) * np.arange(count + 2)) / 2595) - 1)
    left, middle, right = (((size + 1) * edges // hertz).astype(int)[i : i + count] for i in range(3))
    rows = np.arange(size // 2 + 1)[:, None]
    with np.errstate(all="ignore"):
        rising = np.where(middle > left, (rows - left) / (middle - left), 1.0) * ((rows >= left) & (rows <= middle))
        falling = (right - rows) / (right - middle)
    values = np.where((rows >= middle) & (rows < right), falling, rising)
    return cast(node, values, attribute_type(node, "output_datatype", "float32") or "")


# ---- random numbers --------------------------------------------------------------------------------------------------
def seed_of(node: Node) -> int | None:
    """The seed as netlet's random functions take it: ONNX's is a float."""
    seed = node.attribute("seed", None)
    return None if seed is None else int(np.float32(seed).view(np.int32)) & 0x7FFFFFFF


def _random(node: Node, shape: Any, normal: bool, dtype: str) -> Any:
    node.check_size(shape)
    if normal:
        values = random.normal(shape, node.attribute("mean", 0.0), node.attribute("scale", 1.0), seed=seed_of(node))
    else:
        values = random.uniform(shape, node.attribute("low", 0.0), node.attribute("high", 1.0), seed=seed_of(node))
    return cast(node, values, dtype)


def _register_random(name: str, normal: bool) -> None:
    @operator(name)
    def drawn(node: Node) -> Any:
        return _random(node, node.attribute("shape"), normal, attribute_type(node, "dtype", "float32") or "")

    @operator(name + "Like")
    def drawn_like(node: Node, x: Any) -> Any:
        return _random(node, tuple(x.shape), normal, attribute_type(node, "dtype", type_of(x)) or "")


for _name, _normal in {"RandomNormal": True, "RandomUniform": False}.items():
    _register_random(_name, _normal)


@operator("Bernoulli")
def bernoulli(node: Node, x: Any) -> Any:
    """1 with the probability x, else 0."""
    node.check_stated(x.shape)
    drawn = ops.less(random.uniform(tuple(x.shape), seed=seed_of(node)), ops.cast(x, "float32"))
    return cast(node, drawn, attribute_type(node, "dtype", type_of(x)) or "")


@operator("Multinomial")
def multinomial(node: Node, x: Any) -> Any:
    """Classes drawn from unnormalized log-probabilities."""
    count = node.attribute("sample_size", 1)
    node.check_stated((*x.shape, count))
    drawn = random.categorical(x, count, seed=seed_of(node))
    return cast(node, drawn, attribute_type(node, "dtype", "int32") or "")
