"""The best value of one ratio, such as sensitivity, among the thresholds where another one is high enough."""

from __future__ import annotations

from typing import Any

from netlet import ops

from .base import Confusion, share
from .thresholds import inner_thresholds


class SensitivitySpecificityBase(Confusion):
    """Base: the largest value of one ratio at the thresholds where another ratio is at least `value`.

    Args:
        value: least value of the constrained ratio, in [0, 1].
        num_thresholds: number of thresholds, evenly spaced from 0 to 1; 1: only 0.5. Default 200.
        class_id: index of the last axis; only this class counts. Default all.
        name: key in the logs; None (the default): "sensitivity_specificity_base", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: `value` outside [0, 1], or no threshold.
    """

    _direction = "up"
    _value: str  # name of the argument `value` in the subclass
    _best: tuple[str, str]  # the ratio to maximize, as (part, rest) of part / (part + rest)
    _constrained: tuple[str, str]

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueError(f"Argument `{self._value}` must be in the range [0, 1]. Received: {self._value}={value}")
        if num_thresholds <= 0:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 0. Received: num_thresholds={num_thresholds}"
            )
        one = num_thresholds == 1
        thresholds = [0.5] if one else [0.0, *inner_thresholds(num_thresholds), 1.0]
        super().__init__(thresholds, spacing="any" if one else "even", name=name, dtype=dtype)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self._value, value)
        self._add_counts()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._add_batch(y_true, y_pred, sample_weight, class_id=self.class_id)

    def result(self) -> Any:
        best, constrained = (share(self._cells[a], self._cells[b]) for a, b in (self._best, self._constrained))
        return ops.max(ops.where(ops.greater_equal(constrained, self.value), best, 0.0))

    def get_config(self) -> dict[str, Any]:
        own = {"class_id": self.class_id, "num_thresholds": self.num_thresholds, self._value: self.value}
        return {**super().get_config(), **own}


_SENSITIVITY = _RECALL = ("true_positives", "false_negatives")
_SPECIFICITY = ("true_negatives", "false_positives")
_PRECISION = ("true_positives", "false_positives")


class SensitivityAtSpecificity(SensitivitySpecificityBase):
    """Best sensitivity, TP / (TP + FN), among the thresholds with at least the given specificity, TN / (TN + FP).

    `update_state` takes targets (positive if not 0) and predictions in [0, 1] of one shape (batch, ...), and
    sample_weight (None, or weights of the samples).

    Args:
        specificity: least specificity, in [0, 1].
        num_thresholds: number of thresholds, evenly spaced from 0 to 1; 1: only 0.5. 200 by default.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "sensitivity_at_specificity", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: `specificity` outside [0, 1], or no threshold; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.SensitivityAtSpecificity`.

    >>> m = SensitivityAtSpecificity(0.5)
    >>> m.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> float(m.result())
    0.5
    """

    _value, _best, _constrained = "specificity", _SENSITIVITY, _SPECIFICITY

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(SensitivitySpecificityBase):
    """Best specificity, TN / (TN + FP), among the thresholds with at least the given sensitivity, TP / (TP + FN).

    `update_state` takes targets (positive if not 0) and predictions in [0, 1] of one shape (batch, ...), and
    sample_weight (None, or weights of the samples).

    Args:
        sensitivity: least sensitivity, in [0, 1].
        num_thresholds: number of thresholds, evenly spaced from 0 to 1; 1: only 0.5. 200 by default.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "specificity_at_sensitivity", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: `sensitivity` outside [0, 1], or no threshold; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.SpecificityAtSensitivity`.

    >>> m = SpecificityAtSensitivity(0.5)
    >>> m.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> round(float(m.result()), 4)
    0.6667
    """

    _value, _best, _constrained = "sensitivity", _SPECIFICITY, _SENSITIVITY

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(SensitivitySpecificityBase):
    """Best precision, TP / (TP + FP), among the thresholds with at least the given recall, TP / (TP + FN).

    `update_state` takes targets (positive if not 0) and predictions in [0, 1] of one shape (batch, ...), and
    sample_weight (None, or weights of the samples).

    Args:
        recall: least recall, in [0, 1].
        num_thresholds: number of thresholds, evenly spaced from 0 to 1; 1: only 0.5. 200 by default.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "precision_at_recall", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: `recall` outside [0, 1], or no threshold; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.PrecisionAtRecall`.

    >>> m = PrecisionAtRecall(0.5)
    >>> m.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> float(m.result())
    0.5
    """

    _value, _best, _constrained = "recall", _PRECISION, _RECALL

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(SensitivitySpecificityBase):
    """Best recall, TP / (TP + FN), among the thresholds with at least the given precision, TP / (TP + FP).

    `update_state` takes targets (positive if not 0) and predictions in [0, 1] of one shape (batch, ...), and
    sample_weight (None, or weights of the samples).

    Args:
        precision: least precision, in [0, 1].
        num_thresholds: number of thresholds, evenly spaced from 0 to 1; 1: only 0.5. 200 by default.
        class_id: index of the last axis; only this class counts. None (the default): all.
        name: key in the logs; None (the default): "recall_at_precision", numbered.
        dtype: dtype or policy, as in `Metric`; None (the default): `config.floatx()`.

    Raises:
        ValueError: `precision` outside [0, 1], or no threshold; when updated: shapes that differ.

    Source: Keras 3, `keras.metrics.RecallAtPrecision`.

    >>> m = RecallAtPrecision(0.8)
    >>> m.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    >>> float(m.result())
    0.5
    """

    _value, _best, _constrained = "precision", _RECALL, _PRECISION

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
