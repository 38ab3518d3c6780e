"""The logs after a step: results of the metrics by name, and what an overridden step returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netlet.base.device import is_cpu
from netlet.metrics import Mean

from . import results
from .compiled_metrics import CompiledMetrics
from .own_step import overrides


def by_name(metrics: list[Any], result_of: Callable[[Any], Any]) -> dict[str, Any]:
    """The metrics' results by log name, in the order in which `evaluate` returns them.

    A metric whose name is taken is logged as "<name>_1". A metric of the model's own that is named "loss" replaces the
    mean of the losses.

    Args:
        metrics: `model.metrics`.
        result_of: function from a metric to its result, or to a dict of results by name.

    Returns:
        The results.
    """
    logs: dict[str, Any] = {}
    by_output: dict[str, Any] = {}
    for m in metrics:
        result = result_of(m)
        if isinstance(m, CompiledMetrics) and len(m.names) > 1:
            by_output = dict(sorted(result.items()))
        elif isinstance(result, dict):
            _merge(logs, result)
        elif m.name == "loss":
            logs["loss"] = result
        else:
            _merge(logs, {m.name: result})
    _merge(logs, by_output)
    return logs


def _merge(logs: dict[str, Any], more: dict[str, Any]) -> None:
    """Adds results to the logs under names that are not taken."""
    for name, value in more.items():
        if isinstance(value, dict):  # a compiled metric with several results
            _merge(logs, value)
            continue
        unique, count = name, 0
        while unique in logs:
            count += 1
            unique = f"{name}_{count}"
        logs[unique] = value


def logs_of(model: Any, returned: Mapping[str, Any] | None) -> dict[str, Any]:
    """The logs after a step.

    Args:
        model: the Trainer.
        returned: flat dict that the step returned; None for the metrics.

    Returns:
        Numbers by name: names of metrics first, in their order, then other names, sorted.
    """
    metrics: dict[str, Any] = model.get_metrics_result()
    if returned is None:
        return metrics
    return {name: results.as_number(returned[name]) for name in _ordered(metrics, returned)}


def _ordered(metrics: Mapping[str, Any], returned: Mapping[str, Any]) -> list[str]:
    """The names in `returned`: those of metrics first, in their order, then the others, sorted."""
    return [n for n in metrics if n in returned] + sorted(n for n in returned if n not in metrics)


class LogReader:
    """Reads the logs after each run of one recorded step; equal to `logs_of`, with less work per call.

    Names are computed once, and means are read from their two cells, so that a hook for every batch costs little.

    Args:
        model: the Trainer, after its step was recorded.
        returned: as for `logs_of`.
    """

    def __init__(self, model: Any, returned: Mapping[str, Any] | None) -> None:
        self._model, self._returned = model, returned
        self._names: list[str] | None = None
        self._readers: list[tuple[str, Callable[[], Any]]] | None = None
        if overrides(model, "get_metrics_result"):
            return
        if returned is not None:
            self._names = _ordered(model.get_metrics_result(), returned)
        elif not any(isinstance(m.result(), dict) for m in single(model.metrics)):
            self._readers = list(by_name(model.metrics, _reader).items())

    def __call__(self) -> dict[str, Any]:
        if self._readers is not None:
            return {name: read() for name, read in self._readers}
        if self._names is not None and self._returned is not None:
            return {name: results.as_number(self._returned[name]) for name in self._names}
        return logs_of(self._model, self._returned)


def single(metrics: list[Any]) -> list[Any]:
    """The metrics, with those of `compile` one by one."""
    return [part for m in metrics for part in (m.metrics if isinstance(m, CompiledMetrics) else [m])]


def _number_of(cell: Any) -> Callable[[], float]:
    """A function that reads a cell: through a view of the host's memory, or as a copy from a GPU."""
    return cell.numpy().item if is_cpu(cell.device) else lambda: cell.numpy().item()


def _reader(metric: Any) -> Any:
    """A function that reads the metric's result as a number; a dict of them for CompiledMetrics."""
    if isinstance(metric, CompiledMetrics):
        return {name: _reader(part) for name, part in metric.by_name().items()}
    if getattr(metric.result, "__func__", None) is not Mean.result:
        return lambda: results.as_number(metric.result())
    total, count = (_number_of(v._tensor) for v in (metric.total, metric.count))

    def mean() -> float:
        n: float = count()
        return total() / n if n else 0.0

    return mean
