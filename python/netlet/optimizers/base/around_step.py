"""What an optimizer does around a step: scaling of the loss, clipping, and final values of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet import _core
from netlet.engine.variable import Variable

from . import gradients


class AroundStep:
    """The part of an optimizer that works before the gradients are computed and after the training."""

    built: bool
    use_ema: bool
    loss_scale_factor: float | None
    _by_rows: bool
    _trainable_variables: list[Variable]
    _model_variables_moving_average: Any

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, for the computation of the gradients.

        Args:
            loss: scalar Tensor.

        Returns:
            Scalar Tensor; `loss` itself without a factor.
        """
        return loss if self.loss_scale_factor is None else loss * float(self.loss_scale_factor)

    def scaled_by_another(self) -> None:
        """Leaves the scaling to an optimizer that wraps this one, reads all gradients, and divides them."""
        self.loss_scale_factor = None
        self._by_rows = False

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """With `use_ema`, sets variables to their averages. `fit` calls it at its end.

        Args:
            var_list: the variables to set; those that the optimizer does not average stay as they are.
        """
        if self.use_ema and self.built:
            averages = dict(zip(map(id, self._trainable_variables), self._model_variables_moving_average, strict=True))
            for v in var_list:
                if averages.get(id(v)) is not None:
                    v.assign(averages[id(v)].numpy())

    def _clip_gradients(self, grads: Sequence[Any]) -> list[_core.Tensor]:
        """Returns clipped copies of gradients, for optimizers that call Keras's method of this name."""
        copies = [_core.identity(_core.as_tensor(g)) for g in grads]
        gradients.clip_in_place(self, copies, copies)
        return copies
