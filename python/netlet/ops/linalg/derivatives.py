"""Derivatives of functions in a direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine.gradient_tape import GradientTape

from ..core.dispatch import concrete, op

__all__ = ["jvp"]


@op
def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The value of a function and its derivative in a direction (Jacobian-vector product).

    It is computed by differentiating the gradient, which is linear in the output's weights. So it costs about as much
    as two gradients, and each op of `fun` needs a second derivative (see `GradientTape`).

    Args:
        fun: a function of arrays or structures of arrays, made of ops.
        primals: tuple or list of fun's arguments, of floats.
        tangents: the direction, in the structure and shapes of `primals`.
        has_aux: whether `fun` returns (output, anything else); False by default.

    Returns:
        (output, its derivative); with has_aux (output, derivative, what else `fun` returned).

    Raises:
        TypeError: primals or tangents is no tuple or list.
        ValueError: their structures or shapes differ, or an op of `fun` has no second derivative.

    >>> import numpy as np, netlet
    >>> y, dy = jvp(netlet.ops.square, (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    >>> y.tolist(), dy.tolist()
    ([1.0, 4.0], [2.0, 40.0])
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(
            "ops.jvp: expected primals and tangents as tuples or lists of arguments, received "
            f"{type(primals).__name__} and {type(tangents).__name__}."
        )
    points = [_core.identity(concrete(x)) for x in tree.flatten(primals)]
    directions = [concrete(t) for t in tree.flatten(tangents)]
    shapes = [tuple(x.shape) for x in points], [tuple(t.shape) for t in directions]
    if len(primals) != len(tangents) or shapes[0] != shapes[1]:
        raise ValueError(f"ops.jvp: expected tangents of the primals' shapes {shapes[0]}, received {shapes[1]}.")
    for x in points:
        x.requires_grad = True
    with GradientTape() as outer:
        with GradientTape() as inner:
            returned = fun(*tree.pack_like(list(primals), points))
            output, aux = returned if has_aux else (returned, None)
        leaves = [_core.as_tensor(concrete(y)) for y in tree.flatten(output)]
        weights = [_core.full(tuple(y.shape), _gradient_dtype(y), 0.0) for y in leaves]
        for u in weights:
            u.requires_grad = True
        slopes = inner.gradient(leaves, points, weights)
    used = [(g, t) for g, t in zip(slopes, directions, strict=True) if g is not None]
    found = [None] * len(leaves)
    if used:
        found = outer.gradient([g for g, _ in used], weights, [t for _, t in used])
    derivative = [
        _core.full(tuple(y.shape), _gradient_dtype(y), 0.0) if d is None else d
        for y, d in zip(leaves, found, strict=True)
    ]
    result = tree.pack_like(output, leaves), tree.pack_like(output, derivative)
    return (*result, aux) if has_aux else result


def _gradient_dtype(y: Any) -> str:
    return "float64" if y.dtype == "float64" else "float32"
