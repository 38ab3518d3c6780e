"""Checks and conversions that the branches and loops share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core
from netlet.base import tree
from netlet.engine import graph
from netlet.engine.needs_values import values_if_known
from netlet.engine.tensor import Tensor

from ..dispatch import concrete, nearest_dtype


def as_tensors(structure: Any) -> Any:
    """The structure with Tensors instead of arrays, Variables and numbers; None stays None.

    >>> as_tensors((1, None))[0].dtype
    'int32'
    """
    return tree.map_structure(_as_tensor, structure)


def _as_tensor(leaf: Any) -> Any:
    if leaf is None or isinstance(leaf, Tensor):
        return leaf
    if type(leaf) is int:
        return _core.tensor(leaf, "int32" if -(2**31) <= leaf < 2**31 else "int64")
    return _core.cast(concrete(leaf), nearest_dtype(leaf))


def check_callable(name: str, argument: str, function: Any) -> None:
    """Raises TypeError if an argument is not a function."""
    if not callable(function):
        raise TypeError(f"ops.{name}: expected a function as `{argument}`, received {type(function).__name__}.")


def result_of(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """What a user's function returns, with Tensors as leaves.

    Args:
        name: name of the op, for the message.
        function: the function.
        *args: its arguments.

    Returns:
        Structure of Tensors and None.

    Raises:
        ValueError: the result is symbolic although the arguments are not, since the function uses a KerasTensor that
            is not among them.
    """
    result = function(*args)
    if graph.is_symbolic(result) and not graph.is_symbolic(args):
        raise ValueError(
            f"ops.{name}: expected a function that uses symbolic tensors only through its arguments, received one that "
            "uses another KerasTensor. Pass it as an argument."
        )
    return as_tensors(result)


def check_same(name: str, what: str, expected: Any, received: Any, dtypes: bool = False) -> None:
    """Raises ValueError if two structures of Tensors differ in structure or shapes.

    Args:
        name: name of the op, for the message.
        what: description of `received`.
        expected, received: structures of Tensors.
        dtypes: whether they must have the same dtypes too.
    """

    def described(leaf: Any) -> Any:
        return None if leaf is None else f"{leaf.dtype}{tuple(leaf.shape)}" if dtypes else tuple(leaf.shape)

    leaves = tree.flatten(expected), tree.flatten(received)
    same = tree.paths(expected) == tree.paths(received)
    if not same or [described(a) for a in leaves[0]] != [described(b) for b in leaves[1]]:
        shown = [tree.map_structure(described, s) for s in (expected, received)]
        raise ValueError(f"ops.{name}: expected {what} like {shown[0]}, received {shown[1]}.")


def integer_if_known(name: str, argument: str, x: Any) -> int | None:
    """A scalar integer; None if the step that is recorded computes it.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is not a scalar.
    """
    values = values_if_known(x)
    dtype, size = (x.dtype, x.size) if values is None else (str(values.dtype), values.size)
    if not dtype.startswith(("int", "uint", "bool")):
        raise TypeError(f"ops.{name}: expected an integer as `{argument}`, received {dtype}.")
    if size != 1:
        raise ValueError(f"ops.{name}: expected one integer as `{argument}`, received {size} values.")
    return None if values is None else int(values.item())


def bool_if_known(name: str, argument: str, x: Any) -> bool | None:
    """A scalar as bool; None if the step that is recorded computes it.

    Raises:
        ValueError: it is not a scalar.
    """
    values = values_if_known(x)
    size = x.size if values is None else values.size
    if size != 1:
        raise ValueError(f"ops.{name}: expected one bool from `{argument}`, received {size} values.")
    return None if values is None else bool(values.reshape(()))


def open_if(condition: Any) -> Any:
    """A recorded condition as one bool, for `only_if`."""
    return _core.cast(_core.reshape(condition, ()), "bool")


def only_if(condition: Any, function: Callable[[], Any]) -> Any:
    """Records a part of a step that a run makes only if the condition holds; else its results are arbitrary numbers.

    Args:
        condition: one recorded bool.
        function: returns a structure of Tensors.

    Returns:
        What the function returns.
    """
    result: Any = None

    def emit() -> list[Any]:
        nonlocal result
        result = function()
        return tree.flatten(result)

    _core.gated(condition, emit)
    return result


def one_of(name: str, what: str, conditions: Sequence[Any], functions: Sequence[Callable[[], Any]]) -> Any:
    """Records several functions, of which a run makes the one whose condition holds.

    Args:
        name: name of the op, for messages.
        what: description of the results of all functions but the first.
        conditions: recorded bools, one for each function, of which exactly one holds.
        functions: return structures of Tensors.

    Returns:
        What the chosen function returns.

    Raises:
        ValueError: the results differ in structure, shapes or dtypes.
    """
    results: list[Any] = []

    def emitting(function: Callable[[], Any]) -> Callable[[], list[Any]]:
        def emit() -> list[Any]:
            results.append(function())
            check_same(name, what, results[0], results[-1], dtypes=True)
            return tree.flatten(results[-1])

        return emit

    leaves = iter(_core.branched(list(conditions), [emitting(function) for function in functions]))
    return tree.map_structure(lambda _: next(leaves), results[0])


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """`chosen` where a recorded condition holds, else `other`: structures of Tensors of equal shapes."""
    others = iter(tree.flatten(other))

    def one(leaf: Any) -> Any:
        second = next(others)
        return None if leaf is None else _core.where(condition, leaf, second)

    return tree.map_structure(one, chosen)
