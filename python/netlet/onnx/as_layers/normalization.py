"""Normalizations with constant parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import layers

from ..node import Node
from ..operators.values import is_constant
from ..views import channels_last, view
from .registry import layer_of

if TYPE_CHECKING:
    from ..building import Builder


def _constants(*values: Any) -> bool:
    return all(is_constant(v) and v.ndim == 1 for v in values)


@layer_of("BatchNormalization")
def batch_normalization(build: Builder, node: Node, x: Any, scale: Any, b: Any, mean: Any, var: Any) -> Any:
    training = node.attribute("training_mode", 0) or any(node.outputs[1:])
    if training or is_constant(x) or not _constants(scale, b, mean, var) or x.shape[1] != scale.size:
        return NotImplemented
    rank = len(x.shape)
    y = build.layer(
        node,
        layers.BatchNormalization,
        build.image(x) if rank > 2 else build.plain(x),
        [scale, b, mean, var],
        momentum=node.attribute("momentum", 0.9),
        epsilon=node.attribute("epsilon", 1e-5),
    )
    return view(y, channels_last(rank)) if rank > 2 else y


@layer_of("LayerNormalization")
def layer_normalization(build: Builder, node: Node, x: Any, scale: Any, b: Any = None) -> Any:
    rank = len(x.shape)
    axis = node.attribute("axis", -1) % rank
    sizes = tuple(x.shape[axis:])
    constant = is_constant(scale) and (b is None or is_constant(b))
    if not constant or any(node.outputs[1:]) or scale.shape != sizes or (b is not None and b.shape != sizes):
        return NotImplemented
    return build.layer(
        node,
        layers.LayerNormalization,
        build.plain(x),
        [scale] if b is None else [scale, b],
        axis=-1 if axis == rank - 1 else list(range(axis, rank)),
        epsilon=node.attribute("epsilon", 1e-5),
        center=b is not None,
    )


@layer_of("RMSNormalization")
def rms_normalization(build: Builder, node: Node, x: Any, scale: Any) -> Any:
    rank = len(x.shape)
    axis = node.attribute("axis", -1) % rank
    if not is_constant(scale) or scale.shape != tuple(x.shape[axis:]) or axis != rank - 1:
        return NotImplemented
    epsilon = node.attribute("epsilon", 1e-5)
    return build.layer(node, layers.RMSNormalization, build.plain(x), [scale], axis=-1, epsilon=epsilon)


@layer_of("InstanceNormalization")
def instance_normalization(build: Builder, node: Node, x: Any, scale: Any, b: Any) -> Any:
    return _by_groups(build, node, x, scale, b, -1)


@layer_of("GroupNormalization")
def group_normalization(build: Builder, node: Node, x: Any, scale: Any, b: Any) -> Any:
    groups, channels = node.attribute("num_groups"), x.shape[1]
    if node.opset < 21 and _constants(scale, b) and channels and channels % groups == 0:  # parameters of each group
        scale, b = (np.repeat(v, channels // groups) if v.size == groups else v for v in (scale, b))
    return _by_groups(build, node, x, scale, b, groups)


def _by_groups(build: Builder, node: Node, x: Any, scale: Any, b: Any, groups: int) -> Any:
    rank = len(x.shape)
    if is_constant(x) or not _constants(scale, b) or x.shape[1] != scale.size or rank < 3:
        return NotImplemented
    epsilon = node.attribute("epsilon", 1e-5)
    y = build.layer(node, layers.GroupNormalization, build.image(x), [scale, b], groups=groups, epsilon=epsilon)
    return view(y, channels_last(rank))
