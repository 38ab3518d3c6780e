"""Branches: one of several functions is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine import graph
from netlet.engine.deferred import deferred

from ..dispatch import concrete, op
from .arguments import bool_if_known, check_callable, integer_if_known, one_of, open_if, result_of

__all__ = ["cond", "switch"]


@op
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Calls `true_fn` if `pred` is true, else `false_fn`.

    In a recorded step with a predicate that the step computes, both functions are recorded, and each run of the step
    computes only the one that is chosen. Gradients flow through that one alone. The functions hand out tensors only by
    what they return. A Variable that only the other function reads has a gradient of zero; in an eager step, none.

    Args:
        pred: bool, number or 0-d Tensor; a number other than 0 is true.
        true_fn: function without arguments that returns a structure of tensors.
        false_fn: the same; its result has the same structure, shapes and dtypes.

    Returns:
        Structure of Tensors.

    Raises:
        TypeError: a function is not callable.
        ValueError: `pred` is not a scalar, or the results differ in structure, shapes or dtypes.

    >>> import netlet
    >>> x = netlet.ops.convert_to_tensor(3.0)
    >>> cond(x > 2.0, lambda: x * 10.0, lambda: x).item()
    30.0
    """
    check_callable("cond", "true_fn", true_fn)
    check_callable("cond", "false_fn", false_fn)
    if graph.is_symbolic(pred):
        return _symbolic(pred, true_fn(), false_fn())
    known = bool_if_known("cond", "pred", pred)
    if known is not None:
        return result_of("cond", true_fn if known else false_fn)
    condition = open_if(pred)
    branches = [lambda: result_of("cond", true_fn), lambda: result_of("cond", false_fn)]
    return one_of("cond", "a result of false_fn", [condition, _core.logical_not(condition)], branches)


def _symbolic(pred: Any, chosen: Any, other: Any) -> Any:
    """Adds both branches to the graph, and the choice of one of their results."""
    if tree.paths(chosen) != tree.paths(other):
        raise ValueError(f"ops.cond: expected results of one structure, received {chosen!r} and {other!r}.")
    others = iter(tree.flatten(other))
    return tree.map_structure(lambda leaf: _one_symbolic(pred, leaf, next(others)), chosen)


def _one_symbolic(pred: Any, chosen: Any, other: Any) -> Any:
    if chosen is None and other is None:
        return None
    parts = [x if graph.is_symbolic(x) else concrete(x) for x in (chosen, other)]
    shapes = [tuple(p.shape) for p in parts]
    if shapes[0] != shapes[1] or str(parts[0].dtype) != str(parts[1].dtype):
        raise ValueError(
            f"ops.cond: expected a result of false_fn like {parts[0].dtype}{shapes[0]}, received "
            f"{parts[1].dtype}{shapes[1]}."
        )
    ops = deferred("ops")
    return ops.where(ops.reshape(pred, ()), chosen, other)


@op
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Calls one of several functions.

    In a recorded step with an index that the step computes, all functions are recorded, and each run of the step
    computes only the one that is chosen. Gradients flow through that one alone.

    Args:
        index: integer scalar; an index outside of the range counts as the nearest inside.
        branches: functions of the operands, whose results have the same structure, shapes and dtypes.
        *operands: structures of tensors.

    Returns:
        Structure of Tensors.

    Raises:
        TypeError: `index` is not an integer, or a branch is not callable.
        ValueError: no branches, or the results differ in structure, shapes or dtypes.

    >>> switch(1, [lambda x, y: x + y, lambda x, y: x - y], 5, 3).item()
    2
    """
    branches = list(branches)
    if not branches:
        raise ValueError("ops.switch: expected at least one branch, received none.")
    for branch in branches:
        check_callable("switch", "branches", branch)
    if graph.is_symbolic((index, operands)):
        return graph.symbolic_op(switch, (index, branches, *operands), {})
    known = integer_if_known("switch", "index", index)
    if known is not None:
        branch = branches[min(max(known, 0), len(branches) - 1)]
        return result_of("switch", branch, *operands)
    at = _core.cast(_core.reshape(index, ()), "int64")
    last = len(branches) - 1
    opens = [_core.less_equal(at, 0) if i == 0 else _core.equal(at, i) for i in range(last)]
    opens.append(_core.greater_equal(at, last) if last else _core.equal(at, at))
    calls = [lambda branch=branch: result_of("switch", branch, *operands) for branch in branches]
    return one_of("switch", "results of all branches", opens, calls)
