"""Stopping a training step before a number that is not finite reaches the weights.

Every update goes through `Optimizer.apply`, so the loss and the gradients are checked there. In a recorded step, a
kernel writes its result to a flag, which is a guard of the plan: it ends the run before the update. An eager step reads
the flag at once and raises.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from netlet import _core

from .segment import Run, lies_in_segment

LOSS, GRADIENT = 1, 2  # what check_finite writes to the flag


class NotFinite(FloatingPointError):
    """Raised by an eager step, before the update of `optimizer`, if the loss or a gradient is not finite.

    Args:
        what: LOSS or GRADIENT.
        optimizer: the optimizer whose update was not made, or None.
        variable: path of the first variable that the gradient belongs to, or None.
    """

    def __init__(self, what: int, optimizer: Any = None, variable: str | None = None) -> None:
        super().__init__("The loss is not finite." if what == LOSS else f"The gradient of '{variable}' is not finite.")
        self.what, self.optimizer, self.variable = what, optimizer, variable


class FiniteCheck:
    """The checks of one training step.

    Attributes:
        flag: an int32 scalar cell: 0, LOSS or GRADIENT after each check.
        looks: number of checks.
        saw_loss: whether one of them checked a loss.
        updates: (optimizer, number of checks) of each update, in their order.
    """

    def __init__(self) -> None:
        self.flag = _core.tensor(0, dtype="int32")
        self.updates: list[tuple[Any, int]] = []
        self.looks = 0
        self.saw_loss = False
        self._losses: list[_core.Tensor] = []  # not checked yet
        self._optimizer: Any = None  # whose gradients are being checked

    def expect_loss(self, loss: Any) -> None:
        """Adds a loss, which the kernel that checks the next gradients, or else `finish`, will check."""
        tensor = getattr(loss, "_tensor", loss)
        if isinstance(tensor, _core.Tensor) and tensor.size == 1 and tensor.dtype in ("float32", "float64"):
            self.saw_loss = True
            if not any(tensor is other for other in self._losses):
                self._losses.append(tensor)

    def forget_losses(self) -> None:
        """Leaves out the losses that were not checked yet."""
        self._losses.clear()

    def before_update(self, optimizer: Any, runs: Sequence[Run]) -> None:
        """Checks the gradients that an optimizer is about to apply, and losses that were not checked yet."""
        self._optimizer, looks = optimizer, self.looks
        for run in runs:
            fits = bool(self._losses) and self._losses[0].dtype == run.gradient.dtype
            self._look(run.gradient, self._losses.pop(0) if fits else None, _written_rows(optimizer, run), run.path)
        self.finish()
        self._optimizer = None
        self.updates.append((optimizer, self.looks - looks))

    def finish(self) -> None:
        """Checks the losses that were not checked together with gradients."""
        while self._losses:
            loss = self._losses.pop(0)
            self._look(loss, loss)

    def _look(self, values: _core.Tensor, loss: Any, rows: Any = None, path: str | None = None) -> None:
        self.looks += 1
        _core.check_finite(values, self.flag, loss, rows)
        if not _core.recording() and (found := int(self.flag.numpy().item())):
            raise NotFinite(found, self._optimizer, path)


_current: ContextVar[FiniteCheck | None] = ContextVar("netlet_finite_check", default=None)


@contextlib.contextmanager
def checking(check: FiniteCheck | None) -> Iterator[None]:
    """Context manager: `check` checks the training step that is recorded or run inside. None disables the checks."""
    token = _current.set(check)
    try:
        yield
        if check is not None:
            check.finish()
    finally:
        _current.reset(token)


def expect_finite_loss(loss: Any, now: bool = False) -> None:
    """Adds the loss of the current step to its checks; does nothing in a step that is not checked.

    Args:
        loss: a scalar.
        now: whether to check it at once, for an overridden step, which may change weights without an optimizer.
    """
    check = _current.get()
    if check is None:
        return
    check.expect_loss(loss)
    if now:
        check.finish()


def check_gradients(optimizer: Any, runs: Sequence[Run]) -> None:
    """Checks gradients that are about to be applied; does nothing in a step that is not checked."""
    check = _current.get()
    if check is not None:
        check.before_update(optimizer, runs)


def take_losses() -> list[_core.Tensor]:
    """Removes and returns the losses of the current step that were not checked yet."""
    check = _current.get()
    if check is None:
        return []
    losses, check._losses = check._losses, []
    return losses


def leave_to_optimizer() -> None:
    """Leaves the loss unchecked, because the optimizer handles numbers that are not finite itself."""
    check = _current.get()
    if check is not None:
        check.forget_losses()


def _written_rows(optimizer: Any, run: Run) -> Any:
    """The map of the rows of a table's gradient that a step has written; None if the optimizer does not use it."""
    at = run.places[0]
    if not at.rows or not _core.recording() or not optimizer._keeps_rows() or not lies_in_segment(at, run.gradient):
        return None
    return at.segment.written(at.begin, at.rows)
