"""Scaling, accumulation and clipping of gradients before an update, and averaging of the weights after it.

Gradients in the optimizer's own segment are changed in place. Gradients of a custom loop belong to the caller, so they
are copied first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import _core
from netlet.engine.variable import Variable

from . import finite
from .segment import Place, lies_in_segment, runs

Item = tuple[Place, _core.Tensor, bool]


def prepare(optimizer: Any, items: list[Item], variables: list[Variable]) -> list[Item]:
    """Returns the gradients unscaled, accumulated and clipped, in this order, as in Keras.

    A step that is checked (see `finite`) stops here if a gradient is not finite. With accumulation, the check is made
    before the gradients are added to the accumulated ones. Without, it is made after clipping, so it accepts infinities
    that clipping has made finite.
    """
    if optimizer.loss_scale_factor is not None:
        factor = float(optimizer.loss_scale_factor)
        items = _in_place(items, lambda g: _core.divide_gradient(g, g, factor))
    every = optimizer.gradient_accumulation_steps
    if every:
        finite.check_gradients(optimizer, runs(items))
        items = _own(items)
        for run in runs(items):
            total = optimizer._slot(run, "gradient_accumulator")
            _core.accumulate_gradient(run.gradient, total, run.gradient, optimizer._iterations._tensor, every)
    if optimizer.clipvalue:
        limit = float(optimizer.clipvalue)
        items = _in_place(items, lambda g: _core.clip_gradient_value(g, g, limit))
    elif optimizer.clipnorm:
        items = _own(items)
        each = [g for _, g, _ in items]
        _core.clip_gradient_norm(each, each, float(optimizer.clipnorm), False)
    elif optimizer.global_clipnorm:
        items = _own(items)
        all_of_them = [run.gradient for run in runs(items)]
        _core.clip_gradient_norm(all_of_them, all_of_them, float(optimizer.global_clipnorm), True)
    if not every:
        finite.check_gradients(optimizer, runs(items))
    return items


def _own(items: list[Item]) -> list[Item]:
    """Returns the same gradients in memory that may be changed: copies, except in the segment."""
    return [(at, g if lies_in_segment(at, g) else _core.identity(g), decays) for at, g, decays in items]


def _in_place(items: list[Item], change: Callable[[_core.Tensor], Any]) -> list[Item]:
    items = _own(items)
    for run in runs(items):
        change(run.gradient)
    return items


def average(optimizer: Any) -> None:
    """Updates the exponential average of all the optimizer's variables, with one kernel call for each run."""
    targets = optimizer.gradient_targets()
    everything = [(optimizer._places[id(v)], targets[id(v)], True) for v in optimizer._trainable_variables]
    for run in runs(everything):
        _core.ema_update(
            run.of(run.places[0].segment.params),
            optimizer._slot(run, "average"),
            optimizer._iterations._tensor,
            float(optimizer.ema_momentum),
            int(optimizer.ema_overwrite_frequency or 0),
            int(optimizer.gradient_accumulation_steps or 1),
        )
