"""Base of callbacks that monitor one of the logged quantities."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

from .callback import Callback, Logs


class MonitorCallback(Callback):
    """Base of callbacks that react to an improvement of `logs[monitor]`.

    A subclass calls `_is_improvement(value, reference)` in a hook.

    Args:
        monitor: name of the quantity in the logs; "val_loss" by default.
        mode: "min" if smaller values are better, "max" if larger values are. "auto" (the default): "min" for a loss,
            and for a metric the direction that its class defines.
        baseline: a first value counts as an improvement if it is better than this; None (the default) for any value.
        min_delta: smallest absolute change that counts as an improvement; 0 by default.

    Raises:
        ValueError: in the first epoch, mode is "auto" and the metric has no direction.

    Source: Keras 3, `monitor_callback.py`.

    >>> class CountImprovements(MonitorCallback):
    ...     count = 0
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if self._is_improvement(logs[self.monitor], self.best):
    ...             self.best, self.count = logs[self.monitor], self.count + 1
    >>> callback = CountImprovements("loss", mode="min")
    >>> for epoch, loss in enumerate([3.0, 2.0, 2.5]):
    ...     callback.on_epoch_end(epoch, {"loss": loss})
    >>> callback.count
    2
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best: float | None = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None

    def _set_monitor_op(self) -> None:
        """Decides whether smaller or larger values are better. Called after the first epoch, when metrics are built.

        Raises:
            ValueError: mode is "auto" and the metric has no direction.
        """
        if self.mode != "auto":
            self.monitor_op = operator.lt if self.mode == "min" else operator.gt
            return
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            self.monitor_op = operator.lt
        for metric in _flat_metrics(getattr(self.model, "metrics", None)):
            direction = getattr(metric, "_direction", None)
            if getattr(metric, "name", None) == name and direction is not None:
                self.monitor_op = operator.gt if direction == "up" else operator.lt
        if self.monitor_op is None:
            raise ValueError(
                f"{type(self).__name__} callback received monitor={self.monitor}, but netlet isn't able to "
                "automatically determine whether that metric should be maximized or minimized. Pass `mode='max'` in "
                "order to monitor based on the highest metric value, or pass `mode='min'` in order to use the lowest "
                "value."
            )

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        if self.monitor_op is None:
            self._set_monitor_op()
        assert self.monitor_op is not None
        if reference is None:
            return True
        margin = -self.min_delta if self.monitor_op is operator.lt else self.min_delta
        return bool(self.monitor_op(value - margin, reference))


def _flat_metrics(metrics: Any) -> list[Any]:
    flat: list[Any] = []
    for metric in metrics or ():
        inner = getattr(metric, "metrics", None)
        flat += [metric, *_flat_metrics(inner)] if isinstance(inner, (list, tuple)) else [metric]
    return flat


def available(logs: Logs) -> str:
    """The names in the logs, separated by commas, for warnings."""
    return ",".join(logs or {})
