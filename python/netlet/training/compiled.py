"""What `compile` was given for losses and metrics, resolved against the model's outputs once these are known."""

from __future__ import annotations

from typing import Any

from .. import _core, losses, metrics
from ..utils.tree import flatten

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


def _per_output(spec: Any, names: list[str], what: str) -> list[Any]:
    """`spec` spread over the outputs: a dict by output name, a list in order, or one thing for all of them."""
    if isinstance(spec, dict):
        unknown = sorted(set(spec) - set(names))
        if unknown:
            raise ValueError(f"compile({what}=): no output is called {unknown}; the outputs are {names}.")
        return [spec.get(name) for name in names]
    if isinstance(spec, (list, tuple)) and len(names) > 1:
        if len(spec) != len(names):
            raise ValueError(f"compile({what}=): {len(spec)} given for {len(names)} outputs {names}.")
        return list(spec)
    return [spec] * len(names)


class CompiledLoss:
    """The losses of all outputs, weighted and summed."""

    def __init__(self, loss: Any, loss_weights: Any, output_names: list[str]) -> None:
        single = isinstance(loss, (list, tuple)) and len(output_names) == 1
        specs = list(loss) if single else _per_output(loss, output_names, "loss")
        if len(specs) != len(output_names):
            raise ValueError(f"compile(loss=): {len(specs)} losses given for {len(output_names)} outputs.")
        self.losses = [None if s is None else losses.get(s) for s in specs]
        self.losses = [f if f is None or isinstance(f, losses.Loss) else _wrap(f) for f in self.losses]
        weights = (
            [1.0] * len(specs) if loss_weights is None else _per_output(loss_weights, output_names, "loss_weights")
        )
        self.weights = [1.0 if w is None else float(w) for w in weights]
        self.names = output_names
        self.shapes: list[tuple[int, ...] | None] = [None] * len(output_names)  # of each output, once it is known
        # By output, where several have a loss.
        some = [i for i, f in enumerate(self.losses) if f is not None]
        self._tracked = {i: metrics.Mean(name=f"{output_names[i]}_loss") for i in some if len(some) > 1}

    @property
    def trackers(self) -> list[metrics.Mean]:
        """The means of the outputs' losses."""
        return list(self._tracked.values())

    def wants_integer_labels(self, output: int) -> bool:
        f = self.losses[output] if output < len(self.losses) else None
        return f is not None and f.wants_integer_labels

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> _core.Tensor | None:
        """The weighted sum over the outputs, or None where no output has a loss."""
        preds = flatten(y_pred)
        trues = spread(y_true, self.names, len(preds))
        weights = _spread_weights(sample_weight, self.names, len(preds))
        total = None
        for i, (f, t, p, w) in enumerate(zip(self.losses, trues, preds, weights)):
            if f is None:
                continue
            if t is None:
                raise ValueError(f"The loss of output '{self.names[i]}' needs y, and none was given.")
            self.shapes[i] = tuple(p.shape)
            value = f(t, p, sample_weight=w)
            if i in self._tracked:
                self._tracked[i].update_state(value, sample_weight=float(p.shape[0]))
            if self.weights[i] != 1.0:
                value = _core.multiply(value, self.weights[i])
            total = value if total is None else _core.add(total, value)
        return total


def _wrap(fn: Any) -> losses.Loss:
    return losses.LossFunctionWrapper(fn, name=getattr(fn, "__name__", type(fn).__name__))


def spread(value: Any, names: list[str], count: int) -> list[Any]:
    """A leaf for each output, in their order: from a dict by name, a list, or the only one."""
    if isinstance(value, dict):
        return [value.get(n) for n in names]
    leaves = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(leaves) != count:
        raise ValueError(f"Expected {count} arrays, one for each of the outputs {names}; given {len(leaves)}.")
    return leaves


def _spread_weights(sample_weight: Any, names: list[str], count: int) -> list[Any]:
    """Sample weights for each output; one array, or none, is for all of them."""
    if isinstance(sample_weight, (list, tuple, dict)):
        return spread(sample_weight, names, count)
    return [sample_weight] * count


class CompiledMetrics:
    """`metrics` and `weighted_metrics`; built when the outputs' shapes are known, since "accuracy" depends on them."""

    def __init__(self, plain: Any, weighted: Any, output_names: list[str]) -> None:
        self.names = output_names
        self._specs = [(spec, False) for spec in self._per_output(plain, "metrics")]
        self._specs += [(spec, True) for spec in self._per_output(weighted, "weighted_metrics")]
        self._built: list[tuple[int, metrics.Metric, bool, str]] | None = None

    def _per_output(self, spec: Any, what: str) -> list[tuple[int, Any]]:
        if spec is None:
            return []
        if len(self.names) == 1:
            if isinstance(spec, dict):
                spec = _per_output(spec, self.names, what)[0]
            items = flatten(spec) if isinstance(spec, (list, tuple)) else [spec]
            return [(0, item) for item in items if item is not None]
        return [
            (i, item)
            for i, part in enumerate(_per_output(spec, self.names, what))
            for item in (part if isinstance(part, (list, tuple)) else [part])
            if item is not None
        ]

    @property
    def metrics(self) -> list[metrics.Metric]:
        return [m for _, m, _, _ in self._built or []]

    def results(self) -> dict[str, Any]:
        return {name: m.result() for _, m, _, name in self._built or []}

    def log_names(self) -> list[str]:
        return [name for _, _, _, name in self._built or []]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolves names and shapes; the first call decides."""
        if self._built is not None:
            return
        preds = flatten(y_pred)
        trues = spread(y_true, self.names, len(preds))
        built: list[tuple[int, metrics.Metric, bool, str]] = []
        for (i, spec), weighted in self._specs:
            metric = _resolve(spec, trues[i], preds[i])
            output = f"{self.names[i]}_" if len(self.names) > 1 else ""
            name = output + metric.name
            if weighted and name in (other for _, _, _, other in built):
                name = f"{output}weighted_{metric.name}"
            built.append((i, metric, weighted, name))
        self._built = built

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        preds = flatten(y_pred)
        if not self._specs:
            return
        self.build(y_true, y_pred)
        trues = spread(y_true, self.names, len(preds))
        weights = _spread_weights(sample_weight, self.names, len(preds))
        for i, metric, weighted, _ in self._built or []:
            if trues[i] is not None:
                metric.update_state(trues[i], preds[i], sample_weight=weights[i] if weighted else None)


def _resolve(spec: Any, y_true: Any, y_pred: Any) -> metrics.Metric:
    """A Metric for what the user wrote; "accuracy" and "crossentropy" become the kind that fits the shapes."""
    if isinstance(spec, metrics.Metric):
        return spec
    if isinstance(spec, str) and spec in _ACCURACY + _CROSSENTROPY:
        binary = y_pred.shape[-1] == 1
        sparse = len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1] == 1 < y_pred.shape[-1]
        kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
        suffix = "Accuracy" if spec in _ACCURACY else "Crossentropy"
        return getattr(metrics, kind + suffix)(name=spec)
    found = metrics.get(spec)
    if isinstance(found, metrics.Metric):
        if isinstance(spec, str):
            found.name = spec  # "mse" is logged as "mse", as in Keras
        return found
    name = spec if isinstance(spec, str) else getattr(found, "__name__", type(found).__name__)
    return metrics.MeanMetricWrapper(found, name=name)
