"""Functions of single elements applied to whole arrays."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from netlet.engine import graph

from ..core.dispatch import concrete, shape_of
from .getitem import getitem
from .joining import stack
from .manipulation import broadcast_to, reshape

__all__ = ["vectorize"]

_PART = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)"
_SIGNATURE = re.compile(rf"\s*{_PART}(?:\s*,\s*{_PART})*\s*->\s*{_PART}(?:\s*,\s*{_PART})*\s*")


def _core_ranks(signature: str) -> tuple[list[list[str]], int]:
    """The names of the core axes of each argument, and the number of results."""
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise ValueError(f"ops.vectorize: expected a signature such as '(n),(n)->()', received {signature!r}.")
    left, right = signature.split("->")
    return [re.findall(r"\w+", part) for part in re.findall(_PART, left)], len(re.findall(_PART, right))


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """A function that calls `pyfunc` for each element of its arguments, which broadcast, and stacks the results.

    `pyfunc` is called once for each element, and inside a recorded step each call is recorded: use it for what cannot
    be written with ops of whole arrays. Gradients flow.

    Args:
        pyfunc: function of 0-d Tensors; with a signature, of Tensors that have the core axes.
        excluded: set of positions and names of arguments that are passed unchanged; None (the default): none.
        signature: core axes of the arguments and results, e.g. "(n),(n)->()" for a function of two vectors; None (the
            default): there are none.

    Returns:
        A function with pyfunc's arguments. Its results are Tensors, with the axes of the loop in front.

    Raises:
        ValueError: a signature that cannot be read. The function raises it for arguments that do not fit the
            signature or do not broadcast.
        TypeError: pyfunc is not callable.

    >>> vectorize(lambda a, b: a - b if a > b else a + b)(np.array([1.0, 5.0]), 2.0).tolist()
    [3.0, 3.0]
    >>> vectorize(lambda row: row[0] * row[1], signature="(n)->()")([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [2.0, 12.0]
    """
    if not callable(pyfunc):
        raise TypeError(f"ops.vectorize: expected a function, received {pyfunc!r}.")
    kept = set() if excluded is None else set(excluded)
    cores = None if signature is None else _core_ranks(signature)[0]

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        if graph.is_symbolic(args) or graph.is_symbolic(kwargs):
            return graph.symbolic_op(vectorized, args, kwargs)
        looped = {i: concrete(a) for i, a in enumerate(args) if i not in kept}
        named = {k: concrete(v) for k, v in kwargs.items() if k not in kept}
        if named and cores is not None:
            raise ValueError(f"ops.vectorize: with a signature, arguments are passed by position, not {sorted(named)}.")
        if cores is not None and len(cores) != len(looped):
            raise ValueError(
                f"ops.vectorize: expected {len(cores)} arguments by {signature!r}, received {len(looped)}."
            )
        return _loop(pyfunc, args, kwargs, looped | named, cores)

    return vectorized


def _loop(
    pyfunc: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    looped: Any,
    cores: list[list[str]] | None,
) -> Any:
    """Calls pyfunc for each index of the broadcast loop axes."""
    sizes: dict[str, int] = {}
    outer, inner = {}, {}
    for (key, x), names in zip(looped.items(), cores or [[]] * len(looped)):
        shape = shape_of(x)
        at = len(shape) - len(names)
        outer[key], inner[key] = shape[: max(at, 0)], shape[max(at, 0) :]
        if at < 0 or any(sizes.setdefault(n, d) != d for n, d in zip(names, inner[key])):
            raise ValueError(f"ops.vectorize: an argument of shape {shape} does not fit the core axes {tuple(names)}.")
    try:
        loop = np.broadcast_shapes(*outer.values())
    except ValueError:
        raise ValueError(f"ops.vectorize: expected shapes that broadcast, received {list(outer.values())}.") from None
    if 0 in loop:
        raise ValueError(f"ops.vectorize: expected at least one element to call the function with, received {loop}.")
    full = {key: broadcast_to(x, loop + inner[key]) for key, x in looped.items()}
    results = []
    for index in np.ndindex(*loop):
        parts = {key: getitem(x, index) for key, x in full.items()}
        now = [parts.get(i, a) for i, a in enumerate(args)]
        results.append(pyfunc(*now, **{k: parts.get(k, v) for k, v in kwargs.items()}))

    def joined(values: list[Any]) -> Any:
        together = stack([concrete(v) for v in values], 0)
        return reshape(together, loop + tuple(together.shape[1:]))

    if isinstance(results[0], tuple):
        return tuple(joined(list(column)) for column in zip(*results, strict=True))
    return joined(results)
