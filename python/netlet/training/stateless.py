"""The loss of a batch as a function of the values of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlet.engine.stateless_scope import StatelessScope


class StatelessLoss:
    """The part of Trainer with `stateless_compute_loss`."""

    def stateless_compute_loss(
        self: Any,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Sequence[Any], list[Any], list[Any]]]:
        """The loss of a batch with given values of the model's variables, which it leaves unchanged.

        Args:
            trainable_variables, non_trainable_variables, metrics_variables: values of the model's variables of these
                names, in their order.
            x: inputs of the batch; unused unless `compute_loss` is overridden.
            y: targets of the batch, (N, ...), or a structure of them; None (the default) for a model whose layers add
                all losses.
            y_pred: outputs of the model for the batch, (N, ...), or a structure of them.
            sample_weight: factors of the samples' losses; None by default.
            training: whether the batch is trained on; True by default.

        Returns:
            (loss, (trainable_variables, values of non_trainable_variables, values of metrics_variables)).

        Raises:
            ValueError: another number of values than variables; the model has no loss.
        """
        own = [*self.trainable_variables, *self.non_trainable_variables, *self.metrics_variables]
        given = [*trainable_variables, *non_trainable_variables, *metrics_variables]
        if len(own) != len(given):
            raise ValueError(f"stateless_compute_loss: expected {len(own)} values of variables, received {len(given)}.")
        with StatelessScope(zip(own, given, strict=True)) as scope:
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=training)
        rest = [
            [scope.get_current_value(v) for v in vs] for vs in (self.non_trainable_variables, self.metrics_variables)
        ]
        return loss, (trainable_variables, rest[0], rest[1])
