"""Errors that name the batch, the row and the layer: labels out of range, a loss that is not finite, a bad index."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.tree import flatten

from . import nonfinite
from .compiled_losses import spread
from .data import ArrayData
from .own_fields import compiled_loss
from .step import RecordedStep


def check_labels(model: Any, data: ArrayData) -> None:
    """Integer labels must fit the model's outputs: told before training, with the row of the first bad one."""
    loss = compiled_loss(model)
    if loss is None or data.y is None:
        return
    named = isinstance(data.y, dict)  # a train_step of the user's own may take y in other forms
    for i, y in enumerate(spread(data.y, loss.names, len(loss.losses)) if named else flatten(data.y)):
        if y is None or not loss.wants_integer_labels(i):
            continue
        shape, fn = loss.shapes[i] if i < len(loss.shapes) else None, loss.losses[i]
        problem = fn.label_problem(y.numpy(), shape) if shape and fn is not None else None
        if problem is not None:
            raise ValueError(f"y: output '{loss.names[i]}' {problem}")


def stopped(
    record: int, model: Any, step: RecordedStep, epoch: int | None, first: int, done: int, order: Any = None
) -> Exception:
    """The error for a run that its record of this number stopped, in step `done` of those that begin at row `first`."""
    what = step.plan.records()[record]
    if what["kernel"] != "check_index":
        return nonfinite.in_recorded_step(model, step, record, place_of(epoch, first // step.batch + done))
    position, index, entries = (int(n) for n in step.plan.written(record)[1])
    shape = what["reads"][0]
    place = tuple(int(i) for i in np.unravel_index(position, shape))
    row = ""
    if place and shape[0] == step.batch:
        at = first + done * step.batch + place[0]
        at = at if order is None else int(order[at])
        row = f" (row {at} of the data)" if at != place[0] else ""
    layer = what["layer"].rsplit("/", 1)[-1]
    return ValueError(
        f"Layer '{layer}': index {index} at position {place} of the batch{row} lies outside of the {entries} entries "
        f"(0 to {entries - 1})."
    )


def place_of(epoch: int | None, index: int) -> str:
    """Which step, for an error."""
    return f"step {index + 1}" if epoch is None else f"epoch {epoch + 1}, step {index + 1}"
