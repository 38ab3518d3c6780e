"""Functions that bring their own gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine import graph
from netlet.engine.tensor import Tensor

from .dispatch import concrete

__all__ = ["custom_gradient"]


def custom_gradient(f: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Decorator of a function that returns its result together with a function that computes its gradient.

    The gradient function replaces the gradients of the ops inside `f`. It runs when a `GradientTape` or a training step
    asks for gradients; in a step that `fit` records, its ops become part of the step. For second derivatives `f` runs
    again and the gradient function is differentiated, with the tensors of `f` that it uses.

    Gradients flow to positional arguments only. To Variables and tensors that `f` uses without receiving them, no
    gradient flows, as in Keras with JAX.

    Args:
        f: called as `f(*args, **kwargs)`, with (nested) arrays or Tensors. It returns (output, gradient function).
            The output is a Tensor or a structure of Tensors. The gradient function receives one argument, the gradients
            of the output in the output's structure, and returns the gradient of each argument: a Tensor of the
            argument's shape or None; a tuple of them if there are several arguments.

    Returns:
        A function that returns only the output.

    Raises:
        TypeError: when it is called, `f` does not return a pair of an output and a function.
        ValueError: when gradients are computed, they do not fit the arguments.

    Example:

    >>> import netlet
    >>> @custom_gradient
    ... def log1pexp(x):
    ...     e = netlet.ops.exp(x)
    ...     def grad(upstream):
    ...         return netlet.ops.multiply(upstream, 1.0 - 1.0 / netlet.ops.add(1, e))
    ...     return netlet.ops.log(1 + e), grad
    >>> x = netlet.Variable([0.0])
    >>> with netlet.GradientTape() as tape:
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x).tolist()
    [0.5]
    """
    name = getattr(f, "__name__", "custom_gradient")

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if graph.is_symbolic(args) or graph.is_symbolic(kwargs):
            return graph.symbolic_op(wrapper, args, kwargs)
        args, kwargs = tree.map_structure(_without_variable, (args, kwargs))
        return _call(name, f, args, kwargs)

    return wrapper


def _without_variable(leaf: Any) -> Any:
    return concrete(leaf) if hasattr(leaf, "_tensor") else leaf


def _call(name: str, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls f and gives its output the gradient that it returned."""
    output, grad = _pair(name, _core.without_gradient(lambda: f(*args, **kwargs)))
    leaves = tree.flatten(output)
    outputs = [_core.as_tensor(concrete(leaf)) for leaf in leaves if leaf is not None]
    arguments = tree.flatten(args)
    places = [i for i, leaf in enumerate(arguments) if isinstance(leaf, Tensor)]
    specs = [(tuple(y.shape), y.dtype) for y in outputs]

    def gradients(grad: Callable[..., Any], upstream: tuple[Any, ...]) -> list[Any]:
        given = iter([_or_zeros(dy, *spec) for dy, spec in zip(upstream, specs, strict=True)])
        returned = grad(tree.pack_like(output, [None if leaf is None else next(given) for leaf in leaves]))
        found = _for_each(name, returned, args, len(arguments))
        return [found[i] for i in places]

    def backward(*upstream: Any) -> list[Any]:
        return gradients(grad, upstream)

    def again(*upstream: Any) -> list[Any]:
        return gradients(_pair(name, f(*args, **kwargs))[1], upstream)

    made = iter(_core.custom_backward([arguments[i] for i in places], outputs, backward, again, name))
    return tree.pack_like(output, [None if leaf is None else next(made) for leaf in leaves])


def _pair(name: str, result: Any) -> tuple[Any, Callable[..., Any]]:
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not callable(result[1]):
        raise TypeError(
            f"custom_gradient: expected '{name}' to return (output, gradient function), received "
            f"{type(result).__name__}."
        )
    return result[0], result[1]


def _or_zeros(gradient: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """The gradient of an output; zeros if none flows. None for integers, which have none."""
    if gradient is not None or not dtype.startswith(("float", "bfloat")):
        return gradient
    return _core.full(shape, "float64" if dtype == "float64" else "float32", 0.0)


def _for_each(name: str, returned: Any, args: tuple[Any, ...], count: int) -> list[Any]:
    """What a gradient function returned, as one gradient for each leaf of the arguments."""
    if len(args) == 1 and not (isinstance(returned, tuple) and len(returned) == 1):
        returned = (returned,)
    flat = tree.flatten(returned)
    if len(flat) != count and isinstance(returned, (tuple, list)) and len(returned) == len(args):
        flat = []
        for gradient, arg in zip(returned, args, strict=True):  # None stands for a whole structure
            flat.extend([None] * len(tree.flatten(arg)) if gradient is None else tree.flatten(gradient))
    if len(flat) != count:
        raise ValueError(
            f"custom_gradient: expected the gradient function of '{name}' to return {count} gradients, one for each "
            f"argument, received {len(flat)}."
        )
    return [_without_variable(gradient) for gradient in flat]
