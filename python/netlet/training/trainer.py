"""Trainer: `compile`, `fit`, `evaluate` and `predict` for every kind of model.

`train_step` runs once for each shape of batch, on a recording tape. `fit` then runs the recorded plan natively, many
batches per call. It returns to Python about twenty times a second to show progress and to react to Ctrl-C.
"""

from __future__ import annotations

import warnings
from typing import Any

from netlet.engine.gradient_tape import GradientTape
from netlet.utils.batches import unpack_x_y_sample_weight

from .compiling import Compiling
from .fitting import Fitting
from .inspection import Inspection
from .measuring import Measuring
from .missing_gradients import check_gradients, untrainable
from .on_batch import OnBatch
from .own_step import standard
from .placement import Placement
from .resuming import Resuming
from .stateless import StatelessLoss


class Trainer(Compiling, Measuring, Fitting, Resuming, OnBatch, Inspection, Placement, StatelessLoss):
    """The base class that makes a model trainable. Only `Model` derives from it."""

    # Set by the model classes.
    built: bool
    name: str

    def _init_trainer(self) -> None:
        """Sets the fields of a model that is not compiled and not trained."""
        self._init_fitting()
        self._init_compiling()

    # ---- one step; a subclass may override these methods -------------------------------------------------------------
    @standard
    def train_step(self, data: Any) -> Any:
        """One training step. It is recorded once for each shape of batch; a subclass may override it, as in Keras.

        Args:
            data: a batch as `fit` received it: x, (x, y) or (x, y, sample_weight), as Tensors.

        Returns:
            A dict of logs: numbers and Tensors by name.

        Raises:
            ValueError: the model has no optimizer or no loss.
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
            check_gradients(self, gradients)
            self.optimizer.apply(gradients, variables)
        else:
            warnings.warn(untrainable(self), stacklevel=2)
        # After the update, so that a step that stops before it leaves the metrics unchanged.
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @standard
    def test_step(self, data: Any) -> Any:
        """Loss and metrics of one batch; a subclass may override it.

        Args:
            data: a batch as `evaluate` received it: x, (x, y) or (x, y, sample_weight), as Tensors.

        Returns:
            A dict of logs: numbers and Tensors by name.

        Raises:
            ValueError: a batch of more than three parts, or the model has no loss.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._track_loss(self._compute_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @standard
    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch; a subclass may override it.

        Args:
            data: a batch as `predict` received it: x, (x,), or a tuple that begins with x, as Tensors.

        Returns:
            Tensors, in the structure of the model's outputs.

        Raises:
            ValueError: a batch of more than three parts.
        """
        return self(unpack_x_y_sample_weight(data)[0], training=False)  # type: ignore[operator]

    # ---- saved state -------------------------------------------------------------------------------------------------
    def get_training_state(self) -> dict[str, Any]:
        """The step count and shuffle order, which files save beside weights and optimizer slots.

        Returns:
            Dict of plain values.
        """
        return self._step_state.get()

    def set_training_state(self, state: dict[str, Any]) -> None:
        """Restores the step count and shuffle order.

        Args:
            state: what `get_training_state` returned.
        """
        self._step_state.set(state)

    def _forget_training_steps(self) -> None:
        """Discards the recorded steps; `compile` calls it."""
        self._steps.clear()

    def _forget_recorded_steps(self) -> None:
        """Discards the recorded steps and trial calls; called when the model's structure changes."""
        self._steps.clear()
        self._step_state.tried.clear()
