"""Errors that name the batch, the row and the layer: labels out of range, a loss that is not finite, a bad index."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.base.tree import flatten

from . import nonfinite
from .data_sources import ArrayData
from .own_fields import compiled_loss
from .step import RecordedStep


def check_labels(model: Any, data: ArrayData) -> None:
    """Raises an error for integer labels that the model's outputs do not have.

    It is called before the first step or batch that uses the labels. The message names the first bad row.

    Args:
        model: the Trainer.
        data: arrays with y.

    Raises:
        ValueError: a label is out of range.
    """
    loss = compiled_loss(model)
    if loss is None or data.y is None:
        return
    try:
        targets = loss.targets(data.y)
    except ValueError:  # an overridden train_step may take y in other forms
        targets = flatten(data.y)
    for i, y in enumerate(targets):
        fn = loss.label_loss(i) if y is not None and i < len(loss) else None
        shape = loss.shapes[i] if i < len(loss) else None
        problem = fn.label_problem(y.numpy(), shape) if shape and fn is not None else None
        if problem is not None:
            raise ValueError(f"y: output '{loss.names[i]}' {problem}")


def stopped(
    record: int, model: Any, step: RecordedStep, epoch: int | None, first: int, done: int, order: Any = None
) -> Exception:
    """The error for a run that one of the plan's records stopped.

    Args:
        record: index of the record in `step.plan.records()`.
        model: the Trainer.
        step: the recorded step.
        epoch: of the run, counted from 0; None outside of `fit`.
        first: row of the data that the run begins at.
        done: steps of the run that were made before this one.
        order: permutation of the rows, or None.

    Returns:
        ValueError for an index out of range, NonFiniteLossError for a loss or gradient that is not finite.
    """
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
    """The step as text, for errors: "epoch 1, step 3"; both arguments count from 0."""
    return f"step {index + 1}" if epoch is None else f"epoch {epoch + 1}, step {index + 1}"
