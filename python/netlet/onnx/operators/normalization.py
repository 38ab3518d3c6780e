"""Normalizations by mean and variance or by a norm, and Dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from netlet import ops, random

from ..node import Node
from .creation import seed_of
from .element_types import type_of
from .registry import operator
from .values import constant


def _per_channel(value: Any, x: Any) -> Any:
    """A number for each channel in a shape that broadcasts with x (N, C, ...)."""
    return ops.reshape(value, (1, -1) + (1,) * (len(x.shape) - 2))


def _normalized(x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any, Any]:
    """x with mean 0 and variance 1 along axes, its mean, and 1 / its deviation. Halves compute in float32."""
    wide = x if type_of(x) in ("float32", "float64") else ops.cast(x, "float32")
    mean = ops.mean(wide, axis=axes, keepdims=True)
    centred = ops.subtract(wide, mean)
    inverse = ops.rsqrt(ops.add(ops.mean(ops.square(centred), axis=axes, keepdims=True), epsilon))
    return ops.multiply(centred, inverse), mean, inverse


@operator("BatchNormalization")
def batch_normalization(node: Node, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """x normalized with given statistics, or in training with its own, which move the given ones."""
    epsilon = node.attribute("epsilon", 1e-5)
    if not node.attribute("training_mode", 0):
        return ops.batch_normalization(x, mean, variance, 1, offset=bias, scale=scale, epsilon=epsilon)
    axes = tuple(i for i in range(len(x.shape)) if i != 1)
    own_mean, own_variance = ops.mean(x, axis=axes), ops.var(x, axis=axes)
    y = ops.batch_normalization(x, own_mean, own_variance, 1, offset=bias, scale=scale, epsilon=epsilon)
    kept = node.attribute("momentum", 0.9)
    moved = (
        ops.add(ops.multiply(old, kept), ops.multiply(new, 1 - kept))
        for old, new in ((mean, own_mean), (variance, own_variance))
    )
    return (y, *moved)


@operator("InstanceNormalization")
def instance_normalization(node: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Each channel of each sample normalized by itself."""
    y, _, _ = _normalized(x, tuple(range(2, len(x.shape))), node.attribute("epsilon", 1e-5))
    return ops.add(ops.multiply(y, _per_channel(scale, x)), _per_channel(bias, x))


@operator("GroupNormalization", since=18)
def group_normalization_by_group(node: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Opset 18: a scale and bias for each group."""
    node.check_stated((x.shape[1],))
    each = x.shape[1] // node.attribute("num_groups")
    return group_normalization(node, x, ops.repeat(scale, each), ops.repeat(bias, each))


@operator("GroupNormalization", since=21)
def group_normalization(node: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Groups of channels of each sample normalized together, with a scale and bias for each channel."""
    groups, shape = node.attribute("num_groups"), tuple(x.shape)
    grouped = ops.reshape(x, (shape[0], groups, -1))
    y = ops.reshape(_normalized(grouped, (2,), node.attribute("epsilon", 1e-5))[0], shape)
    return ops.add(ops.multiply(y, _per_channel(scale, x)), _per_channel(bias, x))


@operator("LayerNormalization")
def layer_normalization(node: Node, x: Any, scale: Any, bias: Any = None) -> Any:
    """x normalized along its last axes; and the mean and 1 / deviation."""
    axes = tuple(range(node.attribute("axis", -1) % len(x.shape), len(x.shape)))
    y, mean, inverse = _normalized(x, axes, node.attribute("epsilon", 1e-5))
    y = ops.multiply(ops.cast(y, type_of(x)), scale)
    return y if bias is None else ops.add(y, bias), mean, inverse


@operator("RMSNormalization")
def rms_normalization(node: Node, x: Any, scale: Any) -> Any:
    """x divided by its root mean square along its last axes."""
    axes = tuple(range(node.attribute("axis", -1) % len(x.shape), len(x.shape)))
    wide = x if type_of(x) in ("float32", "float64") else ops.cast(x, "float32")
    square = ops.mean(ops.square(wide), axis=axes, keepdims=True)
    y = ops.multiply(wide, ops.rsqrt(ops.add(square, node.attribute("epsilon", 1e-5))))
    return ops.multiply(ops.cast(y, type_of(x)), scale)


@operator("LpNormalization")
def lp_normalization(node: Node, x: Any) -> Any:
    """x divided by its 1- or 2-norm along an axis; 0 where that is 0."""
    axis, p = node.attribute("axis", -1), node.attribute("p", 2)
    size = ops.abs(x) if p == 1 else ops.square(x)
    norm = ops.sum(size, axis=axis, keepdims=True)
    return ops.divide_no_nan(x, norm if p == 1 else ops.sqrt(norm))


@operator("MeanVarianceNormalization")
def mean_variance_normalization(node: Node, x: Any) -> Any:
    """x with mean 0 and deviation 1 along axes."""
    axes = tuple(node.attribute("axes", None) or (0, 2, 3))
    centred = ops.subtract(x, ops.mean(x, axis=axes, keepdims=True))
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=axes, keepdims=True))
    return ops.divide(centred, ops.add(deviation, 1e-9))


@operator("LRN")
def lrn(node: Node, x: Any) -> Any:
    """x divided by (bias + alpha / size times the sum of squares of `size` neighbouring channels) to the power beta."""
    size = node.attribute("size")
    low = (size - 1) // 2
    node.check_stated((x.shape[1], size))
    places = np.arange(x.shape[1])[:, None] + np.arange(size)
    square = ops.pad(ops.square(x), [(0, 0), (low, size - 1 - low)] + [(0, 0)] * (len(x.shape) - 2))
    total = ops.sum(ops.take(square, places, axis=1), axis=2)
    base = ops.add(ops.multiply(total, node.attribute("alpha", 1e-4) / size), node.attribute("bias", 1.0))
    return ops.divide(x, ops.power(base, node.attribute("beta", 0.75)))


@operator("Dropout")
def dropout_inference(node: Node, x: Any) -> Any:
    """Before opset 12 a model that is exported does not drop: x itself, and where it is kept, everywhere."""
    return x, ops.ones_like(x, dtype="bool")


@operator("Dropout", since=12)
def dropout(node: Node, x: Any, ratio: Any = None, training: Any = None) -> Any:
    """x, or in training x with elements dropped and the rest scaled; and where it is kept."""
    rate = 0.5 if ratio is None else float(constant(node, ratio, "ratio").item())
    if training is None or not constant(node, training, "training_mode").item() or rate == 0.0:
        return dropout_inference(node, x)
    node.check_stated(x.shape)
    drawn = random.uniform(tuple(x.shape), seed=seed_of(node))
    kept = ops.greater_equal(drawn, rate)
    factor = 0.0 if math.isclose(rate, 1.0) else 1 / (1 - rate)
    return ops.multiply(ops.multiply(x, factor), ops.cast(kept, type_of(x))), kept
