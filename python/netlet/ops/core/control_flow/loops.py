"""Loops with state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.engine import graph
from netlet.engine.needs_values import NeedsValues

from ..dispatch import op
from .arguments import (
    as_tensors,
    bool_if_known,
    check_callable,
    check_same,
    integer_if_known,
    only_if,
    open_if,
    result_of,
    select,
)

__all__ = ["fori_loop", "while_loop"]

# Most iterations that a recorded step holds for a loop whose condition it computes: the record of each takes memory,
# also if a run skips it.
_MOST_RECORDED = 64


@op
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Calls `body` on the loop's variables as long as `cond` is true.

    In a recorded step, a loop whose condition depends on constants alone is recorded iteration by iteration. If the
    step computes the condition, up to 64 `maximum_iterations` are recorded, and a run skips those after the condition
    has become false. Without such a limit the loop cannot be recorded: the model then runs eagerly, with a warning.

    Args:
        cond: function of the variables that returns a bool scalar.
        body: function of the variables that returns their new values, in the same structure and shapes.
        loop_vars: structure of tensors; the items of a list or tuple are separate arguments of the functions.
        maximum_iterations: most calls of `body`; None (the default): no limit.

    Returns:
        The variables after the loop: a tuple if `loop_vars` is a list or tuple.

    Raises:
        TypeError: a function is not callable.
        ValueError: `cond` returns more than one value, or `body` another structure or other shapes.

    >>> while_loop(lambda i: i < 10, lambda i: i + 3, 0).item()
    12
    """
    check_callable("while_loop", "cond", cond)
    check_callable("while_loop", "body", body)
    if graph.is_symbolic(loop_vars):
        return graph.symbolic_op(while_loop, (cond, body, loop_vars), {"maximum_iterations": maximum_iterations})
    several = isinstance(loop_vars, (list, tuple))
    limit = (
        None if maximum_iterations is None else integer_if_known("while_loop", "maximum_iterations", maximum_iterations)
    )
    state: tuple[Any, ...] = as_tensors(tuple(loop_vars) if several else (loop_vars,))

    def next_state(state: tuple[Any, ...]) -> tuple[Any, ...]:
        new = result_of("while_loop", body, *state)
        new = tuple(new) if several and isinstance(new, (list, tuple)) else (new,)
        check_same("while_loop", "a result of body", state, new)
        return new

    count = 0
    going: Any = None  # the recorded condition of the last iteration
    while limit is None or count < limit:
        condition = cond(*state)
        known = bool_if_known("while_loop", "cond", condition)
        if known is False:
            break
        if known is None or going is not None:
            if graph.in_trial():  # shapes and weights are wanted, not values
                state = next_state(state)
                break
            if limit is None or limit > _MOST_RECORDED:
                raise NeedsValues("ops.while_loop", "the number of iterations depends on values")
            now = open_if(condition)
            going = now if going is None else _core.logical_and(going, now)
            new = only_if(going, lambda state=state: next_state(state))  # type: ignore[misc]
            state = select(going, new, state)
        else:
            state = next_state(state)
        count += 1
    return state if several else state[0]


@op
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Calls `body_fun(i, state)` for i from `lower` to `upper` - 1, with the state that the call before returned.

    A recorded step holds each iteration. If the step computes a bound, the model runs eagerly, with a warning.

    Args:
        lower: first value of i, an integer scalar.
        upper: end of the values of i, an integer scalar.
        body_fun: function of i, an integer scalar Tensor, and of the state; returns the new state, in the same
            structure and shapes.
        init_val: structure of tensors, the first state.

    Returns:
        The state after the loop.

    Raises:
        TypeError: `body_fun` is not callable, or a bound is not an integer.
        ValueError: `body_fun` returns another structure or other shapes.

    >>> fori_loop(0, 10, lambda i, s: s + i, 0).item()
    45
    """
    check_callable("fori_loop", "body_fun", body_fun)
    if graph.is_symbolic((lower, upper, init_val)):
        return graph.symbolic_op(fori_loop, (lower, upper, body_fun, init_val), {})
    first, end = (integer_if_known("fori_loop", n, v) for n, v in (("lower", lower), ("upper", upper)))
    state = as_tensors(init_val)
    if first is None or end is None:
        if not graph.in_trial():
            raise NeedsValues("ops.fori_loop", "the number of iterations depends on values")
        first, end = 0, 1
    for i in range(first, end):
        new = result_of("fori_loop", body_fun, as_tensors(i), state)
        check_same("fori_loop", "a result of body_fun", state, new)
        state = new
    return state
