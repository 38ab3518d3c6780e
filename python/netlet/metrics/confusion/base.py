"""Confusion: base of the metrics that count true and false positives and negatives by threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import _core, config, ops
from netlet.losses.arrays import as_tensor, is_leading, match_ranks

from ..metric import Metric
from .thresholds import ALL_POSITIVE, spacing_of

_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class Confusion(Metric):
    """Base of metrics whose state is counts by threshold: a prediction above the threshold is positive.

    One pass over a batch updates the counts of all thresholds (`csrc/ops/metric/confusion_args.h`). The counts are
    float64 Variables, so they are exact however long the epoch is. A target is positive if it is not 0.

    Args:
        thresholds: list of numbers.
        counts: which of "true_positives", "false_positives", "true_negatives" and "false_negatives" are needed, in the
            order of the metric's variables.
        spacing: see `thresholds.spacing_of`; None to find out.
        name: key in the logs; None (the default): "confusion", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
    """

    def __init__(
        self,
        thresholds: list[float],
        counts: tuple[str, ...] = _COUNTS,
        spacing: str | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        self._counted = counts
        self._cells: dict[str, Any] = {}  # the Variable of each count
        self._order = np.argsort(thresholds, kind="stable").astype("int32")
        self._sorted = np.asarray(thresholds, "float64")[self._order]
        self._spacing = spacing or spacing_of(thresholds)

    def _add_counts(self, labels: int | None = None, name: str | None = None) -> None:
        """Adds the variables: one number per threshold, or with `labels`, per threshold and label.

        Args:
            labels: number of labels that are counted by themselves.
            name: name of the only variable, if not that of its count.
        """
        shape = (len(self._order),) if labels is None else (len(self._order), labels)
        for count in self._counted:
            variable = self.add_variable(shape, "zeros", "float64", name=name or count)
            setattr(self, variable.name, variable)
            self._cells[count] = variable

    def _add_batch(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        label_weights: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        """Adds a batch to the counts.

        Args:
            y_true: targets, 0 for negative.
            y_pred: predictions, y_true's shape.
            sample_weight: a number, one per sample, or a shape that broadcasts to y_pred's; None for 1.
            label_weights: (labels,), for the last axis.
            top_k: only the k largest predictions of the last axis are positive.
            class_id: only this index of the last axis counts.

        Raises:
            ValueError: shapes that do not fit, or a class without a place in y_pred.
        """
        # As in Keras, predictions, targets and weights are compared and multiplied in this dtype.
        dtype = "float64" if self.dtype == "float64" else config.floatx()
        y_pred, y_true = match_ranks(as_tensor(y_pred, dtype), as_tensor(y_true, dtype))
        self._check_same_shape(y_true, y_pred)
        if top_k is not None:
            y_pred = _only_top(y_pred, top_k)
        if class_id is not None:
            y_true, y_pred = self._of_class(y_true, class_id), self._of_class(y_pred, class_id)
        tp, fp, tn, fn = (self._cells[count]._tensor if count in self._cells else None for count in _COUNTS)
        _core.accumulate_confusion(
            y_true,
            y_pred,
            None if sample_weight is None else self._weights(as_tensor(sample_weight, dtype), tuple(y_pred.shape)),
            label_weights,
            self._sorted,
            self._order,
            tp,
            fp,
            tn,
            fn,
            spacing=self._spacing,
            by_label=any(len(v.shape) > 1 for v in self._cells.values()),
        )

    def _of_class(self, values: Any, class_id: int) -> Any:
        shape = tuple(values.shape)
        if len(shape) < 2:
            raise self._error("y_pred of shape (num_samples, num_classes), for class_id", f"shape {shape}")
        if not -shape[-1] <= class_id < shape[-1]:
            raise self._error(f"class_id below {shape[-1]}, the number of classes", str(class_id))
        return _core.getitem(values, (Ellipsis, slice(class_id, class_id + 1 or None)))

    def _weights(self, weight: Any, shape: tuple[int, ...]) -> Any:
        """The weights in a shape that the kernel accepts: leading axes of `shape`, then axes of size 1."""
        given = tuple(weight.shape)
        if len(given) != len(shape):  # one weight per sample
            weight = _core.reshape(weight, (*given, 1))
        if is_leading(tuple(weight.shape), shape):
            return weight
        try:
            return _core.broadcast_to(weight, shape)
        except ValueError:
            raise self._error(f"sample_weight that broadcasts to y_pred's shape {shape}", f"{given}") from None

    def _scalar_if_one(self, values: Any) -> Any:
        """One number per threshold; a scalar if there is one threshold."""
        return ops.copy(values[0] if len(self._order) == 1 else values)


def share(part: Any, rest: Any) -> Any:
    """Returns part / (part + rest), and 0 where both are 0.

    >>> share(np.array([3.0, 0.0]), np.array([1.0, 0.0])).numpy()
    array([0.75, 0.  ])
    """
    return ops.divide_no_nan(part, ops.add(part, rest))


def _only_top(values: Any, k: int) -> Any:
    """The k largest values of the last axis; the others become a number below all thresholds."""
    _, best = ops.top_k(values, k)
    chosen = ops.sum(ops.one_hot(best, values.shape[-1], dtype="int32"), axis=-2)
    return ops.where(ops.greater(chosen, 0), values, ALL_POSITIVE)
