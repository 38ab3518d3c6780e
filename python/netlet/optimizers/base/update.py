"""The call of a kernel that updates a run of variables, and the update of one variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlet import _core

from .coded_slots import update_coded
from .segment import Run, as_gradient


def update(
    optimizer: Any,
    kernel: Callable[..., None],
    run: Run,
    weight_decay: float,
    slots: Sequence[str | None],
    *own: Any,
    moving: Sequence[str] | None = None,
    coded: Callable[..., None] | None = None,
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
        coded: the kernel for slots in 8 bits, one of `_core.*_8bit_update`; None if the optimizer has none.
    """
    if optimizer.state_dtype and coded and any(slots):
        update_coded(optimizer, coded, run, weight_decay, [slot for slot in slots if slot is not None], *own)
        return
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


def update_one(optimizer: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
    """Updates one variable by the optimizer's kernel, without weight decay.

    Args:
        optimizer: the optimizer, built with the variable.
        gradient: array or Tensor of the variable's shape.
        variable: the variable.
        learning_rate: number, Tensor or Variable.
    """
    rate = getattr(learning_rate, "_tensor", learning_rate)
    rate = _core.cast(rate, "float64") if isinstance(rate, _core.Tensor) else _core.tensor(np.asarray(rate, "float64"))
    at = optimizer._places[id(variable)]
    optimizer._update_run(Run([at], as_gradient(gradient, variable), optimizer._group(variable), rate), 0.0)
