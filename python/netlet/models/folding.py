"""Fuses consecutive layers while a plan is recorded, so that the plan makes fewer passes over memory.

Eager calls do not fuse layers.

Inference: a product (dense or convolution layer), the batch normalization after it and the activation after that become
one product: act(batch_norm(x . kernel + bias)) = act(x . kernel' + bias'). The plan computes kernel' and bias' once and
again after a weight is written (`_core.fold_norm`). Zero padding before a depthwise convolution becomes the
convolution's own, also while training, so that the padded image is not written.

Training: relu or relu6 after a batch normalization is applied in the normalization's own passes over memory, forward
and backward. max_pool(relu(x)) is computed as relu(max_pool(x)). Values and gradients are equal to the bit: relu does
not change which positive value is the first largest one, and where no value is positive its gradient is 0. In the
second form relu and its gradient run over the smaller, pooled image.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core, activations
from netlet.engine.graph import Function, mask_of
from netlet.layers.base import call_context
from netlet.layers.base.input_spec import check
from netlet.layers.fusable import (
    LINEAR,
    Border,
    border_before,
    follows_batch_norm,
    fused_activation,
    fused_into,
    is_linear,
    is_product,
    normalizes,
)
from netlet.layers.pooling.pooling import MaxPooling, Pooling
from netlet.layers.quantized.int8.folded_normalization import FoldedNormalization

from . import codes

LONGEST = 4  # padding, product, batch normalization, activation
RELU = ("relu", 0.0)


def can_fold(layer: Any) -> bool:
    """Whether the layer is a product without an activation, and the plan caches what depends on its kernel alone."""
    return is_product(layer) and is_linear(layer) and bool(_core.keeps(vars(layer)["kernel"]._tensor))


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
        layers: the product, then the layers that it replaces; with `border` the padding first.
        batch_norm: the batch normalization among them, or None.
        activation: (name, alpha) of the fused activation.
        border: zeros (before, after) along each spatial axis, or None.
    """

    def __init__(
        self,
        layers: Sequence[Any],
        batch_norm: Any = None,
        activation: tuple[str, float] = LINEAR,
        border: Border | None = None,
    ) -> None:
        super().__init__(layers)
        self.product = layers[0 if border is None else 1]
        self.batch_norm, self.activation, self.border = batch_norm, activation, border

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
            if self.border is not None:
                return product._product_with_border(x, kernel, bias, self.activation, self.border)
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
    if (quantized := codes.fuse(layers)) is not None:
        return quantized
    if (border := border_before(layers)) is not None:
        return _with_border(layers, border)
    if not can_fold(layers[0]):
        return layers[0], 1
    product, count, batch_norm, activation = layers[0], 1, None, LINEAR
    while count < len(layers) and type(layers[count]) is FoldedNormalization:
        count += 1
    if count < len(layers) and normalizes(layers[count], product):
        batch_norm, count = layers[count], count + 1
    if count < len(layers) and (fused := fused_into(product, layers[count])) is not None:
        activation, count = fused, count + 1
    return (product, 1) if count == 1 else (Folded(layers[:count], batch_norm, activation), count)


def _with_border(layers: Sequence[Any], border: Border) -> tuple[Any, int]:
    """As `fold_first` for a padding and a convolution; what the convolution alone would replace is replaced too."""
    after, count = fold_first(layers[1:])
    if isinstance(after, Folded):
        return Folded(layers[: count + 1], after.batch_norm, after.activation, border), count + 1
    return _bordered(layers, border) if after is layers[1] else (layers[0], 1)


def _bordered(layers: Sequence[Any], border: Border) -> tuple[Any, int]:
    """As `fold_first` for a padding and a convolution, which replaces no other layer."""
    fused = activations.fused(layers[1].activation)
    return (Folded(layers[:2], None, fused, border), 2) if fused else (layers[0], 1)


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


class ActivatedNorm(Together):
    """A batch normalization with the statistics of the batch and the activation after it, as one operation.

    Args:
        layers: the normalization and the activation.
        activation: the activation's name.
    """

    def __init__(self, layers: Sequence[Any], activation: str) -> None:
        super().__init__(layers)
        self.norm, self.activation = layers[0], activation

    def at_once(self, x: Any) -> Any:
        norm = self.norm
        if call_context.current.remat is not None or any(layer._remat_scope is not None for layer in self.layers):
            return self.layers[1](norm(x))
        check(norm.input_spec, x, norm.name)
        (x,), _ = norm._converted((x,), {})
        _core.push_scope(norm.name)
        try:
            return norm._with_batch_statistics(x, self.activation)
        finally:
            _core.pop_scope()


def pool_first(layers: Sequence[Any]) -> tuple[Any, int]:
    """Fuses the first of these consecutive layers for training.

    Args:
        layers: the next layers of a chain; at least one.

    Returns:
        (operation, count): what to call, and how many of the layers it replaces; (the first layer, 1) if nothing fuses.
    """
    if (border := border_before(layers)) is not None and pool_first(layers[1:])[1] == 1:
        return _bordered(layers, border)
    if (name := follows_batch_norm(layers)) is not None and pool_first(layers[1:])[1] == 1:
        return ActivatedNorm(layers[:2], name), 2
    layer, pooling = layers[0], layers[1] if len(layers) > 1 else None
    pools = isinstance(pooling, MaxPooling) and type(pooling).call is Pooling.call
    pools = pools and pooling.compute_dtype == layer.compute_dtype  # type: ignore[union-attr]
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
    found: list[Any] = []
    done = 0
    while done < len(layers):
        operation, count = first(layers[done : done + LONGEST])
        found.append(operation)
        done += count
    if first is not fold_first:
        return found
    places = range(len(found))
    return codes.link(found, [[i] for i in places], [i + 1 for i in places], [len(found)])


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
    reads, plain = function.reads, function.plain
    gone: set[int] = set()
    found, inputs = [], []
    for i, (_, fill, _) in enumerate(old):
        if i in gone:
            continue
        inputs.append(reads[i])
        if not plain[i]:
            found.append(old[i])
            continue
        run = [i]
        while len(run) < LONGEST and run[-1] in follower:
            run.append(follower[run[-1]])
        operation, count = first([old[k][0] for k in run])
        gone.update(run[1:count])
        found.append((operation, fill, old[run[count - 1]][2]))
    if first is not fold_first:
        return found
    floats = [slot for slots, simple in zip(reads, plain, strict=True) if not simple for slot in slots]
    operations = codes.link(
        [step[0] for step in found],
        inputs,
        [out[0] if len(out) == 1 else -1 for _, _, out in found],
        [*function.output_slots, *floats],
    )
    return [(operation, *step[1:]) for operation, step in zip(operations, found, strict=True)]
