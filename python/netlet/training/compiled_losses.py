"""What `compile` was given for losses, resolved against the model's outputs once these are known."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, metrics
from netlet.base.tree import flatten

from .compiled_metrics import BY_SHAPE
from .outputs import per_output, spread, spread_weights

__all__ = ["CompiledLoss", "check_compile_arguments", "spread"]


def check_compile_arguments(loss: Any, loss_weights: Any, plain: Any, weighted: Any) -> None:
    """Refuses what could only fail later: unknown names, things that are no loss, metric or number.

    Raises:
        ValueError: with the nearest known name, or with what was received.
    """
    for spec in flatten(loss):
        if spec is not None:
            _loss(spec)
    for weight in flatten(loss_weights):
        if weight is not None and (isinstance(weight, bool) or not hasattr(type(weight), "__float__")):
            raise ValueError(f"compile(loss_weights=): expected numbers, received {weight!r}.")
    for argument, given in (("metrics", plain), ("weighted_metrics", weighted)):
        for spec in flatten(given):
            if spec is None or (isinstance(spec, str) and spec in BY_SHAPE):
                continue
            if not callable(found := metrics.get(spec)):
                raise ValueError(f"compile({argument}=): expected names, metrics or functions, received {found!r}.")


def _loss(spec: Any) -> losses.Loss:
    """A Loss for a name, a function or a Loss."""
    found = losses.get(spec)
    if isinstance(found, losses.Loss):
        return found
    if not callable(found):
        raise ValueError(f"compile(loss=): expected a name, a Loss or a function, received {found!r}.")
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", type(found).__name__))


class CompiledLoss:
    """The losses of all outputs, weighted and summed."""

    def __init__(self, loss: Any, loss_weights: Any, output_names: list[str]) -> None:
        single = isinstance(loss, (list, tuple)) and len(output_names) == 1
        specs = [s for s in loss if s is not None] if single else per_output(loss, output_names, "loss")
        if len(specs) != len(output_names):
            raise ValueError(f"compile(loss=): {len(specs)} losses given for {len(output_names)} outputs.")
        self.losses = [None if s is None else _loss(s) for s in specs]
        weights = [1.0] * len(specs) if loss_weights is None else per_output(loss_weights, output_names, "loss_weights")
        self.weights = [1.0 if w is None else float(w) for w in weights]
        self.names = output_names
        self.shapes: list[tuple[int, ...] | None] = [None] * len(output_names)  # of each output, once it is known
        self.outputs = [i for i, f in enumerate(self.losses) if f is not None]  # those with a loss
        tracked = self.outputs if len(self.outputs) > 1 else []
        self._tracked = {i: metrics.Mean(name=f"{output_names[i]}_loss") for i in tracked}

    @property
    def trackers(self) -> list[metrics.Mean]:
        """The means of the outputs' losses, where several outputs have one."""
        return list(self._tracked.values())

    def wants_integer_labels(self, output: int) -> bool:
        f = self.losses[output] if output < len(self.losses) else None
        return f is not None and f.wants_integer_labels

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> _core.Tensor | None:
        """The weighted sum over the outputs, or None where no output has a loss."""
        preds = flatten(y_pred)
        trues = spread(y_true, self.names, len(preds), self.outputs)
        weights = spread_weights(sample_weight, self.names, len(preds), self.outputs)
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
