"""Fuses consecutive layers while a plan is recorded, so that the plan makes fewer passes over memory.

Eager calls do not fuse layers.

Inference: a product (dense or convolution layer), the batch normalization after it and the activation after that become
one product: act(batch_norm(x . kernel + bias)) = act(x . kernel' + bias'). The plan computes kernel' and bias' once and
again after a weight is written (`_core.fold_norm`).

Training: max_pool(relu(x)) is computed as relu(max_pool(x)). Values and gradients are equal to the bit: relu does not
change which positive value is the first largest one, and where no value is positive its gradient is 0. In the second
form relu and its gradient run over the smaller, pooled image.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core, activations
from netlet.engine.graph import Function, mask_of
from netlet.layers.activations.activation import ELU, Activation, LeakyReLU, ReLU
from netlet.layers.base import call_context
from netlet.layers.base.input_spec import check
from netlet.layers.convolutional.convolution import Conv
from netlet.layers.convolutional.convolution_depthwise import DepthwiseConv
from netlet.layers.convolutional.windowed import Windowed
from netlet.layers.core.dense import Dense
from netlet.layers.normalization.batch_normalization import BatchNormalization
from netlet.layers.pooling.pooling import MaxPooling, Pooling

LINEAR = ("linear", 0.0)
LONGEST = 3  # product, batch normalization, activation
RELU = ("relu", 0.0)


def fused_activation(layer: Any) -> tuple[str, float] | None:
    """The (name, alpha) of the activation that a product must fuse to replace this layer; None if none can."""
    if getattr(layer, "activity_regularizer", None) is not None:
        return None
    found: tuple[str, float] | None = None
    if type(layer) is Activation:
        found = activations.fused(layer.activation)
    elif type(layer) is ReLU and layer.max_value is None and layer.threshold == 0:
        found = ("leaky_relu", float(layer.negative_slope)) if layer.negative_slope else ("relu", 0.0)
    elif type(layer) is LeakyReLU:
        found = ("leaky_relu", float(layer.negative_slope))
    elif type(layer) is ELU and layer.alpha >= 0:
        found = ("elu", float(layer.alpha))
    return found


def is_product(layer: Any) -> bool:
    """Whether the layer is a built dense or convolution layer that computes one product.

    Its kernel's last axes are the output channels. A subclass with its own `call` or a layer with an activity
    regularizer does not count.
    """
    known = isinstance(layer, Dense) and type(layer).call is Dense.call
    known = known or (isinstance(layer, (Conv, DepthwiseConv)) and type(layer).call is Windowed.call)
    return known and bool(layer.built) and layer.activity_regularizer is None


def can_fold(layer: Any) -> bool:
    """Whether the layer is a product without an activation, and the plan caches what depends on its kernel alone."""
    return is_product(layer) and activations.fused(layer.activation) == LINEAR and bool(_core.keeps(layer.kernel.value))


def normalizes(layer: Any, product: Any) -> bool:
    """Whether the layer is a batch normalization over the channel axis of the product's output."""
    if type(layer) is not BatchNormalization or not layer.built or layer.activity_regularizer is not None:
        return False
    rank = layer.input_spec.ndim
    channels = rank - 1 if isinstance(product, Dense) else product._channel_axis % rank
    return layer.axis % rank == channels and layer.compute_dtype == product.compute_dtype


class Together:
    """Consecutive layers that are run as one operation.

    An input with a mask goes through the layers one by one, so that each layer handles the mask.

    Args:
        layers: the layers, in their order.
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        if mask_of(x) is None:
            return self.at_once(x)
        return functools.reduce(lambda value, layer: layer(value), self.layers, x)

    def at_once(self, x: Any) -> Any:
        """The output of all layers for an input without a mask."""
        raise NotImplementedError


class Folded(Together):
    """Consecutive layers that are computed as one product.

    Args:
        layers: the product, then the layers that it replaces.
        batch_norm: the batch normalization among them, or None.
        activation: (name, alpha) of the fused activation.
    """

    def __init__(self, layers: Sequence[Any], batch_norm: Any = None, activation: tuple[str, float] = LINEAR) -> None:
        super().__init__(layers)
        self.product, self.batch_norm, self.activation = layers[0], batch_norm, activation

    def at_once(self, x: Any) -> Any:
        product, norm = self.product, self.batch_norm
        if product.input_spec is not None:
            check(product.input_spec, x, product.name)
        (x,), _ = product._converted((x,), {})
        _core.push_scope(product.name)
        try:
            kernel, bias = product.kernel, product.bias
            if norm is not None:
                statistics = norm.moving_mean, norm.moving_variance, norm.gamma, norm.beta
                kernel, bias = _core.fold_norm(kernel, bias, *statistics, norm.epsilon)
            return product._product(x, kernel, bias, self.activation)
        finally:
            _core.pop_scope()


def fold_first(layers: Sequence[Any]) -> tuple[Any, int]:
    """Fuses the first of these consecutive layers for inference.

    Args:
        layers: the next layers of a chain; at least one.

    Returns:
        (operation, count): what to call, and how many of the layers it replaces; (the first layer, 1) if nothing fuses.
    """
    if not can_fold(layers[0]):
        return layers[0], 1
    product, count, batch_norm, activation = layers[0], 1, None, LINEAR
    if count < len(layers) and normalizes(layers[count], product):
        batch_norm, count = layers[count], count + 1
    if count < len(layers) and (fused := fused_activation(layers[count])) is not None:
        activation, count = fused, count + 1
    return (product, 1) if count == 1 else (Folded(layers[:count], batch_norm, activation), count)


class PooledFirst(Together):
    """A layer that ends in relu and the max pooling after it, computed in the opposite order.

    Args:
        layer: a product with relu, or a relu layer.
        pooling: the max pooling.
    """

    def __init__(self, layer: Any, pooling: Any) -> None:
        super().__init__([layer, pooling])
        self.layer, self.pooling = layer, pooling
        self.linear = Folded([layer]) if is_product(layer) else None

    def at_once(self, x: Any) -> Any:
        if self.linear is None:
            return self.layer(self.pooling(x))
        return self.layer.activation(self.pooling(self.linear(x)))


def pool_first(layers: Sequence[Any]) -> tuple[Any, int]:
    """Fuses the first of these consecutive layers for training.

    Args:
        layers: the next layers of a chain; at least one.

    Returns:
        (operation, count): what to call, and how many of the layers it replaces; (the first layer, 1) if nothing fuses.
    """
    layer, pooling = layers[0], layers[1] if len(layers) > 1 else None
    pools = isinstance(pooling, MaxPooling) and type(pooling).call is Pooling.call
    if not pools or pooling.activity_regularizer is not None or not pooling.built:  # type: ignore[union-attr]
        return layer, 1
    found = activations.fused(layer.activation) if is_product(layer) else fused_activation(layer)
    return (PooledFirst(layer, pooling), 2) if found == RELU else (layer, 1)


def rule() -> Callable[[Sequence[Any]], tuple[Any, int]] | None:
    """The function that fuses layers for the plan that is being recorded; None outside of recording."""
    if not _core.recording():
        return None
    return pool_first if call_context.current.training else fold_first


def chain(layers: Sequence[Any]) -> Sequence[Any]:
    """The operations to call, one after the other, for a chain of layers."""
    first = rule()
    if first is None:
        return layers
    found, done = [], 0
    while done < len(layers):
        operation, count = first(layers[done : done + LONGEST])
        found.append(operation)
        done += count
    return found


def steps(function: Function) -> list[Any] | None:
    """The steps of a graph with its chains fused, for `Function.run`.

    Args:
        function: the graph.

    Returns:
        List of (operation, fill, output slots); None outside of recording, where `Function.run` uses its own steps.
    """
    first = rule()
    if first is None:
        return None
    follower, old = function.followers(), function.steps
    gone: set[int] = set()
    found = []
    for i, (_, fill, _) in enumerate(old):
        if i in gone:
            continue
        run = [i]
        while len(run) < LONGEST and run[-1] in follower:
            run.append(follower[run[-1]])
        operation, count = first([old[k][0] for k in run])
        gone.update(run[1:count])
        found.append((operation, fill, old[run[count - 1]][2]))
    return found
