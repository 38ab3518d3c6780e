"""Activations: of the layer before them where that is linear, else layers of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netlet import activations, layers
from netlet.layers.fusable import is_linear, is_product

from ..node import Node
from ..operators.element_types import is_float
from ..operators.values import is_constant
from ..views import common_axes, view
from .registry import FUSED, layer_of

if TYPE_CHECKING:
    from ..building import Builder

_NAMES = {
    "Elu": "elu",
    "HardSwish": "hard_silu",
    "Mish": "mish",
    "Relu": "relu",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Swish": "silu",
    "Tanh": "tanh",
}
# Attributes that these names do not fit: (name, value that the activation has).
_FIXED = {"Elu": {"alpha": 1.0}, "Selu": {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}}


def activated(build: Builder, node: Node, x: Any, name: str) -> Any:
    """The output of an activation: of the product that computes x, if nothing else reads x, or of a layer."""
    operation = getattr(getattr(x, "tensor", x), "_keras_history").operation  # noqa: B009
    source = node.sole_source.get(node.inputs[0])
    if build.made_for(operation, source) and is_product(operation) and is_linear(operation):
        operation.activation = activations.get(name)
        return x
    return build.elementwise(x, lambda t: build.layer(node, layers.Activation, t, activation=name))


@layer_of(*_NAMES)
def named(build: Builder, node: Node, x: Any) -> Any:
    fixed = _FIXED.get(node.op_type, {"alpha": 1.0} if node.op_type == "Swish" else {})
    if any(abs(node.attribute(name, value) - value) > 1e-6 for name, value in fixed.items()) or not is_float(x):
        return NotImplemented
    return activated(build, node, x, _NAMES[node.op_type])


@layer_of("Gelu")
def gelu(build: Builder, node: Node, x: Any) -> Any:
    if node.attribute("approximate", "none") != "none" or not is_float(x):
        return NotImplemented
    return activated(build, node, x, "gelu")


@layer_of("Gelu", domain=FUSED)
def gelu_of_several_nodes(build: Builder, node: Node, x: Any) -> Any:
    return activated(build, node, x, "gelu")


@layer_of("Silu", domain=FUSED)
def silu_of_several_nodes(build: Builder, node: Node, x: Any) -> Any:
    return activated(build, node, x, "silu")


@layer_of("LeakyRelu")
def leaky_relu(build: Builder, node: Node, x: Any) -> Any:
    slope = node.attribute("alpha", 0.01)
    if not is_float(x) or slope < 0:
        return NotImplemented
    return build.elementwise(x, lambda t: build.layer(node, layers.LeakyReLU, t, negative_slope=slope))


@layer_of("Clip")
def relu6(build: Builder, node: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    """Clip between 0 and 6; other limits are no layer."""
    low = node.attribute("min") if low is None else low
    high = node.attribute("max") if high is None else high
    numbers = all(isinstance(v, float) or (is_constant(v) and v.size == 1) for v in (low, high))
    if not numbers or float(low) != 0 or float(high) != 6 or not is_float(x):
        return NotImplemented
    return build.elementwise(x, lambda t: build.layer(node, layers.ReLU, t, max_value=6.0))


@layer_of("PRelu")
def prelu(build: Builder, node: Node, x: Any, slope: Any) -> Any:
    if not is_constant(slope) or is_constant(x) or slope.ndim > len(x.shape) or not is_float(x):
        return NotImplemented
    rank = len(x.shape)
    full = slope.reshape((1,) * (rank - slope.ndim) + slope.shape)
    if full.shape[0] != 1:
        return NotImplemented
    axes = common_axes([x])
    if axes[0] != 0:
        return NotImplemented
    held = full.transpose(np.argsort(axes))
    shared = [i for i in range(1, rank) if held.shape[i] == 1]
    tensor = build.held(x, axes)
    if any(tensor.shape[i] != held.shape[i] for i in range(1, rank) if i not in shared):
        return NotImplemented
    y = build.layer(node, layers.PReLU, tensor, [held[0]], shared_axes=shared or None)
    return view(y, axes)


@layer_of("Softmax", "LogSoftmax")
def softmax(build: Builder, node: Node, x: Any) -> Any:
    """Over one axis; before opset 13 over all axes from the given one on."""
    rank = len(x.shape)
    axis = node.attribute("axis", -1 if node.opset >= 13 else 1) % rank
    over = [axis] if node.opset >= 13 else list(range(axis, rank))
    if not is_float(x):
        return NotImplemented
    axes = common_axes([x])
    held = sorted(axes[i] for i in over)
    if node.op_type == "Softmax":
        last = -1 if held == [rank - 1] else held[0] if len(held) == 1 else held
        return view(build.layer(node, layers.Softmax, build.held(x, axes), axis=last), axes)
    if held != [rank - 1]:
        return NotImplemented
    return view(build.layer(node, layers.Activation, build.held(x, axes), activation="log_softmax"), axes)
