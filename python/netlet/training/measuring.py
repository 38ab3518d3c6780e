"""Measuring: the part of Trainer with the metrics of a batch and their results."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet import metrics as metrics_module

from . import metric_logs, results
from .compiled_losses import CompiledLoss
from .compiled_metrics import CompiledMetrics
from .own_step import reports_logs, standard


class Measuring:
    """The part of Trainer with the metrics; `Compiling` sets the fields. Only `Trainer` uses it, as a base class."""

    _compiled: bool
    _loss_tracker: metrics_module.Mean | None
    _compile_loss: CompiledLoss | None
    _compile_metrics: CompiledMetrics | None

    @standard
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics with one batch. May be overridden.

        Args:
            x: inputs; unused here.
            y: targets, or None.
            y_pred: outputs of the model.
            sample_weight: weights for `weighted_metrics`, or None (the default).

        Returns:
            The results of all metrics by name; an empty dict in a recorded step whose logs no user code reads.
        """
        if self._compile_metrics is not None:
            outputs = None if self._compile_loss is None else self._compile_loss.outputs
            self._compile_metrics.update_state(y, y_pred, sample_weight, outputs=outputs)
        looked_at = not _core.recording() or reports_logs(self, "train") or reports_logs(self, "test")
        return self.get_metrics_result() if looked_at else {}

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, the compiled metrics as one, the means of the outputs' losses, the layers' metrics."""
        own: list[Any] = []
        if self._compiled:
            parts = [] if self._compile_loss is None else self._compile_loss.trackers
            own = [m for m in (self._loss_tracker, self._compile_metrics, *parts) if m is not None]
        seen = {id(m) for m in own}
        for layer in getattr(self, "_flatten_layers", lambda: [])():
            for m in getattr(layer, "_metrics", []):
                if id(m) not in seen:
                    seen.add(id(m))
                    own.append(m)
        return own

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [v for m in self.metrics for v in m.variables]

    @property
    def metrics_names(self) -> list[str]:
        """The names in the logs, in the order in which `evaluate` returns the values."""
        return list(self.get_metrics_result())

    @standard
    def reset_metrics(self) -> None:
        """Resets all metrics."""
        for m in self.metrics:
            m.reset_state()

    @standard
    def get_metrics_result(self) -> dict[str, float]:
        """The current results of the metrics, in the order in which `evaluate` returns them.

        A metric whose name is taken is logged as "<name>_1". A metric of the model's own that is named "loss" replaces
        the mean of the losses.

        Returns:
            {name in the logs: number}.
        """
        logs = metric_logs.by_name(self.metrics, lambda m: m.result())
        return {name: results.as_number(value) for name, value in logs.items()}
