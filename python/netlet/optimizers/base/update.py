"""The call of a kernel that updates a run of variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .segment import Run


def update(
    optimizer: Any,
    kernel: Callable[..., None],
    run: Run,
    weight_decay: float,
    slots: Sequence[str | None],
    *own: Any,
    moving: Sequence[str] | None = None,
) -> None:
    """Calls a kernel that updates a run in place.

    Args:
        optimizer: the optimizer, which has the slots.
        kernel: one of `_core.*_update`.
        run: the run, with its learning rate.
        weight_decay: its weight decay.
        slots: the names of the slots, in the kernel's order; None for one that is not used.
        own: the kernel's own arguments.
        moving: the slots that change a row of a table without a gradient unless they are 0; None for all.
    """
    names = [slot for slot in slots if slot is not None] if moving is None else moving
    written, used = optimizer._rows(run, weight_decay, *names)
    kernel(
        run.of(run.places[0].segment.params),
        run.gradient,
        *(None if slot is None else optimizer._slot(run, slot) for slot in slots),
        run.rate,
        optimizer._iterations._tensor,
        *own,
        weight_decay=weight_decay,
        every=optimizer.gradient_accumulation_steps or 1,
        written=written,
        used=used,
    )
