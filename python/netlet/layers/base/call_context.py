"""What nested calls inherit from the call in progress: the `training` flag and the outermost layer."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from netlet import _core
from netlet.config import HALVES


class _Context(threading.local):
    entry: Any = None  # the outermost layer of the call in progress
    training: bool | None = None
    half: str | None = None  # the half that Variables count as in ops: see csrc/bindings/halves.h
    remat: Any = None  # the innermost RematScope
    recomputes: bool = False  # whether the call in progress is part of a call that backward computes again
    losses: list[Any] | None = None  # the losses that such a call adds
    discards_losses: bool = False  # whether it runs again, so that its losses are known


current = _Context()


class entered:
    """Context manager around a layer's call: `with entered(layer, training) as outermost:`.

    It sets `current.training` and `current.half` for the calls inside. `outermost` is True if no other layer's call is
    in progress.
    """

    __slots__ = ("layer", "outer_half", "outer_training", "outermost", "training")

    def __init__(self, layer: Any, training: bool | None) -> None:
        self.layer, self.training = layer, training

    def __enter__(self) -> bool:
        self.outermost = current.entry is None
        self.outer_training = current.training
        self.outer_half = half = current.half
        if self.layer._is_mixed or half is not None:
            use_half(half_of_variables(self.layer, half))
        if self.outermost:
            current.entry = self.layer
        current.training = self.training
        return self.outermost

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current.training = self.outer_training
        if current.half is not self.outer_half:
            use_half(self.outer_half)
        if self.outermost:
            current.entry = None


def half_of_variables(layer: Any, outer: str | None) -> str | None:
    """The half that Variables count as in a layer's call; None: their own dtype. The rules are those of Keras.

    Args:
        layer: the layer.
        outer: that of the enclosing call.
    """
    if outer is not None and not layer.autocast:
        return None
    return layer._compute_dtype if layer._compute_dtype in HALVES else None


def use_half(half: str | None) -> None:
    """Sets the half that Variables count as in this thread."""
    current.half = half
    _core.set_autocast(half)


def note_loss(loss: Any) -> bool:
    """Notes a loss that a layer adds inside of a call which backward computes again.

    Args:
        loss: the loss.

    Returns:
        Whether the layer shall keep it.
    """
    if current.losses is not None:
        current.losses.append(loss)
    return not current.discards_losses
