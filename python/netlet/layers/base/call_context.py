"""What a running call tells the calls inside it: the `training` flag, and who was called first."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any


class _Context(threading.local):
    entry: Any = None  # the outermost layer of the call in progress
    training: bool | None = None


current = _Context()


class entered:
    """`with entered(layer, training):` around a layer's call. Truth of the result: this call is the outermost."""

    __slots__ = ("layer", "outer_training", "outermost", "training")

    def __init__(self, layer: Any, training: bool | None) -> None:
        self.layer, self.training = layer, training

    def __enter__(self) -> bool:
        self.outermost = current.entry is None
        self.outer_training = current.training
        if self.outermost:
            current.entry = self.layer
        current.training = self.training
        return self.outermost

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current.training = self.outer_training
        if self.outermost:
            current.entry = None
