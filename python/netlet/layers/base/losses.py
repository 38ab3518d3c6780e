"""The losses of a Layer: those of `add_loss`, and the penalties on its activity and its weights."""

from __future__ import annotations

from typing import Any

from netlet import _core, ops
from netlet.base import tree
from netlet.engine.graph import is_symbolic

from . import call_context
from .penalties import weight_penalties


class LayerLosses:
    """Base of Layer that collects losses."""

    name: str
    activity_regularizer: Any
    trainable_variables: Any
    _layers: list[Any]
    _losses: list[Any]
    _flatten_layers: Any

    def add_loss(self, loss: Any) -> None:
        """Adds to the loss that training minimizes.

        Args:
            loss: scalar tensor, or a structure of them, computed in `call`. It counts for this call only.

        Raises:
            ValueError: a value that is no tensor.
        """
        for value in tree.flatten(loss):
            if not isinstance(value, _core.Tensor) and not is_symbolic(value):
                raise ValueError(f"Layer '{self.name}': add_loss expected a tensor of `call`, received {value!r}.")
            if call_context.note_loss(value):
                self._losses.append(value)

    @property
    def losses(self) -> list[Any]:
        """Scalars: `add_loss` and activity penalties of the last call, and the weights' regularization penalties."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + weight_penalties(self.trainable_variables)

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers() if self._layers else (self,):
            if layer._losses:
                object.__setattr__(layer, "_losses", [])

    def _add_activity_losses(self, outputs: Any) -> None:
        for out in tree.flatten(outputs):
            penalty = self.activity_regularizer(out)
            self.add_loss(ops.multiply(penalty, 1.0 / max(int(out.shape[0]), 1)) if len(out.shape) else penalty)
