"""Work that only some calls of an optimizer do. A recorded step reads the condition from a flag, without Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core, ops


def unless(condition: _core.Tensor, run: Callable[[], Any]) -> None:
    """Calls `run` unless the condition holds. Every run of a recorded step looks at the condition anew.

    Args:
        condition: scalar bool Tensor.
        run: function without arguments whose ops write Variables; other results of it must not be used outside.
    """
    if not _core.recording():
        if not bool(condition.numpy()):
            run()
        return
    flag = _core.tensor(0, dtype="int32")
    _core.assign(_core.cast(_core.reshape(condition, ()), "int32"), flag)
    _core.begin_skip(flag)
    try:
        run()
    finally:
        _core.end_skip()


def updates_now(iterations: _core.Tensor, every: int) -> _core.Tensor:
    """Whether this call of an optimizer, which updates in the last of `every` calls, is such a call.

    Args:
        iterations: number of calls before this one, an int64 scalar cell.
        every: number of calls for each update.

    Returns:
        Scalar bool Tensor.
    """
    return ops.equal(ops.mod(ops.add(iterations, 1), every), 0)
