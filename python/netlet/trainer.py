"""Trainer: compile, fit, evaluate and predict, for every kind of model.

`train_step` runs once for each shape of batch, on a recording tape; `fit` replays the recorded plan natively, many
batches in one call, and comes back to Python about twenty times a second to draw progress and to notice Ctrl-C.
"""

from __future__ import annotations

import warnings
from typing import Any

from . import _core, optimizers
from . import metrics as metrics_module
from .gradient_tape import GradientTape
from .training import results
from .training.compiled import CompiledLoss, CompiledMetrics
from .training.fitting import Fitting
from .training.on_batch import OnBatch
from .training.own_step import reports_logs, standard
from .utils.batches import unpack_x_y_sample_weight
from .utils.tree import flatten


class Trainer(Fitting, OnBatch):
    """What makes a model trainable. Mixed into `Model`; not used by itself."""

    # Set by the model classes.
    built: bool
    name: str

    def _init_trainer(self) -> None:
        self._init_fitting()
        self._compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.run_eagerly = False
        self._compile_loss = None

    # ---- compile ---------------------------------------------------------------------------------------------------
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        check_finite: bool = True,
    ) -> None:
        """Sets how the model is trained.

        Args:
            optimizer: name or `optimizers.Optimizer`.
            loss: name, `losses.Loss` or `fn(y_true, y_pred)`; a list or dict of them for several outputs.
            loss_weights: factors of the outputs' losses in their sum.
            metrics, weighted_metrics: names, `metrics.Metric`s or functions; the latter honour `sample_weight`.
            run_eagerly: run `train_step` in Python for every batch instead of recording it.
            steps_per_execution, jit_compile, auto_scale_loss: accepted as in Keras; netlet always runs many
                recorded steps in one native call.
            check_finite: stop with a NonFiniteLossError, weights untouched, when the loss is NaN or infinite.

        Raises:
            ValueError: an unknown name, with the nearest known one; losses that do not fit the outputs.
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self._loss_weights = loss_weights
        self._metrics_given, self._weighted_metrics_given = metrics, weighted_metrics
        self.run_eagerly = bool(run_eagerly)
        self.steps_per_execution = steps_per_execution
        self.check_finite = bool(check_finite)
        self._loss_tracker = metrics_module.Mean(name="loss")
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._compile_config = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": steps_per_execution,
            "check_finite": self.check_finite,
        }
        # A misspelt name is told here, not at the first batch.
        for spec in flatten(loss):
            if isinstance(spec, str):
                CompiledLoss(spec, None, ["output"])
        for spec in [*flatten(metrics), *flatten(weighted_metrics)]:
            if isinstance(spec, str) and spec not in ("accuracy", "acc", "crossentropy", "ce"):
                metrics_module.get(spec)
        self._steps.clear()
        self._compiled = True
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        return self._compiled

    def _require_compiled(self, method: str) -> None:
        if not self._compiled:
            raise ValueError(
                f"Model '{self.name}' must be compiled before {method}(): call model.compile(optimizer, loss, ...)."
            )

    def _compiled_parts(self, y_pred: Any) -> tuple[CompiledLoss, CompiledMetrics]:
        if self._compile_loss is None or self._compile_metrics is None:
            outputs = len(flatten(y_pred))
            named = isinstance(y_pred, dict) and len(y_pred) == outputs
            names = sorted(y_pred) if named else list(getattr(self, "output_names", None) or [])
            if len(names) != outputs:
                names = [f"output_{i + 1}" for i in range(outputs)]
            self._compile_loss = CompiledLoss(self.loss, self._loss_weights, names)
            self._compile_metrics = CompiledMetrics(self._metrics_given, self._weighted_metrics_given, names)
        return self._compile_loss, self._compile_metrics

    def _wants_integer_labels(self, output: int) -> bool:
        if not self._compiled or self.loss is None:
            return False
        if self._compile_loss is not None:
            return self._compile_loss.wants_integer_labels(output)
        specs = [s for s in flatten(self.loss) if s is not None]
        index = min(output, len(specs) - 1)
        return index >= 0 and CompiledLoss(specs[index], None, ["output"]).wants_integer_labels(0)

    # ---- one step: what is recorded, and what a subclass may override ------------------------------------------------
    @standard
    def train_step(self, data: Any) -> Any:
        """One step of training. Recorded once for each shape of batch; may be overridden, as in Keras.

        Args:
            data: what `fit` was given for a batch: x, (x, y) or (x, y, sample_weight), as Tensors.

        Returns:
            A dict of logs: numbers and Tensors by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self._track_loss(loss, x)
        logs = self.compute_metrics(x, y, y_pred, sample_weight)
        variables = self.trainable_variables
        if variables:
            gradients = tape.gradient(scaled, variables)
            self.optimizer.apply(gradients, variables)
        else:
            warnings.warn(f"Model '{self.name}' has no trainable weights.", stacklevel=2)
        return logs

    @standard
    def test_step(self, data: Any) -> Any:
        """Loss and metrics of one batch; `data` and the result are those of `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self._track_loss(self.compute_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    @standard
    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)  # type: ignore[operator]

    @standard
    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> _core.Tensor:
        """The compiled losses plus what layers added (regularizers, `add_loss`), as a scalar Tensor."""
        compiled, _ = self._compiled_parts(y_pred)
        total = compiled(y, y_pred, sample_weight) if self.loss is not None else None
        for extra in self.losses:  # type: ignore[attr-defined]
            total = extra if total is None else _core.add(total, extra)
        if total is None:
            raise ValueError(f"Model '{self.name}' has no loss to minimise: give compile(loss=...) or use add_loss.")
        if training and self._step_state.finite_flag is not None:
            _core.check_finite(total, self._step_state.finite_flag)
        return total

    @standard
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics with one batch.

        Returns:
            The results of all metrics by name; nothing in a recorded step that no code of the user's own looks at.
        """
        _, compiled = self._compiled_parts(y_pred)
        compiled.update_state(y, y_pred, sample_weight)
        looked_at = not _core.recording() or reports_logs(self, "train") or reports_logs(self, "test")
        return self.get_metrics_result() if looked_at else {}

    def _track_loss(self, loss: Any, x: Any) -> None:
        self._loss_tracker.update_state(loss, sample_weight=float(flatten(x)[0].shape[0]))

    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, the compiled metrics, and those that layers hold."""
        own: list[Any] = [self._loss_tracker] if self._compiled else []
        if self._compiled and self._compile_loss is not None and self._compile_metrics is not None:
            own += [*self._compile_loss.trackers, *self._compile_metrics.metrics]
        seen = {id(m) for m in own}
        for layer in getattr(self, "_flatten_layers", lambda: [])():
            for m in getattr(layer, "_metrics", []):
                if id(m) not in seen:
                    seen.add(id(m))
                    own.append(m)
        return own

    @property
    def metrics_names(self) -> list[str]:
        return list(self.get_metrics_result())

    def reset_metrics(self) -> None:
        for m in self.metrics:
            m.reset_state()

    def get_metrics_result(self) -> dict[str, float]:
        """What the metrics say now, by log name; the loss first."""
        logs: dict[str, Any] = {}
        named = self._compile_metrics.results() if self._compile_metrics is not None else {}
        compiled = {id(m) for m in (self._compile_metrics.metrics if self._compile_metrics is not None else [])}
        for m in self.metrics:
            if id(m) not in compiled:
                logs[m.name] = m.result()
        logs.update(named)
        return {name: results.as_number(value) for name, value in logs.items()}

    # ---- what a file keeps -------------------------------------------------------------------------------------------
    def _training_state(self) -> dict[str, Any]:
        """The state that training goes on from beside weights and optimizer slots."""
        return self._step_state.get()

    def _set_training_state(self, state: dict[str, Any]) -> None:
        self._step_state.set(state)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, for saving; None before."""
        return dict(self._compile_config) if self._compiled else None

    def _forget_recorded_steps(self) -> None:
        """To be called when the model's structure changes."""
        self._steps.clear()
        self._step_state.tried.clear()
