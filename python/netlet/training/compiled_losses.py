"""The losses of `compile`, matched with the model's outputs once these are known."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, metrics
from netlet.base.tree import flatten
from netlet.config import FLOATS

from .by_shape import ACCURACY, CROSSENTROPY, is_name, kind_of
from .outputs import Outputs


def check_compile_arguments(loss: Any, loss_weights: Any, plain: Any, weighted: Any) -> None:
    """Checks the arguments of `compile` that could otherwise fail only in the first step.

    Args:
        loss: a loss, or a structure of losses.
        loss_weights: a number, or a structure of numbers.
        plain: the argument `metrics`.
        weighted: the argument `weighted_metrics`.

    Raises:
        ValueError: an unknown name (the message names the nearest known one), or something that is not a loss, metric
            or number.
    """
    for spec in flatten(loss):
        if spec is not None and not is_name(spec, CROSSENTROPY):
            _loss(spec)
    for weight in flatten(loss_weights):
        _weight(weight)
    for argument, given in (("metrics", plain), ("weighted_metrics", weighted)):
        for spec in flatten(given):
            if spec is None or is_name(spec, ACCURACY + CROSSENTROPY):
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
    name = spec if isinstance(spec, str) else getattr(found, "__name__", type(found).__name__)
    return losses.LossFunctionWrapper(found, name=name)


def _weight(spec: Any) -> float:
    """The factor of a loss: 1 for None; ValueError for anything that is not a number."""
    if spec is None:
        return 1.0
    try:
        if isinstance(spec, (str, bool)):
            raise TypeError
        return float(spec)
    except (TypeError, ValueError):
        raise ValueError(f"compile(loss_weights=): expected numbers, received {spec!r}.") from None


class CompiledLoss:
    """The losses of all outputs, weighted and summed.

    Args:
        loss: a loss for all outputs, or losses in a form of `Outputs.match`. An output may have None. "crossentropy"
            and "ce" mean the loss that fits the shapes of the first call.
        loss_weights: factors of the losses in the sum, in the same form; 1 by default.
        outputs: the outputs.

    Attributes:
        losses: a Loss or None for each output; also a name that the first call has not resolved yet.
        weights: a factor for each output.
        names: names of the outputs.
        shapes: shape of each output with the batch axis; None before the first call.
        outputs: indices of the outputs that have a loss.

    Raises:
        ValueError: an unknown output name, or another structure than that of the outputs.
    """

    def __init__(self, loss: Any, loss_weights: Any, outputs: Outputs) -> None:
        specs = outputs.match_one(loss, "compile(loss=)")
        self.losses: list[Any] = [s if s is None or is_name(s, CROSSENTROPY) else _loss(s) for s in specs]
        self.weights = [_weight(w) for w in _weights(loss_weights, outputs)]
        self.names = outputs.names
        self.shapes: list[tuple[int, ...] | None] = [None] * len(outputs)  # set by the first call
        self.outputs = [i for i, f in enumerate(self.losses) if f is not None]  # with a loss
        tracked = self.outputs if len(self.outputs) > 1 else []
        self._tracked = {i: metrics.Mean(name=f"{outputs.labels[i]}_loss") for i in tracked}
        self._matching = outputs

    @property
    def trackers(self) -> list[metrics.Mean]:
        """The mean of each output's loss, where several outputs have one; else an empty list."""
        return list(self._tracked.values())

    def wants_integer_labels(self, output: int) -> bool:
        """Whether the loss of the output with this index takes class indices as integers, as far as is known."""
        f = self.losses[output] if output < len(self.losses) else None
        return isinstance(f, str) or (f is not None and f.wants_integer_labels)

    def targets(self, y: Any) -> list[Any]:
        """The targets as one array or None for each output; see `Outputs.match_arrays`."""
        return self._matching.match_arrays(y, "y", self.outputs)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> _core.Tensor | None:
        """The weighted sum of the outputs' losses for one batch. Also updates `trackers`.

        Args:
            y_true: targets: one array, or arrays in a form of `Outputs.match_arrays`.
            y_pred: outputs of the model.
            sample_weight: one array for all outputs, arrays in the same form as y_true, or None.

        Returns:
            A scalar Tensor; None if no output has a loss.

        Raises:
            ValueError: an output with a loss has no y; a loss that returns more than one number.
        """
        preds, trues = flatten(y_pred), self.targets(y_true)
        weights = self._matching.match_weights(sample_weight, self.outputs)
        total = None
        for i, (f, t, p, w) in enumerate(zip(self.losses, trues, preds, weights)):
            if f is None:
                continue
            if t is None:
                raise ValueError(f"Loss of output '{self.names[i]}': expected y, received none.")
            if isinstance(f, str):
                f = self.losses[i] = losses.get(f"{kind_of(t, p)}Crossentropy")
            self.shapes[i] = tuple(p.shape)
            value = f(t, p, sample_weight=w)
            if i in self._tracked:
                self._tracked[i].update_state(value, sample_weight=float(p.shape[0]))
            if value.dtype not in FLOATS:
                value = _core.cast(value, "float32")  # a loss with a dtype for storage
            if self.weights[i] != 1.0:
                value = _core.multiply(value, self.weights[i])
            total = value if total is None else _core.add(total, value)
        return total


def _weights(loss_weights: Any, outputs: Outputs) -> list[Any]:
    """The factors of the outputs' losses; those of a single output may have any structure, as in Keras."""
    if len(outputs) == 1:
        loss_weights = next((w for w in flatten(loss_weights) if w is not None), None)
    return outputs.match_one(loss_weights, "compile(loss_weights=)")
