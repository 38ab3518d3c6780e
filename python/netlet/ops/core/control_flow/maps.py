"""A function called for each slice of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet.engine import graph

from ..dispatch import op
from .arguments import as_tensors, check_callable, result_of
from .stacking import empty_results, one_slice, size_of, slices, stacked

__all__ = ["map", "vectorized_map"]


def _mapped(name: str, function: Callable[[Any], Any], xs: Any) -> Any:
    xs = as_tensors(xs)
    count = size_of(name, xs)
    if count == 0:
        return empty_results(function, one_slice(xs))
    return stacked(name, [result_of(name, function, x) for x in slices(xs, count)])


@op
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Calls f for each slice of `xs` along the first axis, and stacks the results.

    A recorded step holds each call.

    Args:
        f: function of a slice, in the structure of `xs`; returns a structure of tensors.
        xs: structure of tensors with the same size of the first axis.

    Returns:
        Structure of Tensors with that size of the first axis.

    Raises:
        TypeError: f is not callable.
        ValueError: sizes that differ, or results of different shapes.

    >>> import numpy as np
    >>> map(lambda x: x * x, np.arange(4)).tolist()
    [0, 1, 4, 9]
    """
    check_callable("map", "f", f)
    if graph.is_symbolic(xs):
        return graph.symbolic_op(map, (f, xs), {})
    return _mapped("map", f, xs)


@op
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Calls a function for each slice of `elements` along the first axis, and stacks the results.

    netlet does not transform the function: it is called once for each slice, as by `map`. A function whose ops work on
    batches, such as `ops.matmul`, elementwise ops and sums along given axes, is faster if it is called once on all of
    `elements`.

    Args:
        function: function of a slice, in the structure of `elements`; returns a structure of tensors.
        elements: structure of tensors with the same size of the first axis.

    Returns:
        Structure of Tensors with that size of the first axis.

    Raises:
        TypeError: `function` is not callable.
        ValueError: sizes that differ, or results of different shapes.

    >>> import numpy as np
    >>> a, b = np.arange(3), np.arange(3) * 10
    >>> vectorized_map(lambda pair: pair[0] + pair[1], [a, b]).tolist()
    [0, 11, 22]
    """
    check_callable("vectorized_map", "function", function)
    if graph.is_symbolic(elements):
        return graph.symbolic_op(vectorized_map, (function, elements), {})
    return _mapped("vectorized_map", function, elements)
