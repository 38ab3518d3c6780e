"""The losses of `compile`, matched with the model's outputs once these are known."""

from __future__ import annotations

from typing import Any

from netlet import _core, losses, metrics
from netlet.base.tree import flatten, pack_like
from netlet.config import FLOATS

from .by_shape import ACCURACY, CROSSENTROPY, is_name, kind_of
from .loss_terms import loss_terms, to_loss, to_weight
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
            to_loss(spec)
    for weight in flatten(loss_weights):
        to_weight(weight)
    for argument, given in (("metrics", plain), ("weighted_metrics", weighted)):
        for spec in flatten(given):
            if spec is None or is_name(spec, ACCURACY + CROSSENTROPY):
                continue
            if not callable(found := metrics.get(spec)):
                raise ValueError(f"compile({argument}=): expected names, metrics or functions, received {found!r}.")


class CompiledLoss:
    """The losses of all outputs, weighted and summed.

    Args:
        loss: losses in a form of `loss_terms`. "crossentropy" and "ce" mean the loss that fits the shapes of the first
            call.
        loss_weights: factors of the losses in the sum, in a form of `loss_terms`; 1 by default.
        outputs: the outputs.

    Attributes:
        names: names of the outputs.
        shapes: shape of each output with the batch axis; None before the first call.
        outputs: indices of the outputs that have a loss.

    Raises:
        ValueError: an unknown output name, or another structure than that of the outputs.
    """

    def __init__(self, loss: Any, loss_weights: Any, outputs: Outputs) -> None:
        self._terms = loss_terms(loss, loss_weights, outputs)
        self._matching = outputs
        self.names = outputs.names
        self.shapes: list[tuple[int, ...] | None] = [None] * len(outputs)  # set by the first call
        self.outputs = sorted({i for term in self._terms for i in term.outputs})
        tracked = self._terms if len(self._terms) > 1 else []
        self.trackers = [metrics.Mean(name=f"{term.label}_loss") for term in tracked]

    def __len__(self) -> int:
        return len(self.names)

    def label_loss(self, output: int) -> Any:
        """The loss of the output with this index that takes class indices as integers; None if there is none.

        Before the first call it may be a name, such as "crossentropy".
        """
        for term in self._terms:
            wants = isinstance(term.loss, str) or term.loss.wants_integer_labels
            if wants and term.path == self._matching.paths[output]:
                return term.loss
        return None

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
            ValueError: an output with a loss has no y.
        """
        preds, trues = flatten(y_pred), self.targets(y_true)
        weights = self._matching.match_weights(sample_weight, self.outputs)
        y_true = pack_like(y_pred, trues)
        self.shapes = [tuple(p.shape) for p in preds]
        total = None
        for k, term in enumerate(self._terms):
            for i in term.outputs:
                if trues[i] is None:
                    raise ValueError(f"Loss of output '{self.names[i]}': expected y, received none.")
            t, p = term.find(y_true), term.find(y_pred)
            if isinstance(term.loss, str):
                term.loss = losses.get(f"{kind_of(t, p)}Crossentropy")
            value = term.loss(t, p, sample_weight=weights[term.outputs[0]])
            if self.trackers:
                self.trackers[k].update_state(value, sample_weight=float(preds[term.outputs[0]].shape[0]))
            if value.dtype not in FLOATS:
                value = _core.cast(value, "float32")  # a loss with a dtype for storage
            if term.weight != 1.0:
                value = _core.multiply(value, term.weight)
            total = value if total is None else _core.add(total, value)
        return total
