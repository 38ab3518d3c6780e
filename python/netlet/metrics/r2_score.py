"""R2Score: the coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

from netlet import _core, ops
from netlet.losses.arrays import as_tensor, match_ranks

from .column_sums import ColumnSums

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(ColumnSums):
    """Coefficient of determination, 1 - sum((t - p)^2) / sum((t - mean t)^2), of each output.

    The sums are float64, so that their difference stays accurate.

    Args:
        class_aggregation: "uniform_average" (default): mean over outputs. "variance_weighted_average": mean weighted by
            the outputs' variances. None: one score per output.
        num_regressors: number of independent variables, for the adjusted score 1 - (1 - R2) (n - 1) / (n - p - 1);
            default 0, the standard score. n is the number of target values.
        name: key in the logs; "r2_score" by default.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Shapes: targets and predictions (batch, outputs); sample weights (batch,) or (batch, outputs).

    Raises:
        ValueError: an argument or a shape that is not as above.

    Source: Keras 3 `keras.metrics.R2Score`.

    >>> m = R2Score()
    >>> m.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    >>> round(float(m.result()), 4)
    0.5714
    """

    _direction = "up"
    _sums = ("squared_sum", "sum", "residual", "count")

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"Invalid value for argument `class_aggregation`. Expected one of {_AGGREGATIONS}. Received: "
                f"class_aggregation={class_aggregation}"
            )
        if num_regressors < 0:
            raise ValueError(
                "Invalid value for argument `num_regressors`. Expected a value >= 0. Received: "
                f"num_regressors={num_regressors}"
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), "zeros", "float64", name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = match_ranks(as_tensor(y_true, "float64"), as_tensor(y_pred, "float64"))
        self._prepare(y_true, y_pred)
        shape = tuple(y_true.shape)
        weight = as_tensor(1.0 if sample_weight is None else sample_weight, "float64")
        if len(weight.shape) == 1:
            weight = ops.expand_dims(weight, 1)
        weight = ops.broadcast_to(weight, shape)
        weighted = ops.multiply(y_true, weight)
        error = ops.subtract(y_true, y_pred)
        self._add("sum", weighted)
        self._add("squared_sum", ops.multiply(y_true, weighted))
        self._add("residual", ops.multiply(ops.square(error), weight))
        self._add("count", weight)
        self.num_samples.assign_add(float(shape[0] * shape[1]))

    def result(self) -> Any:
        squares, total, residual, count = self._state()
        variation = ops.subtract(squares, ops.multiply(total, ops.divide(total, count)))
        scores = ops.subtract(1.0, ops.divide(residual, variation))
        scores = ops.where(ops.isinf(scores), 0.0, scores)  # equal targets, other predictions
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(ops.multiply(variation, scores)), ops.sum(variation))
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Any) -> Any:
        samples, free = self.num_samples.value, -1.0 - self.num_regressors
        if not _core.recording():
            if float(self.num_samples) + free < 0:
                _warn("More independent predictors than datapoints in adjusted R2 score.")
            elif float(self.num_samples) + free == 0:
                _warn("Division by zero in Adjusted R2 score.")
        free = ops.add(samples, free)
        adjusted = ops.subtract(
            1.0, ops.divide(ops.multiply(ops.subtract(1.0, scores), ops.subtract(samples, 1.0)), free)
        )
        return ops.where(ops.greater(free, 0.0), adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}


def _warn(problem: str) -> None:
    warnings.warn(f"{problem} Falling back to standard R2 score.", stacklevel=4)
