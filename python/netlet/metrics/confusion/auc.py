"""AUC: the area under a curve that the thresholds trace out."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet import config, ops
from netlet.losses.arrays import as_tensor
from netlet.saving.serialization import deserialize_object

from .base import Confusion, share
from .thresholds import inner_thresholds, spacing_of

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(Confusion):
    """Area under the ROC or the precision-recall curve, approximated by a sum over thresholds.

    ROC: recall, TP / (TP + FN), over the false positive rate, FP / (FP + TN). PR: precision, TP / (TP + FP), over
    recall. PRGAIN: precision gain over recall gain (Flach & Kull 2015).

    `update_state` takes targets (positive if not 0) and predictions in [0, 1] (or logits), (batch,) or (batch, labels),
    and sample_weight (None, or weights of the samples).

    Args:
        num_thresholds: number of thresholds, evenly spaced from 0 to 1, at least 2; 200 by default.
        curve: "ROC" (default), "PR" or "PRGAIN".
        summation_method: "interpolation" (default): trapezoids; for PR, the interpolation of Davis & Goadrich 2006.
            "minoring", "majoring": the smaller or the larger height of each step.
        name: key in the logs; None (the default): "auc", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.
        thresholds: thresholds inside of (0, 1), in place of `num_thresholds`; two beyond 0 and 1 are added. None by
            default.
        multi_label: whether each label, an index of the last axis, has its own curve; the result is then the mean of
            the areas. Else all labels are counted together. False by default.
        num_labels: number of labels, for `multi_label`; default: that of the first batch.
        label_weights: (labels,), non-negative: weights of the labels in the mean, or, without `multi_label`, in the
            counts. Default 1.
        from_logits: whether predictions are logits: their sigmoid is compared with the thresholds; False by default.

    Raises:
        ValueError: an unknown curve or summation, too few thresholds, `num_labels` without `multi_label`.

    Source: Keras 3 `keras.metrics.AUC`.

    >>> m = AUC(num_thresholds=3)
    >>> m.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    >>> float(m.result())
    0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1. Received: num_thresholds={num_thresholds}"
            )
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        inner = inner_thresholds(num_thresholds) if thresholds is None else sorted(map(float, thresholds))
        even = thresholds is None or spacing_of([0.0, *inner, 1.0]) == "even"
        # Beyond 0 and 1, so that rounding leaves no prediction outside.
        ends = 0.0 - config.epsilon(), 1.0 + config.epsilon()
        spacing = "even_beyond" if even else "any"
        super().__init__([ends[0], *inner, ends[1]], spacing=spacing, name=name, dtype=dtype)
        self.num_thresholds = len(self.thresholds)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation method", summation_method, _SUMMATIONS)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, self.dtype)
        self._from_logits = from_logits
        self._init_from_thresholds = thresholds is not None
        if not multi_label or num_labels:
            self._add_counts(num_labels)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = as_tensor(y_pred)
        if self.multi_label:
            self._check_labels(tuple(y_pred.shape))
        if self._from_logits:
            y_pred = ops.sigmoid(y_pred)
        weights = None if self.multi_label else self.label_weights
        self._add_batch(y_true, y_pred, sample_weight, label_weights=weights)

    def _check_labels(self, shape: tuple[int, ...]) -> None:
        """Checks the shape of the predictions of several labels; adds the variables at the first batch."""
        if len(shape) != 2:
            raise self._error("y_pred of rank 2, (samples, labels), for multi_label=True", f"shape {shape}")
        if not self._cells:
            self._add_counts(shape[1])
        labels = self._cells["true_positives"].shape[1]
        if shape[1] != labels:
            raise self._error(f"y_pred with {labels} labels", f"shape {shape}")

    def result(self) -> Any:
        if not self._cells:
            raise self._error("update_state before result, for multi_label=True", "none")
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._total(self._pr_increments())
        x, y = self._curve_points()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = ops.divide(ops.add(left, right), 2.0)
        else:
            heights = (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)
        return self._total(ops.multiply(ops.subtract(x[:-1], x[1:]), heights))

    def _curve_points(self) -> tuple[Any, Any]:
        tp, fp, tn, fn = (cell.value for cell in self._cells.values())
        recall = share(tp, fn)
        if self.curve == "ROC":
            return share(fp, tn), recall
        if self.curve == "PR":
            return recall, share(tp, fp)
        scale = ops.divide_no_nan(ops.add(tp, fn), ops.add(tn, fp))
        none = ops.equal(tp, 0.0)
        gains = (ops.subtract(1.0, ops.multiply(scale, ops.divide_no_nan(wrong, tp))) for wrong in (fn, fp))
        recall_gain, precision_gain = gains
        # Without true positives the gains diverge. A recall below that of a constant decision counts as 0.
        return ops.maximum(ops.where(none, 0.0, recall_gain), 0.0), ops.where(none, 1.0, precision_gain)

    def _pr_increments(self) -> Any:
        """Areas between thresholds, where true and false positives, not their ratio, are interpolated linearly.

        With P = TP + FP, TP = a + s P between two thresholds; the integral of TP / P over TP / (TP + FN) is
        s (dTP + a log(P_left / P_right)) / (TP + FN). (Davis & Goadrich 2006)
        """
        tp, fp, _, fn = (cell.value for cell in self._cells.values())
        p = ops.add(tp, fp)
        dtp = ops.subtract(tp[:-1], tp[1:])
        slope = ops.divide_no_nan(dtp, ops.maximum(ops.subtract(p[:-1], p[1:]), 0.0))
        intercept = ops.subtract(tp[1:], ops.multiply(slope, p[1:]))
        both = ops.logical_and(ops.greater(p[:-1], 0.0), ops.greater(p[1:], 0.0))
        ratio = ops.where(both, ops.divide_no_nan(p[:-1], ops.maximum(p[1:], 0.0)), 1.0)
        area = ops.multiply(slope, ops.add(dtp, ops.multiply(intercept, ops.log(ratio))))
        return ops.divide_no_nan(area, ops.maximum(ops.add(tp[1:], fn[1:]), 0.0))

    def _total(self, increments: Any) -> Any:
        """The sum over thresholds; with several labels, the weighted mean of their sums."""
        total = ops.sum(increments, axis=0)
        if not self.multi_label:
            return total
        if self.label_weights is None:
            return ops.mean(total)
        weights = self.label_weights.astype("float64")
        return ops.divide_no_nan(ops.sum(ops.multiply(total, weights)), weights.sum())

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
        }
        if self._init_from_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AUC:
        return cls(**deserialize_object(config))  # Keras stores label_weights as a tensor


def _one_of(what: str, given: Any, names: tuple[str, ...]) -> str:
    """The name of a choice, given in any of the spellings name, NAME and Name."""
    for name in names:
        if given in (name, name.lower(), name.capitalize()):
            return name
    raise ValueError(f'Invalid AUC {what} value: "{given}". Expected values are {list(names)}')
