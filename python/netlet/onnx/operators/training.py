"""Steps of optimizers as operators (ai.onnx.preview.training)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import ops

from ..node import Node
from .registry import operator
from .values import constant

DOMAIN = "ai.onnx.preview.training"


def _for_each(node: Node, values: tuple[Any, ...], kinds: int, step: Callable[..., tuple[Any, ...]]) -> Any:
    """The results of a step for each of the parameters, ordered by kind as the inputs are."""
    count = len(values) // kinds
    columns = [step(*values[i::count]) for i in range(count)]
    return tuple(column[kind] for kind in range(kinds - 1) for column in columns)


def _regularized(node: Node, x: Any, gradient: Any) -> Any:
    return ops.add(gradient, ops.multiply(x, node.attribute("norm_coefficient", 0.0)))


@operator("Adagrad", domain=DOMAIN)
def adagrad(node: Node, rate: Any, count: Any, *values: Any) -> Any:
    """x - r g / (sqrt(h + g²) + ε), with a rate r that decays."""
    decayed = ops.divide(
        rate, ops.add(1.0, ops.multiply(ops.cast(count, "float32"), node.attribute("decay_factor", 0.0)))
    )

    def step(x: Any, gradient: Any, squares: Any) -> tuple[Any, ...]:
        gradient = _regularized(node, x, gradient)
        squares = ops.add(squares, ops.square(gradient))
        divisor = ops.add(ops.sqrt(squares), node.attribute("epsilon", 1e-6))
        return ops.subtract(x, ops.multiply(decayed, ops.divide(gradient, divisor))), squares

    return _for_each(node, values, 3, step)


@operator("Adam", domain=DOMAIN)
def adam(node: Node, rate: Any, count: Any, *values: Any) -> Any:
    """x - r m / (sqrt(v) + ε), with running means m of g and v of g²."""
    alpha, beta = node.attribute("alpha", 0.9), node.attribute("beta", 0.999)
    steps = int(constant(node, count, "T").item())
    scale = ((1 - beta**steps) ** 0.5 / (1 - alpha**steps)) if steps else 1.0
    after = 1 - node.attribute("norm_coefficient_post", 0.0)

    def step(x: Any, gradient: Any, mean: Any, squares: Any) -> tuple[Any, ...]:
        gradient = _regularized(node, x, gradient)
        mean = ops.add(ops.multiply(mean, alpha), ops.multiply(gradient, 1 - alpha))
        squares = ops.add(ops.multiply(squares, beta), ops.multiply(ops.square(gradient), 1 - beta))
        divisor = ops.add(ops.sqrt(squares), node.attribute("epsilon", 1e-6))
        moved = ops.subtract(x, ops.multiply(ops.multiply(rate, scale), ops.divide(mean, divisor)))
        return ops.multiply(moved, after), mean, squares

    return _for_each(node, values, 4, step)


@operator("Momentum", domain=DOMAIN)
def momentum(node: Node, rate: Any, count: Any, *values: Any) -> Any:
    """x - r v, with a velocity v; Nesterov's form looks one step ahead."""
    alpha = node.attribute("alpha")
    beta = node.attribute("beta") if int(constant(node, count, "T").item()) > 0 else 1.0

    def step(x: Any, gradient: Any, velocity: Any) -> tuple[Any, ...]:
        gradient = _regularized(node, x, gradient)
        velocity = ops.add(ops.multiply(velocity, alpha), ops.multiply(gradient, beta))
        ahead = node.attribute("mode") == "nesterov"
        direction = ops.add(gradient, ops.multiply(velocity, alpha)) if ahead else velocity
        return ops.subtract(x, ops.multiply(rate, direction)), velocity

    return _for_each(node, values, 3, step)
