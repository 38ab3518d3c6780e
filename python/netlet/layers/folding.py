"""Inference with fewer passes: a batch normalization, and an activation, right behind a product become part of it.

act(batch_norm(x . kernel + bias)) = act(x . kernel' + bias'), where the plan computes kernel' and bias' once, until a
weight is written (`_core.fold_norm`). Only plans that do not train fold; eager calls and training never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _core, activations
from ..graph import Function
from . import call_context
from .activation import ELU, Activation, LeakyReLU, ReLU
from .batch_normalization import BatchNormalization
from .convolution import Conv, Windowed
from .convolution_depthwise import DepthwiseConv
from .dense import Dense
from .input_spec import check

LINEAR = ("linear", 0.0)
LONGEST = 3  # product, batch normalization, activation


def fused_activation(layer: Any) -> tuple[str, float] | None:
    """(name, alpha) for a product that shall do what this layer does, else None."""
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
    """Whether it is a linear product with one kernel whose last axes are the channels of its output."""
    known = isinstance(layer, Dense) and type(layer).call is Dense.call
    known = known or (isinstance(layer, (Conv, DepthwiseConv)) and type(layer).call is Windowed.call)
    return (
        known
        and bool(layer.built)
        and layer.activity_regularizer is None
        and activations.fused(layer.activation) == LINEAR
        and bool(_core.keeps(layer.kernel.value))
    )


def normalizes(layer: Any, product: Any) -> bool:
    """Whether it is a batch normalization of the product's channels."""
    if type(layer) is not BatchNormalization or not layer.built or layer.activity_regularizer is not None:
        return False
    rank = layer.input_spec.ndim
    channels = rank - 1 if isinstance(product, Dense) else product._channel_axis % rank
    return layer.axis % rank == channels and layer.compute_dtype == product.compute_dtype


class Folded:
    """Layers that follow each other as one product."""

    def __init__(self, product: Any, batch_norm: Any, activation: tuple[str, float]) -> None:
        self.product, self.batch_norm, self.activation = product, batch_norm, activation

    def __call__(self, x: Any) -> Any:
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
    """What to call for the first of these layers, which follow each other, and how many of them that stands for."""
    if not is_product(layers[0]):
        return layers[0], 1
    product, count, batch_norm, activation = layers[0], 1, None, LINEAR
    if count < len(layers) and normalizes(layers[count], product):
        batch_norm, count = layers[count], count + 1
    if count < len(layers) and (fused := fused_activation(layers[count])) is not None:
        activation, count = fused, count + 1
    return (product, 1) if count == 1 else (Folded(product, batch_norm, activation), count)


def folds() -> bool:
    """Whether a plan is being recorded that does not train."""
    return bool(_core.recording()) and not call_context.current.training


def chain(layers: Sequence[Any]) -> Sequence[Any]:
    """What to call, one after the other, for layers of a chain."""
    if not folds():
        return layers
    found, done = [], 0
    while done < len(layers):
        operation, count = fold_first(layers[done : done + LONGEST])
        found.append(operation)
        done += count
    return found


def steps(function: Function) -> list[Any] | None:
    """The steps of a graph with chains of them folded, for `Function.run`; None: as they are."""
    if not folds():
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
        operation, count = fold_first([old[k][0] for k in run])
        gone.update(run[1:count])
        found.append((operation, fill, old[run[count - 1]][2]))
    return found
