"""F-scores: weighted harmonic means of precision and recall, by class."""

from __future__ import annotations

from typing import Any

from netlet import config, ops
from netlet.losses.arrays import as_tensor

from .column_sums import ColumnSums


class FBetaScore(ColumnSums):
    """F-beta score, (1 + beta^2) precision recall / (beta^2 precision + recall), of multi-class or multi-label data.

    `update_state` takes targets, 0 or 1, and predictions (batch, classes), and sample_weight (None or (batch,)).
    `result` is (classes,), or a scalar with `average`.

    Args:
        average: None (the default): one score per class. "macro": their mean. "weighted": their mean weighted by the
            number of targets of the class. "micro": one score of the counts of all classes.
        beta: how many times recall counts as much as precision; a float above 0. 1.0 by default.
        threshold: predictions above it are positive; a float in (0, 1]. None (the default): the largest prediction of
            each sample is.
        name: key in the logs; "fbeta_score" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: an argument or a shape that is not as above.

    Source: Keras 3, `keras.metrics.FBetaScore`.

    >>> m = FBetaScore(beta=2.0, threshold=0.5)
    >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    >>> m.result().round(4).tolist()
    [0.3846, 0.9091, 0.8333]
    """

    _direction = "up"
    _sums = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                "Invalid `average` argument value. Expected one of: {None, 'micro', 'macro', 'weighted'}. "
                f"Received: average={average}"
            )
        _check_float("beta", beta, "It should be > 0.", lambda value: value > 0)
        if threshold is not None:
            _check_float("threshold", threshold, "It should verify 0 < threshold <= 1.", lambda value: 0 < value <= 1)
        self.average, self.beta, self.threshold = average, beta, threshold
        self.axis = None if average == "micro" else 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = as_tensor(y_true, "float64"), as_tensor(y_pred, self.dtype)
        self._prepare(y_true, y_pred, self.axis)
        if self.threshold is None:
            largest = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            chosen = ops.logical_and(largest, ops.greater(ops.abs(y_pred), 1e-9))  # of zeros none is the largest
        else:
            chosen = ops.greater(y_pred, self.threshold)
        positive = ops.cast(chosen, "float64")
        weight = None if sample_weight is None else ops.expand_dims(as_tensor(sample_weight, "float64"), 1)
        products = (
            ops.multiply(positive, y_true),
            ops.multiply(positive, ops.subtract(1.0, y_true)),
            ops.multiply(ops.subtract(1.0, positive), y_true),
            y_true,
        )
        for name, product in zip(self._sums, products, strict=True):
            self._add(name, product if weight is None else ops.multiply(product, weight))

    def result(self) -> Any:
        tp, fp, fn, weights = self._state()
        epsilon = config.epsilon()
        precision = ops.divide(tp, ops.add(ops.add(tp, fp), epsilon))
        recall = ops.divide(tp, ops.add(ops.add(tp, fn), epsilon))
        square = self.beta**2
        mean = ops.divide(
            ops.multiply(precision, recall), ops.add(ops.add(ops.multiply(precision, square), recall), epsilon)
        )
        score = ops.multiply(mean, 1 + square)
        if self.average is None:
            return score
        if self.average == "weighted":
            return ops.sum(ops.multiply(score, ops.divide(weights, ops.add(ops.sum(weights), epsilon))))
        return ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """F1 score, 2 precision recall / (precision + recall), of multi-class or multi-label data.

    `update_state` takes targets, 0 or 1, and predictions (batch, classes), and sample_weight (None or (batch,)).
    `result` is (classes,), or a scalar with `average`.

    Args:
        average: None (the default): one score per class. "macro": their mean. "weighted": their mean weighted by the
            number of targets of the class. "micro": one score of the counts of all classes.
        threshold: predictions above it are positive; a float in (0, 1]. None (the default): the largest prediction of
            each sample is.
        name: key in the logs; "f1_score" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: an argument or a shape that is not as above.

    Source: Keras 3, `keras.metrics.F1Score`.

    >>> m = F1Score(average="macro", threshold=0.5)
    >>> m.update_state([[1, 0], [0, 1], [1, 1]], [[0.9, 0.2], [0.6, 0.7], [0.8, 0.1]])
    >>> round(float(m.result()), 4)
    0.7333
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key != "beta"}


def _check_float(name: str, value: Any, rule: str, holds: Any) -> None:
    if not isinstance(value, float):
        raise ValueError(
            f"Invalid `{name}` argument value. It should be a Python float. Received: {name}={value} of type "
            f"'{type(value)}'"
        )
    if not holds(value):
        raise ValueError(f"Invalid `{name}` argument value. {rule} Received: {name}={value}")
