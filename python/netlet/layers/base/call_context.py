"""What nested calls inherit from the call in progress: the `training` flag and the outermost layer."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any


class _Context(threading.local):
    entry: Any = None  # the outermost layer of the call in progress
    training: bool | None = None


current = _Context()


class entered:
    """Context manager around a layer's call: `with entered(layer, training) as outermost:`.

    It sets `current.training` for the calls inside. `outermost` is True if no other layer's call is in progress.
    """

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
