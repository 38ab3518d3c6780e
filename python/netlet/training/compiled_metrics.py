"""CompiledMetrics: the metrics of `compile`, as one metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlet import metrics
from netlet.base.tree import flatten
from netlet.metrics.metric import Metric

from .by_shape import ACCURACY, CROSSENTROPY, is_name, kind_of
from .outputs import Outputs


class CompiledMetrics(Metric):
    """The `metrics` and `weighted_metrics` of `compile`, as one metric of the model.

    The first `update_state` makes the single metrics, since "accuracy" depends on the shapes of y. Before it there are
    no variables and no results.

    Args:
        plain: the argument `metrics`.
        weighted: the argument `weighted_metrics`.
        outputs_of: function that returns the Outputs for the structure y_pred.

    Attributes:
        names: names of the outputs; empty before the first `update_state`.
    """

    def __init__(self, plain: Any, weighted: Any, outputs_of: Callable[[Any], Outputs]) -> None:
        super().__init__(name="compile_metrics")
        self._plain, self._weighted, self._outputs_of = plain, weighted, outputs_of
        self._metrics = []  # set by `build`; without this line, Metrics among the arguments would count
        self.names: list[str] = []
        self._matching: Outputs | None = None
        # (output index, metric, whether it takes sample weights, name in the logs) of each single metric.
        self._parts: tuple[tuple[int, Metric, bool, str], ...] | None = None

    @property
    def metrics(self) -> list[Metric]:
        """The single metrics; empty before the first `update_state`."""
        return list(self._metrics)

    def reset_state(self) -> None:
        """Resets the single metrics."""
        for m in self.metrics:
            m.reset_state()

    def by_name(self) -> dict[str, Metric]:
        """The single metrics by their names in the logs."""
        return {name: m for _, m, _, name in self._parts or ()}

    def result(self) -> dict[str, Any]:
        """The results of the single metrics by their names in the logs."""
        return {name: m.result() for name, m in self.by_name().items()}

    def build(self, y_true: Any, y_pred: Any, outputs: list[int] | None = None) -> None:
        """Makes the single metrics from names and shapes. Only the first call does; if it raises, nothing changes.

        Args:
            y_true: targets in a form of `Outputs.match_arrays`.
            y_pred: outputs of the model.
            outputs: indices of the outputs with a loss; y may hold these alone.

        Raises:
            ValueError: an output with a metric has no y; an unknown output name.
        """
        if self._parts is not None:
            return
        matching = self._outputs_of(y_pred)
        names, preds = matching.names, flatten(y_pred)
        trues = matching.match_arrays(y_true, "y", outputs)
        taken: dict[str, int] = {}  # name -> number of metrics that have it so far
        parts = []
        for argument, given in (("metrics", self._plain), ("weighted_metrics", self._weighted)):
            for i, spec in _specs(given, matching, argument):
                if trues[i] is None:
                    raise ValueError(f"compile({argument}=): expected y for output '{names[i]}', received none.")
                metric = _resolve(spec, trues[i], preds[i])
                output = f"{names[i]}_" if len(names) > 1 and matching.known else ""
                name = output + metric.name
                weighs = argument == "weighted_metrics"
                if weighs and name in taken:
                    name = f"{output}weighted_{metric.name}"
                count = taken.get(name, 0)
                taken[name] = count + 1
                parts.append((i, metric, weighs, f"{name}_{count}" if count else name))
        self.names, self._matching, self._metrics = names, matching, [m for _, m, _, _ in parts]
        self._parts = tuple(parts)

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, outputs: list[int] | None = None
    ) -> None:
        """Updates all metrics with one batch.

        Args:
            y_true: targets in a form of `Outputs.match_arrays`.
            y_pred: outputs of the model.
            sample_weight: for `weighted_metrics`: one array for all outputs, arrays as for y_true, or None.
            outputs: indices of the outputs with a loss; y may hold these alone.
        """
        self.build(y_true, y_pred, outputs)
        assert self._matching is not None
        preds, trues = flatten(y_pred), self._matching.match_arrays(y_true, "y", outputs)
        weights = self._matching.match_weights(sample_weight, outputs)
        for i, metric, weighs, _ in self._parts or ():
            if trues[i] is not None:
                metric.update_state(trues[i], preds[i], sample_weight=weights[i] if weighs else None)

    def get_config(self) -> dict[str, Any]:
        """Raises NotImplementedError: the model's file holds the arguments of `compile`."""
        raise NotImplementedError("CompiledMetrics has no config: the metrics of `compile` are saved with the model.")


def _specs(given: Any, outputs: Outputs, argument: str) -> list[tuple[int, Any]]:
    """List of (output index, metric as the user gave it); all metrics of a structure are those of a single output."""
    if not given:
        return []
    parts = [given] if len(outputs) == 1 else outputs.match(given, f"compile({argument}=)")
    return [(i, item) for i, part in enumerate(parts) for item in flatten(part) if item is not None]


def _resolve(spec: Any, y_true: Any, y_pred: Any) -> Metric:
    """A Metric for what the user wrote; "accuracy" and "crossentropy" become the metric that fits the shapes."""
    if isinstance(spec, Metric):
        return spec
    for names, suffix in ((ACCURACY, "Accuracy"), (CROSSENTROPY, "Crossentropy")):
        if is_name(spec, names):
            return getattr(metrics, kind_of(y_true, y_pred) + suffix)(name=spec)
    found = metrics.get(spec)
    if isinstance(found, Metric):
        if isinstance(spec, str):
            found.name = spec  # "mse" is logged as "mse", as in Keras
        return found
    name = spec if isinstance(spec, str) else getattr(found, "__name__", type(found).__name__)
    return metrics.MeanMetricWrapper(found, name=name)
