"""What losses that are kernels share: a function for one value a sample, and its `fused` form for the whole loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netlet import _core, config

from .arrays import common_shape, floating, match_ranks

F = TypeVar("F", bound=Callable[..., Any])


def fused_by(
    kernel: Callable[..., Any],
    wants_integer_labels: bool = False,
    label_problem: Callable[..., str | None] | None = None,
) -> Callable[[F], F]:
    """Decorator: names the function `kernel(y_true, y_pred, sample_weight, reduction, **options)` that gives the
    weighted and reduced loss in one go, and what is wrong with integer labels where they are no classes (see
    `Loss.label_problem`). `LossFunctionWrapper` looks for both."""

    def decorate(fn: F) -> F:
        fn.fused = kernel  # type: ignore[attr-defined]
        fn.wants_integer_labels = wants_integer_labels  # type: ignore[attr-defined]
        fn.label_problem = label_problem  # type: ignore[attr-defined]
        return fn

    return decorate


def pointwise(kind: str) -> Callable[..., Any]:
    """The fused form of a loss that is a mean (or sum) over the last axis of a function of single elements."""

    def kernel(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none", **options: Any) -> Any:
        y_true, y_pred = match_ranks(y_true, floating(y_pred))
        y_true, y_pred = common_shape(kind, y_true, y_pred)
        return _core.loss_pointwise(kind, y_true, y_pred, sample_weight, reduction, epsilon=config.epsilon(), **options)

    return kernel


def last_axis(x: Any, axis: int) -> Any:
    """x with `axis` moved to the end."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}")
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} is out of range for an array of shape {tuple(x.shape)}.")
    if axis % rank == rank - 1:
        return x
    order = [i for i in range(rank) if i != axis % rank]
    return _core.transpose(x, [*order, axis % rank])
