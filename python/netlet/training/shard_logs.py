"""The logs of a data-parallel step, from what an overridden step returns for each shard of the batch."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from netlet import _core
from netlet.distribution.running import Running

from .metric_logs import single


class NotedResults:
    """Context manager that notes the results of metrics which are asked for inside.

    In a shard, the result of a metric is that of the shard alone. A log that is such a result is read from the metric
    after the step, when the states of all shards are merged.

    Args:
        metrics: `model.metrics`.
    """

    def __init__(self, metrics: Sequence[Any]) -> None:
        self._metrics = single(list(metrics))
        self._found: list[Any] = []

    def __enter__(self) -> NotedResults:
        for metric in self._metrics:
            object.__setattr__(metric, "result", functools.partial(self._noted, metric.result))
        return self

    def __exit__(self, *error: object) -> None:
        for metric in self._metrics:
            object.__delattr__(metric, "result")

    def _noted(self, result: Any) -> Any:
        value = result()
        self._found.append(value)
        return value

    def __contains__(self, value: Any) -> bool:
        if isinstance(value, _core.Tensor) and value.recorded:
            return any(value is found for found in self._found)
        number = np.asarray(value)
        eager = [f for f in self._found if not (isinstance(f, (dict, _core.Tensor)) and getattr(f, "recorded", True))]
        return any(np.array_equal(number, np.asarray(found)) for found in eager)


def logs_of_batch(
    model: Any, running: Running, logs: list[dict[str, Any] | None], noted: NotedResults
) -> dict[str, Any] | None:
    """The logs of the batch: results of metrics, and of other values the mean over the shards.

    Args:
        model: the Trainer.
        running: the step.
        logs: of each shard of this rank.
        noted: the results of metrics.
    """
    if not logs[0]:
        return logs[0]
    names = set(model.get_metrics_result())
    results = [name for name in logs[0] if name in names and logs[0][name] in noted]
    rest = [name for name in logs[0] if name not in results]
    found: dict[str, Any] = {name: MetricResult(model, name) for name in results}
    if rest:
        values = [[_core.as_tensor(getattr(log[n], "_tensor", log[n])) for n in rest] for log in logs if log]
        found.update(zip(rest, running.sum(values, "mean_of_logs", weighted=True), strict=True))
    return {name: found[name] for name in logs[0]}


class MetricResult:
    """A log that is the result of a metric, which is known after the step.

    Args:
        model: the Trainer.
        name: of the log.
    """

    def __init__(self, model: Any, name: str) -> None:
        self._model, self._name = model, name

    def __call__(self) -> Any:
        return self._model.get_metrics_result()[self._name]
