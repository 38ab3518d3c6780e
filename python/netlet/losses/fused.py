"""Losses that are native kernels: a function with one value per sample has a `fused` form, which is the whole loss."""

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
    """Decorator that sets the fused form of a loss function. `LossFunctionWrapper` uses it.

    Args:
        kernel: `kernel(y_true, y_pred, sample_weight, reduction, **options)`, which returns the weighted and reduced
            loss.
        wants_integer_labels: whether y_true holds integer labels.
        label_problem: checks integer labels that are not simply classes, see `Loss.label_problem`.
    """

    def decorate(fn: F) -> F:
        fn.fused = kernel  # type: ignore[attr-defined]
        fn.wants_integer_labels = wants_integer_labels  # type: ignore[attr-defined]
        fn.label_problem = label_problem  # type: ignore[attr-defined]
        return fn

    return decorate


def pointwise(kind: str) -> Callable[..., Any]:
    """Returns the fused form of a loss that is a mean (or sum) over the last axis of an elementwise function."""

    def kernel(y_true: Any, y_pred: Any, sample_weight: Any = None, reduction: str = "none", **options: Any) -> Any:
        y_true, y_pred = match_ranks(y_true, floating(y_pred))
        y_true, y_pred = common_shape(kind, y_true, y_pred)
        return _core.loss_pointwise(kind, y_true, y_pred, sample_weight, reduction, epsilon=config.epsilon(), **options)

    return kernel


def last_axis(x: Any, axis: int) -> Any:
    """Moves `axis` to the end."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}")
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ValueError(
            f"Argument `axis`: expected {-rank} to {rank - 1} for shape {tuple(x.shape)}, received {axis}."
        )
    if axis % rank == rank - 1:
        return x
    order = [i for i in range(rank) if i != axis % rank]
    return _core.transpose(x, [*order, axis % rank])
