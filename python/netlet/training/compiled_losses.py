"""The losses of `compile`, matched with the model's outputs once these are known."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, metrics
from netlet.base.tree import flatten

from .compiled_metrics import BY_SHAPE
from .outputs import per_output, spread, spread_weights

__all__ = ["CompiledLoss", "check_compile_arguments", "spread"]


def check_compile_arguments(loss: Any, loss_weights: Any, plain: Any, weighted: Any) -> None:
    """Checks the arguments of `compile` that could otherwise fail only in the first step.

    Args:
        loss: a loss, or a list or dict of losses.
        loss_weights: a number, or a list or dict of numbers.
        plain: the argument `metrics`.
        weighted: the argument `weighted_metrics`.

    Raises:
        ValueError: an unknown name (the message names the nearest known one), or something that is not a loss, metric
            or number.
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
    """A Loss for a name, a function or a Loss; ValueError for anything else."""
    found = losses.get(spec)
    if isinstance(found, losses.Loss):
        return found
    if not callable(found):
        raise ValueError(f"compile(loss=): expected a name, a Loss or a function, received {found!r}.")
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", type(found).__name__))


class CompiledLoss:
    """The losses of all outputs, weighted and summed.

    Args:
        loss: a loss for all outputs, a list in their order, or a dict by output name. An output may have None.
        loss_weights: factors of the losses in the sum, in the same form; 1 by default.
        output_names: names of the outputs, in their order.

    Attributes:
        losses: a Loss or None for each output.
        weights: a factor for each output.
        names: names of the outputs.
        shapes: shape of each output with the batch axis; None before the first call.
        outputs: indices of the outputs that have a loss.

    Raises:
        ValueError: an unknown output name, or another number of losses than outputs.
    """

    def __init__(self, loss: Any, loss_weights: Any, output_names: list[str]) -> None:
        single = isinstance(loss, (list, tuple)) and len(output_names) == 1
        specs = [s for s in loss if s is not None] if single else per_output(loss, output_names, "loss")
        if len(specs) != len(output_names):
            raise ValueError(f"compile(loss=): expected losses for {len(output_names)} outputs, received {len(specs)}.")
        self.losses = [None if s is None else _loss(s) for s in specs]
        weights = [1.0] * len(specs) if loss_weights is None else per_output(loss_weights, output_names, "loss_weights")
        self.weights = [1.0 if w is None else float(w) for w in weights]
        self.names = output_names
        self.shapes: list[tuple[int, ...] | None] = [None] * len(output_names)  # set by the first call
        self.outputs = [i for i, f in enumerate(self.losses) if f is not None]  # with a loss
        tracked = self.outputs if len(self.outputs) > 1 else []
        self._tracked = {i: metrics.Mean(name=f"{output_names[i]}_loss") for i in tracked}

    @property
    def trackers(self) -> list[metrics.Mean]:
        """The mean of each output's loss, where several outputs have one; else an empty list."""
        return list(self._tracked.values())

    def wants_integer_labels(self, output: int) -> bool:
        """Whether the loss of the output with this index takes class indices as integers."""
        f = self.losses[output] if output < len(self.losses) else None
        return f is not None and f.wants_integer_labels

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> _core.Tensor | None:
        """The weighted sum of the outputs' losses for one batch. Also updates `trackers`.

        Args:
            y_true: targets: one array, a list, or a dict by output name.
            y_pred: outputs of the model.
            sample_weight: one array for all outputs, a list, a dict by output name, or None.

        Returns:
            A scalar Tensor; None if no output has a loss.

        Raises:
            ValueError: an output with a loss has no y.
        """
        preds = flatten(y_pred)
        trues = spread(y_true, self.names, len(preds), self.outputs)
        weights = spread_weights(sample_weight, self.names, len(preds), self.outputs)
        total = None
        for i, (f, t, p, w) in enumerate(zip(self.losses, trues, preds, weights)):
            if f is None:
                continue
            if t is None:
                raise ValueError(f"Loss of output '{self.names[i]}': expected y, received none.")
            self.shapes[i] = tuple(p.shape)
            value = f(t, p, sample_weight=w)
            if i in self._tracked:
                self._tracked[i].update_state(value, sample_weight=float(p.shape[0]))
            if self.weights[i] != 1.0:
                value = _core.multiply(value, self.weights[i])
            total = value if total is None else _core.add(total, value)
        return total
