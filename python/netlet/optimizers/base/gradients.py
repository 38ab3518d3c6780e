"""Missing gradients; scaling, accumulation and clipping before an update; averaging of the weights after it.

Gradients in the optimizer's own segment are changed in place. Gradients of a custom loop belong to the caller, so they
are copied first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from netlet import _core
from netlet.engine.variable import Variable

from . import finite
from .segment import Place, runs

Item = tuple[Place, _core.Tensor, Any]


def without_missing(grads: Sequence[Any], variables: Sequence[Variable]) -> list[tuple[Any, Variable]]:
    """The pairs (gradient, variable) whose gradient is not None; warns of the other variables.

    Raises:
        ValueError: all gradients are None.
    """
    pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
    if not pairs:
        raise ValueError(
            "No gradients provided for any variable. A GradientTape watches what is trainable inside its block: "
            "set `trainable` before the block, or call `tape.watch(variables)` in it."
        )
    missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing} when minimizing the loss. If using `model.compile()`, "
            "did you forget to provide a `loss` argument?",
            stacklevel=4,
        )
    return pairs


def prepare(optimizer: Any, items: list[Item], variables: list[Variable]) -> list[Item]:
    """Returns the gradients unscaled, accumulated and clipped, in this order, as in Keras.

    A step that is checked (see `finite`) stops here if a gradient is not finite. With accumulation, the check is made
    before the gradients are added to the accumulated ones. Without, it is made after clipping, so it accepts infinities
    that clipping has made finite.
    """
    if optimizer.loss_scale_factor is not None:
        factor = float(optimizer.loss_scale_factor)
        items = in_place(items, lambda g: _core.divide_gradient(g, g, factor))
    every = optimizer.gradient_accumulation_steps
    if every:
        finite.check_gradients(optimizer, runs(items))
        items = own(items)
        for run in runs(items):
            total = optimizer._slot(run, "gradient_accumulator")
            _core.accumulate_gradient(run.gradient, total, run.gradient, optimizer._iterations._tensor, every)
    items = clip(optimizer, items)
    if not every:
        finite.check_gradients(optimizer, runs(items))
    return items


def clip(optimizer: Any, items: list[Item]) -> list[Item]:
    """Returns the gradients clipped."""
    if any(_positive(limit) for limit in (optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue)):
        items = own(items)
        clip_in_place(optimizer, [g for _, g, _ in items], [run.gradient for run in runs(items)])
    return items


def clip_in_place(optimizer: Any, each: list[_core.Tensor], blocks: list[_core.Tensor]) -> None:
    """Clips gradients. A limit that is not positive does not clip, as in Keras.

    Args:
        optimizer: has the limits.
        each: the gradients.
        blocks: the same gradients as few blocks of memory.
    """
    if _positive(optimizer.clipnorm):
        _core.clip_gradient_norm(each, each, float(optimizer.clipnorm), False)
    elif _positive(optimizer.global_clipnorm):
        _core.clip_gradient_norm(blocks, blocks, float(optimizer.global_clipnorm), True)
    elif _positive(optimizer.clipvalue):
        for block in blocks:
            _core.clip_gradient_value(block, block, float(optimizer.clipvalue))


def _positive(limit: float | None) -> bool:
    return limit is not None and limit > 0


def own(items: list[Item]) -> list[Item]:
    """Returns the same gradients in memory that may be changed: copies, except in the segment."""
    return [(at, _own(at, g), group) for at, g, group in items]


def _own(at: Place, gradient: _core.Tensor) -> _core.Tensor:
    block = at.segment.block_of(at.begin, gradient)
    if block is None:
        return _core.identity(gradient)
    own = at.of(at.segment.grads, gradient.shape)
    if block is not at.segment.grads:
        _core.assign(gradient, own)
    return own


def in_place(items: list[Item], change: Callable[[_core.Tensor], Any]) -> list[Item]:
    """Calls `change`, which writes a gradient, for each run of gradients; returns the changed gradients."""
    items = own(items)
    for run in runs(items):
        change(run.gradient)
    return items


def average(optimizer: Any) -> None:
    """Updates the exponential average of all the optimizer's variables, with one kernel call for each run."""
    targets = optimizer.gradient_targets()
    averaged = [v for v in optimizer._trainable_variables if not v.overwrite_with_gradient]
    everything = [(optimizer._places[id(v)], targets[id(v)], None) for v in averaged]
    for run in runs(everything):
        _core.ema_update(
            run.of(run.places[0].segment.params),
            optimizer._slot(run, "average"),
            optimizer._iterations._tensor,
            float(optimizer.ema_momentum),
            int(optimizer.ema_overwrite_frequency or 0),
            int(optimizer.gradient_accumulation_steps or 1),
        )
