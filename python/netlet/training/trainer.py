"""Trainer: compile, fit, evaluate and predict, for every kind of model.

`train_step` runs once for each shape of batch, on a recording tape; `fit` replays the recorded plan natively, many
batches in one call, and comes back to Python about twenty times a second to draw progress and to notice Ctrl-C.
"""

from __future__ import annotations

import warnings
from typing import Any

from netlet.engine.gradient_tape import GradientTape
from netlet.utils.batches import unpack_x_y_sample_weight

from .compiling import Compiling
from .fitting import Fitting
from .on_batch import OnBatch
from .own_step import standard


class Trainer(Compiling, Fitting, OnBatch):
    """What makes a model trainable. Mixed into `Model`; not used by itself."""

    # Set by the model classes.
    built: bool
    name: str

    def _init_trainer(self) -> None:
        self._init_fitting()
        self._init_compiling()

    # ---- one step: what is recorded, and what a subclass may override ------------------------------------------------
    @standard
    def train_step(self, data: Any) -> Any:
        """One step of training. Recorded once for each shape of batch; may be overridden, as in Keras.

        Args:
            data: what `fit` was given for a batch: x, (x, y) or (x, y, sample_weight), as Tensors.

        Returns:
            A dict of logs: numbers and Tensors by name.
        """
        if self.optimizer is None:
            raise ValueError(f"Model '{self.name}' has no optimizer to train with: give compile(optimizer=...).")
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        if variables:
            gradients = tape.gradient(scaled, variables)
            self.optimizer.apply(gradients, variables)
        else:
            warnings.warn(f"Model '{self.name}' has no trainable weights.", stacklevel=2)
        # Behind the update: a step that is abandoned before it has not touched them.
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @standard
    def test_step(self, data: Any) -> Any:
        """Loss and metrics of one batch; `data` and the result are those of `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._track_loss(self._compute_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @standard
    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)  # type: ignore[operator]

    # ---- what a file keeps -------------------------------------------------------------------------------------------
    def get_training_state(self) -> dict[str, Any]:
        """The state that training goes on from beside weights and optimizer slots."""
        return self._step_state.get()

    def set_training_state(self, state: dict[str, Any]) -> None:
        self._step_state.set(state)

    def _forget_training_steps(self) -> None:
        """To be called when the model is compiled anew."""
        self._steps.clear()

    def _forget_recorded_steps(self) -> None:
        """To be called when the model's structure changes."""
        self._steps.clear()
        self._step_state.tried.clear()
